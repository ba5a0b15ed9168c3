// `adtap resolve` as a user runs it, against this machine's own loopback where nobody answers for a name.
import { spawnSync } from 'node:child_process';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/fixtures.ts';

const main = join(root, 'dist', 'cli', 'main.js');

function resolve(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'resolve', '--timeout', '300', ...args], {
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const METHOD = ['-m', 'netbios'];

describe('addresses', () => {
  it('come from arguments, one paragraph each, and exit code 1 says that one stays unresolved', () => {
    const { status, stdout } = resolve([...METHOD, '127.0.0.7', '127.0.0.8']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^127\.0\.0\.7 {2}unresolved \(.*\n {2}netbios +[\d.]+ ms {2}\w.*\n127\.0\.0\.8 {2}unresolved/);
  });

  it('come from standard input where there are none, or in the place of -', () => {
    const input = '127.0.0.8\n\n ::ffff:127.0.0.9 \nnonsense\n';
    const expected = ['127.0.0.8', '127.0.0.9', 'nonsense'];
    const addresses = (text: string): string[] =>
      text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { address: string }).address]));
    expect(addresses(resolve([...METHOD, '--json'], input).stdout)).toEqual(expected);
    expect(addresses(resolve([...METHOD, '--json', '127.0.0.7', '-'], input).stdout)).toEqual(['127.0.0.7', ...expected]);
  });

  it('that are no single host are refused without a packet', () => {
    const { status, stdout } = resolve([...METHOD, '224.0.0.251', 'ff02::1', '255.255.255.255']);
    expect(status).toBe(1);
    expect(stdout.match(/out-of-scope/g)).toHaveLength(6);
  });

  it('that the configuration excludes are refused too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'adtap-resolve-'));
    const file = join(folder, 'adtap.yaml');
    writeFileSync(file, 'nnr: { exclude: [127.0.0.0/24], methods: [netbios] }\n');
    expect(resolve(['--config', file, '127.0.0.7']).stdout).toContain('out-of-scope; excluded');
    rmSync(folder, { recursive: true });
  });
});

it('believes what it hears for as long as the configuration says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adtap-resolve-'));
  const file = join(folder, 'adtap.yaml');
  writeFileSync(file, 'nnr: { missSeconds: 4321 }\n');
  const { stdout } = resolve([...METHOD, '--json', '--config', file, '127.0.0.7']);
  const { validUntil, answers } = JSON.parse(stdout) as { validUntil: string; answers: { at: number }[] };
  expect(Date.parse(validUntil) / 1000 - answers[0]!.at).toBeCloseTo(4321, 1);
  rmSync(folder, { recursive: true });
});

it('gives JSON with all answers and what they come to', () => {
  const { stdout } = resolve(['--json', '-m', 'netbios,rdp', '127.0.0.7']);
  expect(JSON.parse(stdout)).toMatchObject({
    address: '127.0.0.7',
    verdict: 'unresolved',
    computer: '',
    answers: [
      { method: 'netbios', names: null, isConfirmed: false, at: expect.any(Number), milliseconds: expect.any(Number) },
      { method: 'rdp', names: null },
    ],
  });
});

it.each([
  [['1.2.3'], 'must be an IPv4 or IPv6 address'],
  [['-m', 'smb', '127.0.0.1'], 'There are ntlm-rpc, netbios, rdp, reverse-dns'],
  [['--dns', 'dns.example', '127.0.0.1'], 'must be an address, or one with a port'],
  [['--timeout', '0', '127.0.0.1'], 'at least 1'],
  [['--timeout', '60001', '127.0.0.1'], 'at most 60000'],
  [['--rate', '1e15', '127.0.0.1'], 'at most 10000'],
  [['--config', '/nonexistent', '127.0.0.1'], 'cannot be read'],
])('%j ends with exit code 2: %s', (args, message) => {
  const { status, stderr } = resolve(args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});
