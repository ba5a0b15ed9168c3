// Plays a capture onto an adapter: node bench/live/play.mjs FILE ADAPTER [--rate PACKETS_PER_SECOND] [--seconds S | --times N]
// Without a rate as fast as the adapter takes it. Prints how many packets it sent and in how many seconds, as JSON.
import { parseArgs } from 'node:util';
import { loadBinding } from '../../dist/native/binding.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: 'string' }, seconds: { type: 'string' }, times: { type: 'string' } },
});
const [file, adapter] = positionals;
const rate = values.rate === undefined ? Number.POSITIVE_INFINITY : Number(values.rate);
const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds);
const times = values.times === undefined ? (values.seconds === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(values.times);

const loaded = loadBinding();
if (!('binding' in loaded)) throw new Error(loaded.problem);
const { binding } = loaded;

const bytes = new Uint8Array(1 << 28);
const words = new Uint32Array(bytes.buffer);
const capture = binding.openFile(file);
const starts = [];
for (let at = 0; ; ) {
  const used = binding.readFile(capture, bytes.subarray(at, Math.min(bytes.length, at + (1 << 20))));
  if (used === 0) break;
  for (const end = at + used; at < end; at += (16 + words[(at >> 2) + 2] + 7) & ~7)
    starts.push(at + 16, at + 16 + words[(at >> 2) + 2]);
}
const ranges = Uint32Array.from(starts);
const count = ranges.length / 2;

const BATCH = 64;
const player = binding.openPlayer(adapter);
const total = count * times;
const began = performance.now();
let sent = 0;
let refused = 0;
for (;;) {
  const elapsed = (performance.now() - began) / 1000;
  if (elapsed >= seconds || sent >= total) break;
  const due = Math.min(total, Math.floor(elapsed * rate) + 1) - sent;
  if (due <= 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    continue;
  }
  const from = sent % count;
  const batch = Math.min(due, BATCH, count - from);
  const taken = binding.send(player, bytes, ranges.subarray(from * 2, (from + batch) * 2), batch);
  sent += taken;
  if (taken === batch) continue;
  // The adapter's queue is full; the same packet comes again.
  if (++refused > 1_000_000) throw new Error(binding.handleError(player));
  await new Promise((resolve) => setImmediate(resolve));
}
const took = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify({ sent, seconds: took, rate: Math.round(sent / took), refused })}\n`);
binding.closeHandle(player);
