// Traffic to a capture file, and its ground truth beside it: streamed, one batch being written while the next is made.
import type { ByteSink } from '../sink/line-buffer.ts';
import { FrameBatch } from './batch.ts';
import type { CaptureFormat } from './capture-format.ts';
import type { Traffic } from './traffic.ts';

const BATCH_BYTES = 1 << 20;
const BATCH_FRAMES = 8192;
const NONE = new Uint8Array(0);

/** Writes all of the traffic and gives the file's size; `truth` may be null. `stop` is asked between batches. */
export async function writeTraffic(
  traffic: Traffic,
  format: CaptureFormat,
  out: ByteSink,
  truth: ByteSink | null,
  stop: () => boolean,
): Promise<number> {
  const batches = [
    new FrameBatch(BATCH_BYTES, BATCH_FRAMES, format.room),
    new FrameBatch(BATCH_BYTES, BATCH_FRAMES, format.room),
  ];
  let bytes = format.header.length;
  // One of the batches is on its way out while the other is filled; a sink never has more than that.
  let written: Promise<unknown> = Promise.resolve(out.write(format.header));
  for (let turn = 0; ; turn ^= 1) {
    const batch = batches[turn] as FrameBatch;
    const more = !stop() && traffic.fill(batch);
    if (more) format.seal(batch);
    const lines = truth === null ? NONE : traffic.activities();
    await written;
    if (!more && lines.length === 0) return bytes;
    written = Promise.all([
      more ? out.write(batch.bytes.subarray(0, batch.end)) : null,
      lines.length === 0 ? null : truth?.write(lines),
    ]);
    // Whoever awaits it sees the error; until then it is not unhandled.
    written.catch(() => undefined);
    if (more) bytes += batch.end;
  }
}
