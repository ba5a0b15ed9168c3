// Runs other programs and says what they took: wall and processor seconds, peak memory. Medians, paired ratios.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIME = '/usr/bin/time';

/** Whether a program can be started. */
export const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

/** { wall, cpu, rss } in seconds and MiB; cpu and rss are NaN without GNU time. Throws when the program fails. */
export function measure(program, args) {
  const folder = mkdtempSync(join(tmpdir(), 'adtap-bench-'));
  const file = join(folder, 'time');
  try {
    const timed = existsSync(TIME) ? [TIME, ['-o', file, '-f', '%U %S %M', program, ...args]] : [program, args];
    const began = performance.now();
    const { status, error, stderr } = spawnSync(...timed, { stdio: ['ignore', 'ignore', 'pipe'] });
    const wall = (performance.now() - began) / 1000;
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${String(stderr).trim().split('\n').at(-1)}`);
    const [user, system, kilobytes] = existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : [];
    return { wall, cpu: user + system, rss: kilobytes / 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Medians of each figure of several measurements. */
export const medians = (runs) => ({
  wall: median(runs.map((run) => run.wall)),
  cpu: median(runs.map((run) => run.cpu)),
  rss: median(runs.map((run) => run.rss)),
});

/** Ends with a line for the user, and not with a stack. */
export function refuse(message) {
  console.error(message);
  process.exit(2);
}

/** A number of the command line, whole and at least 1. */
export function wholeNumber(text, name) {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 1 ? value : refuse(`${name} must be a whole number of at least 1, not ${text}`);
}

/** Packets of a capture that adtap can read. */
export function packetsOf(cli, file) {
  const { status, stderr } = spawnSync(process.execPath, [cli, 'replay', file, '-e', 'activities', '-o', '/dev/null'], {
    encoding: 'utf8',
  });
  if (status !== 0) refuse(stderr.trim());
  return Number(/^packets +([\d,]+)/m.exec(stderr)?.[1]?.replaceAll(',', ''));
}

/** Lines of a file, which may be longer than any string or buffer. */
export function linesOf(path) {
  const file = openSync(path, 'r');
  const bytes = Buffer.allocUnsafe(1 << 20);
  let lines = 0;
  for (let length = readSync(file, bytes); length > 0; length = readSync(file, bytes)) {
    const piece = bytes.subarray(0, length);
    for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++;
  }
  closeSync(file);
  return lines;
}

/** `1,234,567`. */
export const count = (number) => Math.round(number).toLocaleString('en-US');
