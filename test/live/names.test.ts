// Names in a running sensor and in a replay that asks: real servers answer, and entity lines tell.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Wire } from './support/net.ts';
import { PEER, Peers } from './support/peers.ts';
import { play, SensorProcess } from './support/sensor.ts';

const CLIENT = '10.77.0.102';
const folder = mkdtempSync(join(tmpdir(), 'adtap-names-'));
const capture = join(folder, 'peer.pcap');
let peers: Peers;

type Line = Readonly<Record<string, unknown>> & { readonly kind: string; readonly type: string };
const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
const bytesOf = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

/** The capture with one client's address made that of the peer, wherever it stands. */
function moved(file: string): Buffer {
  const bytes = readFileSync(file);
  const [from, to] = [bytesOf(CLIENT), bytesOf(PEER.ipv4)];
  for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at + 4)) to.copy(bytes, at);
  return bytes;
}

beforeAll(async () => {
  writeFileSync(capture, moved('fixtures/lab/kerberos-nopreauth.pcap'));
  peers = new Peers([]);
  await peers.samba();
});
afterAll(async () => {
  await peers[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const resolutionsOf = (lines: readonly Line[]): Line[] =>
  lines.filter(({ kind, type, ['ip']: ip }) => kind === 'entity' && type === 'resolution' && ip === PEER.ipv4);

it('asks addresses of activities, tells what they said, and remembers it over a restart', async () => {
  using wire = new Wire();
  const cache = join(folder, 'names.json');
  const settings = ['nnr.enabled=true', 'nnr.methods=[netbios]', `nnr.cachePath=${cache}`, 'nnr.networks=[10.99.1.0/24]'];
  const args = ['-i', wire.tap, ...settings.flatMap((one) => ['--set', one])];
  const first = join(folder, 'first.ndjson');
  {
    using sensor = await SensorProcess.start([...args, '-o', first]);
    await play(capture, wire.far, '--rate', '2000');
    await sensor.until(async () => /^adtap_nnr_answers_total\{method="netbios"\} 1$/m.test(await sensor.metrics()));
    // Addresses outside the networks are not asked: the capture's other ends.
    expect(await sensor.metrics()).toMatch(/^adtap_nnr_attempts_total\{method="netbios"\} 1$/m);
    await play(capture, wire.far, '--rate', '2000');
    await sensor.until(async () => /^adtap_name_lookups_total\{result="hit"\} [1-9]/m.test(await sensor.metrics()));
    expect((await sensor.stop()).code).toBe(0);
  }
  const lines = linesOf(first);
  const told = resolutionsOf(lines);
  expect(told.length).toBeGreaterThan(0);
  expect(told[0]).toMatchObject({ ip: PEER.ipv4, certainty: 'high' });
  expect(String(told[0]?.['computer']).toUpperCase()).toContain(PEER.name);
  // The second time the activities have the name.
  const sources = lines
    .filter(({ kind }) => kind === 'activity')
    .map((line) => line['source'] as { ip: string; computer: string | null });
  const last = sources.findLast(({ ip }) => ip === PEER.ipv4);
  expect(last?.computer?.toUpperCase()).toContain(PEER.name);

  // Another sensor knows it from the file, and asks nobody.
  const second = join(folder, 'second.ndjson');
  using sensor = await SensorProcess.start([...args, '-o', second]);
  await play(capture, wire.far, '--rate', '2000');
  await sensor.until(async () => (await sensor.status()).packets.packets > 0);
  await sensor.until(async () => /^adtap_activities_total\{[^}]*\} [1-9]/m.test(await sensor.metrics()));
  expect(await sensor.metrics()).not.toMatch(/^adtap_nnr_attempts_total\{[^}]*\} [1-9]/m);
  expect((await sensor.stop()).code).toBe(0);
  const again = linesOf(second).find(({ kind }) => kind === 'activity')?.['source'] as { ip: string; computer: string | null };
  expect(again.ip === PEER.ipv4 ? again.computer?.toUpperCase() : PEER.name).toContain(PEER.name);
});

it('asks in a replay only when told to', () => {
  const replay = (...args: readonly string[]): Line[] => {
    const out = join(folder, 'replay.ndjson');
    const env = { ...process.env, ADTAP_NNR_NETWORKS: '[10.99.1.0/24]', ADTAP_NNR_METHODS: '[ntlm-rpc]' };
    execFileSync(process.execPath, ['dist/cli/main.js', 'replay', capture, '-q', '-e', 'all', '-o', out, ...args], { env });
    return linesOf(out);
  };
  const isAsked = (line: Line): boolean => JSON.stringify(line).includes('ntlm-rpc');
  expect(replay().some(isAsked)).toBe(false);
  const told = resolutionsOf(replay('--nnr', 'active')).filter(isAsked);
  expect(told.length).toBeGreaterThan(0);
  expect(told[0]).toMatchObject({ ip: PEER.ipv4 });
});
