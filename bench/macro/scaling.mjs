// What one, two ... shards bring where neither source nor output is the limit: every packet lies in its slot before the clock starts,
// and what is said is let go of. `npm run bench:scaling [-- FILE [SHARDS [RUNS]]]`. The clock runs over the second half of the slots:
// in the first, each shard's code is compiled. Runs take turns; medians. Beside it, what two processors of this machine bring to loops
// that share nothing.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { openCapture } from '../../dist/capture/open.js';
import { configureLimits } from '../../dist/protocols/limits.js';
import { Shards } from '../../dist/runtime/shards.js';
import { EVERYTHING, Gate } from '../../dist/shard/gate.js';
import { DEFAULT_SHAPE } from '../../dist/slots/layout.js';
import { gateCounters } from '../../dist/worker/catalogue.js';
import { ensureLoad } from '../load.mjs';
import { count, median } from '../measure.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [file = `${root}bench/tmp/load.pcap`, most = '2', runs = '5', only] = process.argv.slice(2);
/** Slots that are filled, and what each has room for: four GiB of memory at most. */
const SLOTS = 2600;
const ROOM = { scratchBytes: 1 << 17, slotPackets: 1 << 12, lineBytes: 1 << 18, rowNumbers: 1 << 13 };
const LOOP = `
  const numbers = new Int32Array(1 << 14);
  let sum = 0;
  for (let round = 0; round < 40000; round++)
    for (let i = 0; i < numbers.length; i++) sum ^= numbers[i] = (numbers[i] * 31 + i) | 0;
  if (sum === 1) throw new Error();`;

/** Packets a second of the second half, and packets in all. */
async function rate(shardCount) {
  const shape = { ...DEFAULT_SHAPE, ...ROOM, slots: SLOTS, shards: shardCount };
  let began = 0;
  let framesBefore = 0;
  const silent = { claim: () => undefined, line: () => undefined };
  const settings = { messages: false, activities: true, sensor: 'bench', limits: {} };
  const shards = new Shards(shape, settings, silent, null);
  configureLimits({});
  const gate = new Gate(shape, EVERYTHING, null, gateCounters(shards.counters.block(0)));
  const source = await openCapture([file]);
  const counts = [];
  let more = true;
  for (let number = 0; more && number < SLOTS; number++) {
    gate.begin(shards.ring.slot(number));
    more = await source.fill(gate);
    gate.end(!more || number === SLOTS - 1);
    counts.push(Uint32Array.from(gate.counts));
  }
  await source.close();
  shards.ring.lastFrame = gate.frame;
  const half = Math.floor(counts.length / 2);
  shards.onProgress = () => {
    if (began !== 0 || shards.merged < half) return;
    began = performance.now();
    framesBefore = shards.ring.slot(shards.merged).firstFrame - 1;
  };
  shards.start(new Uint8Array(16));
  for (const one of counts) shards.publish(one);
  while (shards.merged < counts.length) await shards.said();
  const seconds = (performance.now() - began) / 1000;
  await shards.finished();
  await shards.stop();
  return { rate: (gate.frame - framesBefore) / seconds, packets: gate.frame };
}

/** Times as much work as one processor does that `processors` loops do at once. */
async function loops(processors) {
  const run = (threads) => {
    const started = performance.now();
    const done = Array.from({ length: threads }, () => {
      const worker = new Worker(LOOP, { eval: true });
      return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    });
    return Promise.all(done).then(() => performance.now() - started);
  };
  const alone = await run(1);
  return (processors * alone) / (await run(processors));
}

if (only !== undefined) console.log(JSON.stringify(await rate(Number(only))));
else {
  ensureLoad(file, 6_000_000);
  const sizes = Array.from({ length: Number(most) }, (_, index) => index + 1);
  const measured = sizes.map(() => []);
  const machine = sizes.map(() => []);
  let packets = 0;
  for (let run = 0; run < Number(runs); run++)
    for (const [index, shardCount] of sizes.entries()) {
      const args = [fileURLToPath(import.meta.url), file, most, runs, String(shardCount)];
      const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
      measured[index].push(said.rate);
      packets = said.packets;
      machine[index].push(await loops(shardCount));
    }
  console.log(
    `${file}: ${count(packets)} packets in memory; Node ${process.version}, ${cpus().length} cores; medians of ${runs}`,
  );
  console.log('| shards | packets/s | times one | loops, times one |\n| --- | --- | --- | --- |');
  for (const [index, shardCount] of sizes.entries()) {
    const ratio = median(measured[index]) / median(measured[0]);
    const own = median(machine[index]);
    console.log(`| ${shardCount} | ${count(median(measured[index]))} | ${ratio.toFixed(2)} | ${own.toFixed(2)} |`);
  }
}
