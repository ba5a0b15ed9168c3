// Two commits on the same capture, in turn within one run: what the second costs for each second of the first. It reports; it
// passes no judgement, because a machine's mood must not break a build.
//   npm run bench:compare -- REV1 REV2 [FILE [RUNS]]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOf } from '../load.mjs';
import { measure, median, medians, wholeNumber } from '../measure.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [first, second, given, wanted = '5'] = process.argv.slice(2);
if (first === undefined || second === undefined) {
  console.error('npm run bench:compare -- REV1 REV2 [FILE [RUNS]]');
  process.exit(2);
}
const runs = wholeNumber(wanted, 'RUNS');
const file = loadOf(given, 'compare.pcap', 2_000_000);

const folder = mkdtempSync(join(tmpdir(), 'adtap-compare-'));
const git = (...args) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();

/** Checks a commit out and builds it with the dependencies that are installed here. */
function build(revision, name) {
  const tree = join(folder, name);
  git('worktree', 'add', '--detach', tree, revision);
  symlinkSync(`${root}node_modules`, join(tree, 'node_modules'));
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b'], { cwd: tree, stdio: 'inherit' });
  return { name: `${revision} (${git('rev-parse', '--short', revision)})`, cli: join(tree, 'dist/cli/main.js') };
}

try {
  const sides = [build(first, 'first'), build(second, 'second')];
  const out = join(folder, 'out.ndjson');
  for (const workers of [1, 2]) {
    const measured = sides.map(() => []);
    // The first round warms the page cache.
    for (let run = 0; run <= runs; run++)
      sides.forEach(({ cli }, side) => {
        const figures = measure(process.execPath, [cli, 'replay', file, '-q', '-w', String(workers), '-o', out]);
        if (run > 0) measured[side].push(figures);
      });
    console.log(`${workers} worker${workers === 1 ? '' : 's'}:`);
    sides.forEach(({ name }, side) => {
      const { wall, cpu, rss } = medians(measured[side]);
      console.log(`  ${name.padEnd(40)} wall ${wall.toFixed(2)} s, CPU ${cpu.toFixed(2)} s, peak RSS ${rss.toFixed(0)} MiB`);
    });
    const ratio = (figure) => median(measured[1].map((run, index) => run[figure] / measured[0][index][figure])).toFixed(3);
    console.log(
      `  second / first, median of ${runs} pairs: wall ${ratio('wall')}, CPU ${ratio('cpu')}, peak RSS ${ratio('rss')}`,
    );
  }
} finally {
  for (const name of ['first', 'second'])
    if (existsSync(join(folder, name))) git('worktree', 'remove', '--force', join(folder, name));
  rmSync(folder, { recursive: true, force: true });
}
