// `adtap sizing` as users get it: the worked example of docs/capacity.md, a capture, an adapter, and what it refuses.
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, describe, expect, it } from 'vitest';
import type { SizingResult } from '../../src/sizing/sizing.ts';
import { adtap } from '../support/cli.ts';
import { fixture, root } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const day = ['--counters', fixture('capacity/day.csv'), '--hosts', fixture('capacity/hosts.csv')];
const json = async (...args: readonly string[]): Promise<SizingResult> =>
  JSON.parse((await adtap('sizing', ...args, '--json')).stdout) as SizingResult;

/** The busiest 15 minutes of day.csv, counted with nothing but the definition: each row is the mean of the minute before it. */
function busyByHand(dc: string): number {
  const [header = [], , ...rows] = parse(readFileSync(fixture('capacity/day.csv'))) as string[][];
  const columns = header.flatMap((name, index) => (name.startsWith(`\\\\${dc}\\`) ? [index] : []));
  const minutes = rows.map((cells) => columns.reduce((sum, column) => sum + Number(cells[column]), 0));
  let busy = 0;
  // Windows begin every 5 seconds: twelfths of a minute.
  for (let start = 0; start + 15 * 12 <= minutes.length * 12; start++) {
    let sum = 0;
    for (let at = start; at < start + 15 * 12; at++) sum += minutes[Math.floor(at / 12)]!;
    busy = Math.max(busy, sum / (15 * 12));
  }
  return busy;
}

