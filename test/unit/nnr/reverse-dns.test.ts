// Reverse DNS and back: servers on loopback that answer with dns-packet, which shares no code with us.
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import dnsPacket from 'dns-packet';
import { afterEach, expect, it } from 'vitest';
import { ReverseDnsAsker } from '../../../src/nnr/active/reverse-dns.ts';

interface Zone {
  /** What there is, by `TYPE name`: data, or the RCODE instead. Nothing is NXDOMAIN. */
  readonly records: Readonly<Record<string, readonly string[] | number>>;
  /** UDP answers are cut, TCP's are whole. */
  readonly cut?: boolean;
}

const NXDOMAIN = 3;
const SERVFAIL = 2;
const open: (Datagrams | Server)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function answered(zone: Zone, request: Uint8Array, asked: string[], isCut: boolean): Uint8Array {
  const { id, flags, questions } = dnsPacket.decode(request);
  const [question = { type: '', name: '' }] = questions;
  const { type, name } = question;
  asked.push(`${type} ${name}`);
  // RFC 1035 4.1.1: RD is set.
  expect([questions.length, flags]).toEqual([1, 0x0100]);
  const found = zone.records[`${type} ${name}`] ?? NXDOMAIN;
  const rcode = typeof found === 'number' ? found : 0;
  const answers = typeof found === 'number' || isCut ? [] : found.map((data) => ({ type, name, ttl: 60, data }));
  return dnsPacket.encode({ type: 'response', id, flags: 0x0180 | (isCut ? 0x0200 : 0) | rcode, questions: [question], answers });
}

/** A server of the zone by UDP, and by TCP on the same port; its port, and what it was asked. */
async function serve(zone: Zone): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const tcp = createServer((socket) => {
    socket.on('data', (bytes) => {
      const answer = answered(zone, bytes.subarray(2), asked, false);
      socket.end(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 0xff), answer]));
    });
    socket.on('error', () => undefined);
  });
  open.push(tcp);
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  open.push(udp);
  udp.on('message', (request, from) => udp.send(answered(zone, request, asked, zone.cut === true), from.port, from.address));
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return { port, asked };
}

async function ask(address: string, zones: readonly Zone[], suffixes: readonly string[] = []) {
  const served = await Promise.all(zones.map(serve));
  const asker = new ReverseDnsAsker({
    from: { ipv4: '', ipv6: '' },
    timeoutMs: 20_000,
    retries: 0,
    servers: served.map(({ port }) => ({ address: '127.0.0.1', port })),
    suffixes,
  });
  const { names, reason, isConfirmed } = await asker.ask(address, new AbortController().signal);
  return { dns: names?.dns, reason, isConfirmed, asked: served.map(({ asked }) => asked) };
}

const POINTER = 'PTR 9.2.0.192.in-addr.arpa';
/** RFC 3596 2.5: each half byte of 2001:db8::9, the last first. */
const POINTER6 = `PTR 9.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;

it.each<[string, string, Zone['records'], readonly [string | undefined, boolean], readonly string[]]>([
  [
    'IPv4, confirmed',
    '192.0.2.9',
    { [POINTER]: ['ws1.lab.example'], 'A ws1.lab.example': ['192.0.2.8', '192.0.2.9'] },
    ['ws1.lab.example', true],
    [POINTER, 'A ws1.lab.example'],
  ],
  [
    'IPv6, confirmed',
    '2001:db8::9',
    { [POINTER6]: ['ws1.lab.example'], 'AAAA ws1.lab.example': ['2001:db8::9'] },
    ['ws1.lab.example', true],
    [POINTER6, 'AAAA ws1.lab.example'],
  ],
  [
    'a name of another address',
    '192.0.2.9',
    { [POINTER]: ['ws1.lab.example'], 'A ws1.lab.example': ['192.0.2.99'] },
    ['ws1.lab.example', false],
    [POINTER, 'A ws1.lab.example'],
  ],
  [
    'a name without an address',
    '192.0.2.9',
    { [POINTER]: ['ws1.lab.example'] },
    ['ws1.lab.example', false],
    [POINTER, 'A ws1.lab.example'],
  ],
  [
    'two names, the second of which is confirmed',
    '192.0.2.9',
    { [POINTER]: ['old.lab.example', 'ws1.lab.example'], 'A ws1.lab.example': ['192.0.2.9'] },
    ['ws1.lab.example', true],
    [POINTER, 'A old.lab.example', 'A ws1.lab.example'],
  ],
  ['no name', '192.0.2.9', {}, [undefined, false], [POINTER]],
  ['an empty answer', '192.0.2.9', { [POINTER]: 0 }, [undefined, false], [POINTER]],
])('%s', async (_, address, records, [dns, isConfirmed], asked) => {
  expect(await ask(address, [{ records }])).toEqual({
    dns,
    isConfirmed,
    reason: dns === undefined ? 'no-name' : '',
    asked: [asked],
  });
});

it('looks for a name of one label in the search domains, in order, before the root', async () => {
  const records = { [POINTER]: ['ws1'], 'A ws1.b.example': ['192.0.2.9'] };
  expect(await ask('192.0.2.9', [{ records }], ['a.example', 'b.example'])).toMatchObject({
    dns: 'ws1.b.example',
    isConfirmed: true,
    asked: [[POINTER, 'A ws1.a.example', 'A ws1.b.example']],
  });
});

it('asks the next server when one fails, not when it knows that there is no name', async () => {
  const good: Zone = { records: { [POINTER]: ['ws1.lab.example'], 'A ws1.lab.example': ['192.0.2.9'] } };
  const failing: Zone = { records: { [POINTER]: SERVFAIL, 'A ws1.lab.example': SERVFAIL } };
  expect(await ask('192.0.2.9', [failing, good])).toMatchObject({ dns: 'ws1.lab.example', isConfirmed: true });
  expect(await ask('192.0.2.9', [{ records: {} }, good])).toMatchObject({ reason: 'no-name', asked: [[POINTER], []] });
  expect(await ask('192.0.2.9', [failing, failing])).toMatchObject({ reason: 'error' });
});

it('asks by TCP for what was cut', async () => {
  const records = { [POINTER]: ['ws1.lab.example'], 'A ws1.lab.example': ['192.0.2.9'] };
  expect(await ask('192.0.2.9', [{ records, cut: true }])).toEqual({
    dns: 'ws1.lab.example',
    isConfirmed: true,
    reason: '',
    asked: [[POINTER, POINTER, 'A ws1.lab.example', 'A ws1.lab.example']],
  });
});
