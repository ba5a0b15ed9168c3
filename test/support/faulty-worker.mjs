// The real worker, but for a defect of shard 0: a slot with a mark in its first bytes makes it fail, in the way the mark says.
import { shard as run } from '../../dist/worker/main.js';
import { Shard } from '../../dist/worker/shard.js';

/** UDP to port 666 with a payload of one byte, which is how it fails. */
const MARK = [0x02, 0x9a, 0, 9];
const PAYLOAD = 6;
const SEARCHED = 200;
const THROW = 1;
const STALL = 3;

let isFaulty = false;
const read = Shard.prototype.read;

Shard.prototype.read = function (slot, sequence, lastFrame) {
  const start = slot.bytes.subarray(0, SEARCHED);
  const at = isFaulty ? start.findIndex((_, index) => MARK.every((byte, offset) => start[index + offset] === byte)) : -1;
  if (at === -1) return read.call(this, slot, sequence, lastFrame);
  if (start[at + PAYLOAD] === THROW) throw new Error('a defect of the decoder\nwith a second line');
  // For ever; the thread can still be ended.
  if (start[at + PAYLOAD] === STALL) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  process.exit(3);
};

export function shard(task) {
  isFaulty = task.settings.shard === 0;
  run(task);
}