describe('adtap sizing', () => {
  it('sizes the day of the worked example', async () => {
    const { controllers, sensors } = await json(...day);
    expect(controllers.map(({ name, mdi }) => [name, mdi.words])).toEqual([
      ['DC01', 'Yes'],
      ['DC02', 'Yes'],
      ['DC03', 'Maybe, but additional resources required'],
    ]);
    for (const { name, traffic, adtap: own } of controllers) {
      expect(traffic?.busy).toBeCloseTo(busyByHand(name), 3);
      expect(own.words).toBe('Yes');
    }
    expect(sensors).toEqual({ mdi: 3, adtap: 3 });
  });

  it('says the same in words, in CSV and on a page', async () => {
    const csv = join(scratch, 'out.csv');
    const html = join(scratch, 'out.html');
    const { stdout, status } = await adtap('sizing', ...day, '--csv', csv, '--html', html);
    expect(status).toBe(0);
    const { controllers } = await json(...day);
    const rows = parse(readFileSync(csv), { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => [row['dc'], row['mdi_verdict'], Number(row['busy_packets_per_second'])])).toEqual(
      controllers.map(({ name, mdi, traffic }) => [name, mdi.words, Number(traffic?.busy.toFixed(1))]),
    );
    const page = readFileSync(html, 'utf8');
    for (const { name, mdi, traffic } of controllers)
      for (const text of [name, mdi.words, Math.round(traffic?.busy ?? 0).toLocaleString('en-US')]) {
        expect(stdout).toContain(text);
        expect(page).toContain(text);
      }
  });

  it('says what docs/capacity.md shows', async () => {
    const shown = /\$ adtap (sizing .*)\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/capacity.md'), 'utf8'));
    const lines = (shown?.[2] ?? '').split('\n').filter((line) => line !== '...');
    const { stdout } = await adtap(
      ...(shown?.[1] ?? '').split(' ').map((word) => word.replace(/^fixtures/, join(root, 'fixtures'))),
    );
    expect(lines.length).toBeGreaterThan(8);
    expect(lines.filter((line) => !stdout.split('\n').includes(line))).toEqual([]);
  });

  it('adds up one domain controller in several files, whatever their order, and gives it the name that they do not', async () => {
    const at = (name: string, rows: readonly string[]): string => {
      const path = join(scratch, name);
      writeFileSync(path, ['time,adapter,packets_per_second', ...rows].join('\n'));
      return path;
    };
    // Half an hour of 1000 and then of 3000 on one adapter, and of 500 on another: 3500 in the second half.
    const rows = (adapter: string, first: number, rate: number): string[] =>
      Array.from({ length: 361 }, (_, index) => `${first + index * 5},${adapter},${rate}`);
    const paths = [
      at('2.csv', rows('a', 1800, 3000)),
      at('1.csv', rows('a', 0, 1000)),
      at('3.csv', [...rows('b', 0, 500), ...rows('b', 1805, 500)]),
    ];
    const { controllers, standalone } = await json('--counters', ...paths, '--name', 'DC9', '--cores', '4', '--memory', '16G');
    expect(controllers.map(({ name, adapters }) => [name, [...adapters].sort()])).toEqual([['DC9', ['a', 'b']]]);
    expect(controllers[0]?.traffic?.busy).toBeCloseTo(3500, 6);
    // One machine in the plan too, with 3500 and not 2000 beside 3000.
    expect(standalone.mdi.machines.map(({ packetsPerSecond }) => Math.round(packetsPerSecond))).toEqual([3500]);
  });

  it('does not overwrite what it reads', async () => {
    const path = join(scratch, 'mine.csv');
    copyFileSync(fixture('capacity/day.csv'), path);
    const { status, stderr } = await adtap('sizing', '--counters', path, '--csv', path);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/--csv .* would overwrite what is read with --counters/)]);
    expect(readFileSync(path)).toEqual(readFileSync(fixture('capacity/day.csv')));
  });

  it('writes what can be written, and fails for the rest', async () => {
    const html = join(scratch, 'written.html');
    const { status, stdout, stderr } = await adtap('sizing', ...day, '--csv', '/dev/full', '--html', html);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^adtap: \/dev\/full: cannot be written: .*\n$/)]);
    expect(stdout).toContain('Verdicts');
    expect(readFileSync(html, 'utf8')).toContain('DC03');
  });

  it.each([[], ['--json'], ['--csv', '-']])('says in one line that standard output is full: %j', async (...args) => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), 'sizing', ...day, ...args.flat()], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^adtap: standard output: cannot be written: .*\n$/)]);
  });

  it('is quiet when its reader has read enough', async () => {
    const command = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}" sizing --counters "${fixture('capacity/day.csv')}" --json; echo $? >&2`;
    const { stderr } = spawnSync('sh', ['-c', `{ ${command}; } | true`], { encoding: 'utf8' });
    expect(stderr).toBe('0\n');
  });

  it('takes the traffic of a capture, with what it was', async () => {
    const capture = fixture('lab/first-look.pcap');
    const { controllers } = await json('--capture', capture, '--name', 'DC9', '--cores', '2', '--memory', '8G');
    const [dc] = controllers;
    const replayed = await adtap('replay', capture, '-o', join(scratch, 'out.ndjson'));
    const packets = Number(/^packets +([\d,]+)/m.exec(replayed.stderr)?.[1]?.replaceAll(',', ''));
    expect(dc?.name).toBe('DC9');
    expect(dc?.mix?.packets).toBe(packets);
    expect(dc!.mix!.decoded + dc!.mix!.ignored + dc!.mix!.dropped).toBe(packets);
    expect(dc?.mix?.messages['kerberos']).toBeGreaterThan(0);
    expect(dc!.traffic!.average * dc!.traffic!.seconds).toBeCloseTo(packets, 3);
    expect(dc?.warnings.join()).toMatch(/busy is their average, not the busiest 15 minutes/);
  });

  it('does not count beyond its time for the sake of an interval', async () => {
    const { controllers } = await json('--adapter', 'lo', '--for', '1s', '--interval', '5m');
    expect(controllers[0]?.traffic?.seconds).toBeGreaterThan(0.9);
  });

  it('counts an adapter of this machine', async () => {
    const { controllers } = await json('--adapter', 'lo', '--for', '2s', '--interval', '1s');
    expect(controllers[0]?.adapters).toEqual(['lo']);
    expect(controllers[0]?.traffic?.seconds).toBeGreaterThan(1.9);
    expect(controllers[0]?.host.cores).toBeGreaterThan(0);
  });

  it.each([
    [[], 2, /give one of --adapter, --capture and --counters/],
    [['--adapter', 'lo', '--counters', 'x'], 2, /give one of/],
    [['--adapter', 'no-such-adapter'], 2, /there is no such adapter/],
    [['--counters', fixture('capacity/hosts.csv')], 2, /hosts\.csv: line 1: there is no column time/],
    [['--capture', '-'], 2, /standard input can be read only once/],
    [['--counters', 'x', '--model', fixture('capacity/hosts.csv')], 2, /cannot be read as JSON/],
    [[...day, '--html', '/no/such/folder/x.html'], 1, /cannot be written/],
    [[...day, '--memory', 'much'], 2, /must be an amount of memory/],
    [[...day, '--for', 'ever'], 2, /must be a time/],
    [[...day, '--for', '62d'], 2, /must be at most 61d/],
    [['--adapter', 'lo', '--interval', '999ms'], 2, /must be at least 1s/],
    [['--adapter', 'lo', '--interval', '301s'], 2, /must be at most 5m/],
    [[...day, '--memory', '16'], 2, /with its unit, such as 6G/],
    [[...day, '--cores', '0'], 2, /must be a number from 0.1 to 1024/],
    [[...day, '--cores', '1e99'], 2, /must be a number from 0.1 to 1024/],
    [[...day, '--json', '--csv', '-'], 2, /both go to standard output/],
    [[...day, '--interval', '5s'], 2, /--interval is of --adapter/],
    [['--capture', 'x', '--for', '5s'], 2, /--for is of --adapter/],
    [[...day, '--name', 'DC9'], 2, /--name DC9: the counters say themselves/],
    [[...day, '--csv', '/tmp/adtap-x', '--html', '/tmp/adtap-x'], 2, /is the file of --csv too/],
    // The file is missing, but that is found out only after the output was.
    [['--counters', 'no-such-file', '--csv', '/no/such/folder/x.csv'], 1, /folder\/x\.csv: cannot be written/],
  ])('refuses %j', async (args, status, problem) => {
    const ran = await adtap('sizing', ...args);
    expect(ran.stderr).toMatch(problem);
    expect(ran.status).toBe(status);
  });
});
