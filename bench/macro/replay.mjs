// Whole replays of a large capture, beside a plain read of the same file and tcpdump where there is one, in turn, so that
// ratios hold on a noisy machine. Medians.
//   npm run bench                      six million packets made from fixtures/lab
//   npm run bench -- FILE [RUNS]       a capture of yours
import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { loadOf } from '../load.mjs';
import { count, has, linesOf, measure, medians, packetsOf, wholeNumber } from '../measure.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [given, wanted = '3'] = process.argv.slice(2);
const runs = wholeNumber(wanted, 'RUNS');
const file = loadOf(given, 'load.pcap', 6_000_000);

const cli = `${root}dist/cli/main.js`;
const packets = packetsOf(cli, file);
const out = `${root}bench/tmp/out.ndjson`;
const READ = `const fs=require('fs');const f=fs.openSync(${JSON.stringify(file)});const b=Buffer.alloc(1<<20);while(fs.readSync(f,b,0,b.length)>0);`;
const adtap = (workers) => [process.execPath, [cli, 'replay', file, '-q', '-w', String(workers), '-o', out]];
const rows = [
  { name: 'plain read', command: [process.execPath, ['-e', READ]], runs: [] },
  { name: 'adtap, 1 worker', command: adtap(1), runs: [] },
  { name: 'adtap, 2 workers', command: adtap(2), runs: [] },
];
const tcpdump = { name: 'tcpdump -r F -w /dev/null', command: ['tcpdump', ['-r', file, '-w', '/dev/null']], runs: [] };
if (has('tcpdump')) rows.splice(1, 0, tcpdump);
const reference = rows.includes(tcpdump) ? tcpdump : rows[0];
for (let run = 0; run <= runs; run++)
  for (const row of rows) {
    const measured = measure(...row.command);
    // The first round warms the caches.
    if (run > 0) row.runs.push(measured);
  }

const size = (statSync(file).size / 2 ** 20).toFixed(0);
console.log(
  `${file}: ${count(packets)} packets, ${size} MiB; Node ${process.version}, ${cpus().length} cores; medians of ${runs}`,
);
const standard = medians(reference.runs).wall;
for (const { name, runs: measured } of rows) {
  const { wall, rss } = medians(measured);
  const figures = [`${wall.toFixed(2).padStart(7)} s`, `${count(packets / wall).padStart(12)} packets/s`];
  figures.push(
    `${(standard / wall).toFixed(3).padStart(7)} of ${reference.name.split(' -')[0]}`,
    `${rss.toFixed(0).padStart(5)} MiB`,
  );
  console.log(`${name.padEnd(28)} ${figures.join(' ')}`);
}
console.log(`activities: ${count(linesOf(out))} lines`);
