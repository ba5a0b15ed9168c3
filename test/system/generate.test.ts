// `adtap generate` as users get it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../support/fixtures.ts';
import { differences, linesOf } from '../support/generated.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-generate-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The same few seconds of one day, whatever is done with them. */
const ATTACK = 'generate --profile attack --seed 9 --duration 3s --users 60'.split(' ');
const FEW = 'generate -c 300 -q'.split(' ');

function adtap(...args: readonly string[]): { status: number | null; stdout: Buffer; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr: stderr.toString('utf8') };
}

it('writes a capture, what should be heard in it, and a summary of both', () => {
  const capture = join(scratch, 'one.pcapng');
  const { status, stdout, stderr } = adtap(...ATTACK, '-o', capture);
  expect(status).toBe(0);
  expect(stdout).toHaveLength(0);
  expect(stderr).toMatch(/^domain +corp\.example: 60 users, 45 computers$/m);
  const truth = linesOf(readFileSync(join(scratch, 'one.truth.ndjson'), 'utf8'));
  const heard = linesOf(adtap('replay', capture, '--format', 'ndjson', '-q').stdout.toString('utf8'));
  expect(truth.length).toBeGreaterThan(200);
  expect(differences(truth, heard)).toEqual([]);

  // To standard output, without the truth, the same packets.
  const piped = adtap(...ATTACK, '--format', 'pcapng', '-q', '-o', '-');
  expect(piped.stderr).toBe('');
  expect(piped.stdout.equals(readFileSync(capture))).toBe(true);
});

it('writes the truth where it is told to, or not at all', () => {
  const capture = join(scratch, 'two.pcap');
  expect(adtap(...FEW, '-o', capture, '--no-truth').status).toBe(0);
  expect(existsSync(join(scratch, 'two.truth.ndjson'))).toBe(false);
  const elsewhere = join(scratch, 'elsewhere.ndjson');
  expect(adtap(...FEW, '-o', capture, '--truth', elsewhere).status).toBe(0);
  expect(linesOf(readFileSync(elsewhere, 'utf8')).length).toBeGreaterThan(10);
});

it('writes no truth beside what is no file', () => {
  const { status, stderr } = adtap(...FEW, '-o', '/dev/null');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(existsSync('/dev/null.truth.ndjson')).toBe(false);
});

it('empties no truth when the capture cannot be written, and makes none', () => {
  const folder = join(scratch, 'folder.pcap');
  mkdirSync(folder);
  const truth = join(scratch, 'folder.truth.ndjson');
  const refused = adtap(...FEW, '-o', folder);
  expect(refused.stderr).toContain(`adtap: ${folder}: cannot be written: `);
  expect(refused.status).toBe(1);
  expect(existsSync(truth)).toBe(false);
  writeFileSync(truth, 'of another day');
  expect(adtap(...FEW, '-o', folder).status).toBe(1);
  expect(readFileSync(truth, 'utf8')).toBe('of another day');
});

it('empties no capture when the truth cannot be written', () => {
  const capture = join(scratch, 'kept.pcap');
  writeFileSync(capture, 'of another day');
  const { status, stderr } = adtap(...FEW, '-o', capture, '--truth', join(scratch, 'nowhere', 'truth.ndjson'));
  expect(stderr).toContain('truth.ndjson: cannot be written: ENOENT');
  expect(status).toBe(1);
  expect(readFileSync(capture, 'utf8')).toBe('of another day');
});

it('refuses to write the truth into the capture', () => {
  const capture = join(scratch, 'both.pcap');
  const { status, stderr } = adtap(...FEW, '-o', capture, '--truth', join(scratch, '.', 'both.pcap'));
  expect(stderr).toContain('is the file of --out too: give each its own');
  expect(status).toBe(2);
  expect(existsSync(capture)).toBe(false);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('ends at %s with whole files and the exit code of a signal', async (signal, code) => {
  const capture = join(scratch, `${signal}.pcap`);
  const truth = join(scratch, `${signal}.truth.ndjson`);
  const words = ['dist/cli/main.js', 'generate', '-d', '1000h', '--rate', '100000', '-o', capture];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  while (!existsSync(truth) || readFileSync(truth).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill(signal);
  expect((await once(child, 'close'))[0]).toBe(code);
  expect(errors).toMatch(/^ended early: /m);
  const packets = Number(/^packets +([\d,]+)/m.exec(errors)?.[1]?.replaceAll(',', ''));
  const replayed = adtap('replay', capture, '--format', 'ndjson');
  expect(replayed.status).toBe(0);
  expect(Number(/^packets +([\d,]+)/m.exec(replayed.stderr)?.[1]?.replaceAll(',', ''))).toBe(packets);
});

it.each([
  [['generate'], 'say where the packets go: --out FILE or --adapter NAME, one of them'],
  [['generate', '-o', 'x.pcap', '-i', 'eth0'], 'say where the packets go'],
  [['generate', '-o', 'x.pcap', '-p', 'branches'], 'there is no profile branches; shipped are attack, branch, '],
  [['generate', '-o', 'x.pcap', '--seed', '-1'], 'It must be a whole number from 0 to 4294967295.'],
  [['generate', '-o', 'x.pcap', '-d', '5 minutes'], 'It must be a time such as 90s, 15m or 24h.'],
  [['generate', '-o', 'x.pcap', '-d', '101d'], 'It must be at most 100d.'],
  [['generate', '-o', 'x.pcap', '--users', '1000001'], 'It must be at most 1000000.'],
  [['generate', '-o', 'x.pcap', '--rate', '10000001'], 'It must be at most 10000000.'],
  [['generate', '-o', 'x.pcap', '--speed', '2'], '--speed is for --adapter'],
  [['generate', '-i', 'eth0', '--format', 'pcap'], '--format is for --out'],
  [['generate', '-o', ''], '--out: a file has a name'],
  [['generate', '-o', 'x.pcap', '--speed', '0'], 'It must be max or a number above 0.'],
])('refuses %j with exit code 2', (words, message) => {
  const { status, stderr } = adtap(...words);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

it('ends quietly when nobody reads on', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" dist/cli/main.js generate -q -d 60s -o - | head -c 100000 | wc -c`],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
