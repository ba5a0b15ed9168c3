// What one, two ... shards bring where neither source nor output is the limit: every packet lies in its slot before the clock starts,
// and what is said is let go of. `npm run bench:scaling [-- FILE [SHARDS [RUNS]]]`. The clock runs over the second half of the slots:
// in the first, each shard's code is compiled. Runs take turns; medians. A shard alone leaves the other processors to the main thread
// and to V8's own; so beside it stand one shard with all its threads on one processor (taskset), as many processes of one shard at
// once, each by its own clock, which share nothing but the machine, and loops that do not even need its memory.
import { execFile, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { openCapture } from '../../dist/capture/open.js';
import { configureLimits } from '../../dist/protocols/limits.js';
import { growSparingly } from '../../dist/runtime/heap.js';
import { Shards } from '../../dist/runtime/shards.js';
import { EVERYTHING, Gate } from '../../dist/shard/gate.js';
import { DEFAULT_SHAPE } from '../../dist/slots/layout.js';
import { gateCounters } from '../../dist/worker/catalogue.js';
import { loadOf } from '../load.mjs';
import { count, median, wholeNumber } from '../measure.mjs';

growSparingly();
const [given, mostText = '2', runsText = '5', only] = process.argv.slice(2);
const most = wholeNumber(mostText, 'SHARDS');
const runs = wholeNumber(runsText, 'RUNS');
const file = loadOf(given, 'load.pcap', 6_000_000);
/** Slots that are filled, and what each has room for: five GiB of addresses at most in each process, of which what is used is memory. */
const SLOTS = 2600;
const ROOM = { scratchBytes: 1 << 17, slotPackets: 1 << 12, lineBytes: 1 << 19, rowNumbers: 1 << 14 };
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
  // A ring's memory is used again and again; here each slot's is used once, and had from the kernel before the clock starts.
  new Uint8Array(shards.memory.said).fill(1);
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

const self = fileURLToPath(import.meta.url);

/** The rates of `processes` of so many shards each, all at once. */
async function rates(shardCount, processes, prefix = []) {
  const [command, ...rest] = [...prefix, process.execPath, self, file, String(most), String(runs), String(shardCount)];
  const said = Array.from({ length: processes }, () => promisify(execFile)(command, rest));
  return (await Promise.all(said)).map(({ stdout }) => JSON.parse(stdout));
}
const sum = (said) => said.reduce((all, one) => all + one.rate, 0);

if (only !== undefined) console.log(JSON.stringify(await rate(Number(only))));
else {
  const canPin = spawnSync('taskset', ['--cpu-list', '0', 'true']).status === 0;
  const sizes = Array.from({ length: most }, (_, index) => index + 1);
  const measured = sizes.map(() => ({ shards: [], processes: [], loops: [] }));
  const pinned = [];
  let packets = 0;
  for (let run = 0; run < runs; run++) {
    if (canPin) pinned.push(sum(await rates(1, 1, ['taskset', '--cpu-list', '0'])));
    for (const [index, size] of sizes.entries()) {
      const said = await rates(size, 1);
      packets = said[0].packets;
      measured[index].shards.push(sum(said));
      measured[index].processes.push(sum(await rates(1, size)));
      measured[index].loops.push(await loops(size));
    }
  }
  console.log(
    `${file}: ${count(packets)} packets in memory; Node ${process.version}, ${cpus().length} cores; medians of ${runs}`,
  );
  console.log('| shards | packets/s | times one | times one on one processor | processes, times one | loops, times one |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const one = median(measured[0].shards);
  for (const [index, { shards, processes, loops: own }] of measured.entries()) {
    const columns = [
      median(shards) / one,
      canPin ? median(shards) / median(pinned) : Number.NaN,
      median(processes) / one,
      median(own),
    ];
    console.log(`| ${[sizes[index], count(median(shards)), ...columns.map((ratio) => ratio.toFixed(2))].join(' | ')} |`);
  }
}
