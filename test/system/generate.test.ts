// `adtap generate` as users get it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

it.each([
  [['generate'], 'say where the packets go: --out FILE or --adapter NAME, one of them'],
  [['generate', '-o', 'x.pcap', '-i', 'eth0'], 'say where the packets go'],
  [['generate', '-o', 'x.pcap', '-p', 'branches'], 'there is no profile branches; shipped are attack, branch, '],
  [['generate', '-o', 'x.pcap', '--seed', '-1'], 'It must be a whole number from 0 to 4294967295.'],
  [['generate', '-o', 'x.pcap', '-d', '5 minutes'], 'It must be a time such as 90s, 15m or 24h.'],
  [['generate', '-o', 'x.pcap', '-d', '101d'], 'It must be at most 100d.'],
  [['generate', '-o', 'x.pcap', '--users', '1000001'], 'It must be at most 1000000.'],
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
