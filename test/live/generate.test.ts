// Generated traffic in the eyes of others: tshark finds nothing wrong with it and counts the same messages; a sensor at the other
// end of a wire hears what was meant.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadProfile, shippedProfiles } from '../../src/generate/profile.ts';
import { differences, generated, linesOf } from '../support/generated.ts';
import { Wire } from './support/net.ts';
import { SensorProcess } from './support/sensor.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-live-generate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const CHECKED = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum', 'tcp.reassemble_out_of_order'];
const tshark = (path: string, ...words: readonly string[]): string =>
  execFileSync('tshark', ['-r', path, '-n', ...CHECKED.flatMap((name) => ['-o', `${name}:TRUE`]), ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/** Fields that tell messages, and the protocol and kinds that the generator counts them by. */
const KERBEROS: Readonly<Record<string, string>> = {
  10: 'AS-REQ',
  11: 'AS-REP',
  12: 'TGS-REQ',
  13: 'TGS-REP',
  14: 'AP-REQ',
  15: 'AP-REP',
  30: 'KRB-ERROR',
}; // prettier-ignore
const LDAP: Readonly<Record<string, string>> = {
  0: 'bindRequest',
  1: 'bindResponse',
  2: 'unbindRequest',
  3: 'searchRequest',
  4: 'searchResEntry',
  5: 'searchResDone',
}; // prettier-ignore
const FIELDS = [
  'frame.protocols',
  'kerberos.msg_type',
  'ldap.protocolOp',
  'dns.flags.response',
  'ntlmssp.messagetype',
  'smb2.cmd',
  'dcerpc.pkt_type',
] as const;

function counted(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  for (const line of tshark(path, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=,', ...fields).split('\n')) {
    const [protocols = '', ...values] = line.split('\t');
    const [kerberos = [], ldap = [], dns = [], ntlm = [], smb2 = [], dcerpc = []] = values.map((value) =>
      value.split(',').filter((part) => part !== ''),
    );
    const names = protocols.split(':');
    for (const value of kerberos) add(`kerberos ${KERBEROS[value]}`);
    for (const value of ldap) add(`${names.includes('cldap') ? 'cldap' : 'ldap'} ${LDAP[value]}`);
    const naming = names.includes('llmnr') ? 'llmnr' : names.includes('mdns') ? 'mdns' : 'dns';
    for (const value of dns) add(`${naming} ${value === '1' || value === 'True' ? 'response' : 'query'}`);
    for (const value of ntlm) add(`ntlm ${Number(value)}`);
    for (const value of smb2) add(`smb2 ${Number(value)}`);
    for (const value of dcerpc) add(`dcerpc ${Number(value)}`);
  }
  return counts;
}

const sorted = (counts: ReadonlyMap<string, number>): [string, number][] => [...counts].sort(([a], [b]) => a.localeCompare(b));

describe.each(shippedProfiles())('%s, as tshark reads it', (name) => {
  it('is well-formed, with the messages that the generator counted', async () => {
    const { path, traffic } = await generated(loadProfile(name), 15_000, 11, `${name}.pcap`);
    const wrong = tshark(
      path,
      '-Y',
      '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || _ws.expert.severity == error',
    );
    expect(wrong).toBe('');
    expect(tshark(path, '-T', 'fields', '-e', 'frame.number').trim().split('\n')).toHaveLength(traffic.frames);
    expect(sorted(counted(path))).toEqual(sorted(traffic.messages));
  });
});

it('impairs as many segments as it says', async () => {
  const profile = { ...loadProfile('storm'), retransmission: 0.05, reordering: 0.1 };
  const { path, traffic } = await generated(profile, 15_000, 12, 'impaired.pcap');
  const count = (filter: string): number =>
    tshark(path, '-Y', filter, '-T', 'fields', '-e', 'frame.number').split('\n').length - 1;
  const again = 'tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission';
  expect(traffic.impaired.retransmitted).toBeGreaterThan(100);
  expect(traffic.impaired.reordered).toBeGreaterThan(100);
  // tshark takes a segment that comes late for a retransmission when it comes late enough; together they are the same.
  expect(count(`${again} || tcp.analysis.out_of_order`)).toBe(traffic.impaired.retransmitted + traffic.impaired.reordered);
});

/** `adtap generate` at work. */
function generating(...words: readonly string[]) {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'generate', ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = async (): Promise<{ readonly code: number | null; readonly sent: number }> => {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, sent: Number(/^packets +([\d,]+)/m.exec(errors)?.[1]?.replaceAll(',', '')) };
  };
  return { child, ended };
}

it('is heard by a sensor at the other end of a wire', async () => {
  using wire = new Wire();
  const heard = join(scratch, 'heard.ndjson');
  const truth = join(scratch, 'meant.ndjson');
  // Multicast questions are nothing that the default filter lets in.
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', heard, '-f', 'ip', '-e', 'activities']);
  const play = generating('-p', 'attack', '--seed', '4', '-i', wire.far, '-d', '4s', '--speed', '2', '--truth', truth);
  const began = performance.now();
  const { code, sent } = await play.ended();
  expect(sent).toBeGreaterThan(1000);
  expect(code).toBe(0);
  // Four seconds of capture time at twice the speed.
  expect(performance.now() - began).toBeGreaterThan(2000);
  await sensor.until(async () => ((await sensor.status()).adapters[0]?.counts.delivered ?? 0) >= sent);
  const { closing } = await sensor.stop();
  expect(closing.dropped).toBe(0);
  const meant = linesOf(readFileSync(truth, 'utf8'));
  expect(meant.length).toBeGreaterThan(300);
  expect(differences(meant, linesOf(readFileSync(heard, 'utf8')), { times: false })).toEqual([]);
});

it('says of a play that is ended early what was sent, and no more', async () => {
  using wire = new Wire();
  const heard = join(scratch, 'cut.ndjson');
  const truth = join(scratch, 'cut.truth.ndjson');
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', heard, '-f', 'ip', '-e', 'activities']);
  const play = generating('-p', 'attack', '--seed', '5', '-i', wire.far, '-d', '1h', '--rate', '500', '--truth', truth);
  await sensor.until(async () => ((await sensor.status()).adapters[0]?.counts.delivered ?? 0) >= 1000);
  play.child.kill('SIGINT');
  const { code, sent } = await play.ended();
  expect(code).toBe(130);
  await sensor.until(async () => ((await sensor.status()).adapters[0]?.counts.delivered ?? 0) >= sent);
  const { closing } = await sensor.stop();
  expect(closing.packets).toBe(sent);
  const meant = linesOf(readFileSync(truth, 'utf8'));
  expect(meant.length).toBeGreaterThan(50);
  // What was asked and not answered any more is told at the end of the sensor, and not in the truth.
  const answered = linesOf(readFileSync(heard, 'utf8')).filter(({ outcome }) => outcome !== 'unanswered');
  const expected = meant.filter(({ outcome }) => outcome !== 'unanswered');
  expect(differences(expected, answered, { times: false })).toEqual([]);
});

it('says what is wrong with an adapter', () => {
  const run = (): string =>
    execFileSync(process.execPath, ['dist/cli/main.js', 'generate', '-i', 'not-there'], { encoding: 'utf8', stdio: 'pipe' });
  expect(run).toThrow(/adtap: not-there: cannot be sent to: /);
});
