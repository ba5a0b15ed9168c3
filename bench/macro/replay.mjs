// Whole replays of a large capture, beside a plain read of the same file and tcpdump where there is one, in turn, so that
// ratios hold on a noisy machine. Medians.
//   npm run bench                      six million packets made from fixtures/lab
//   npm run bench -- FILE [RUNS]       a capture of yours
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ensureLoad } from '../load.mjs';
import { median, packetsOf } from '../measure.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [file = `${root}bench/tmp/load.pcap`, runs = '3'] = process.argv.slice(2);
ensureLoad(file, 6_000_000);

const cli = `${root}dist/cli/main.js`;
const packets = packetsOf(cli, file);
const out = `${root}bench/tmp/out.ndjson`;
const rows = [
  [
    'plain read',
    process.execPath,
    [
      '-e',
      `const fs=require('fs');const f=fs.openSync(${JSON.stringify(file)});const b=Buffer.alloc(1<<20);while(fs.readSync(f,b,0,b.length)>0);`,
    ],
  ],
  ['tcpdump -r F -w /dev/null', 'tcpdump', ['-r', file, '-w', '/dev/null']],
  ['adtap, 1 worker', process.execPath, [cli, 'replay', file, '-q', '-w', '1', '-o', out]],
  ['adtap, 2 workers', process.execPath, [cli, 'replay', file, '-q', '-w', '2', '-o', out]],
];
const measured = rows.map(() => []);
for (let run = 0; run <= Number(runs); run++)
  rows.forEach(([, command, args], index) => {
    const started = performance.now();
    const { status } = spawnSync(command, args, { stdio: 'ignore' });
    // The first round warms the caches.
    if (status === 0 && run > 0) measured[index].push((performance.now() - started) / 1000);
  });
const children = spawnSync(
  'sh',
  [
    '-c',
    `command -v /usr/bin/time >/dev/null && /usr/bin/time -f %M ${process.execPath} ${rows[3][2].map((one) => `'${one}'`).join(' ')} 2>&1 >/dev/null | tail -1`,
  ],
  { encoding: 'utf8' },
);
const lines = readFileSync(out, 'utf8').split('\n').length - 1;

console.log(
  `${file}: ${packets.toLocaleString('en-US')} packets, ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB; Node ${process.version}, ${cpus().length} cores; medians of ${runs}`,
);
const reference = median(measured[1].length > 0 ? measured[1] : measured[0]);
for (const [index, [name]] of rows.entries()) {
  if (measured[index].length === 0) continue;
  const seconds = median(measured[index]);
  console.log(
    `${name.padEnd(28)} ${seconds.toFixed(2).padStart(7)} s ${Math.round(packets / seconds)
      .toLocaleString('en-US')
      .padStart(
        12,
      )} packets/s ${(reference / seconds).toFixed(3).padStart(7)} of ${measured[1].length > 0 ? 'tcpdump' : 'plain read'}`,
  );
}
console.log(
  `activities: ${lines.toLocaleString('en-US')} lines; peak RSS with 2 workers: ${children.stdout.trim() === '' ? 'unknown' : `${Math.round(Number(children.stdout) / 1024)} MiB`}`,
);
