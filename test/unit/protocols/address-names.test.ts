// What NetBIOS and DHCP claim of addresses, at the edges: limits, lies about lengths, and what is no computer. That fields are read
// where they stand is held against tshark (test/differential/names.test.ts).
import { afterEach, describe, expect, it } from 'vitest';
import type { Protocol } from '../../../src/protocols/contract.ts';
import { dhcp } from '../../../src/protocols/dhcp/index.ts';
import { dhcpLimits } from '../../../src/protocols/dhcp/limits.ts';
import { configureLimits } from '../../../src/protocols/limits.ts';
import { nbdgm } from '../../../src/protocols/nbdgm/index.ts';
import { nbns } from '../../../src/protocols/nbns/index.ts';
import { nbnsLimits } from '../../../src/protocols/nbns/limits.ts';
import { speak } from '../../support/conversations.ts';
import { play } from '../../support/segments.ts';

afterEach(() => configureLimits({}));

const u16 = (value: number): number[] => [value >> 8, value & 255];
const le16 = (value: number): number[] => [value & 255, value >> 8];
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
/** First-level encoding (RFC 1001 14.1). */
const encoded = (name: string, suffix: number): number[] => [
  32,
  ...[...ascii(name.padEnd(15)), suffix].flatMap((byte) => [0x41 + (byte >> 4), 0x41 + (byte & 15)]),
  0,
];

const claims = (protocol: Protocol, bytes: readonly number[], direction: 0 | 1 = 0): unknown[] =>
  speak({
    protocol,
    transport: 'udp',
    serverPort: protocol.ports[0]?.port ?? 0,
    pieces: [{ direction, bytes: Uint8Array.from(bytes) }],
  }).claims;

describe('nbns', () => {
  /** A registration (RFC 1002 4.2.2) of a name at addresses, each with its flags. */
  const registration = (name: string, suffix: number, addresses: readonly (readonly number[])[], flags = 0x2910): number[] => [
    ...[0, 1],
    ...u16(flags),
    ...[0, 1, 0, 0, 0, 0, 0, 1],
    ...encoded(name, suffix),
    ...[0, 0x20, 0, 1, 0xc0, 12, 0, 0x20, 0, 1, 0, 0, 0, 60],
    ...u16(addresses.length * 6),
    ...addresses.flat(),
  ];
  const entry = (last: number, group = 0): number[] => [group, 0, 10, 0, 0, last];

  it.each([
    ['a workstation', 0x00, 0, 1],
    ['a file server', 0x20, 0, 1],
    ['a user', 0x03, 0, 0],
    ['a domain’s master browser', 0x1b, 0, 0],
    ['a group', 0x00, 0x80, 0],
  ])('%s registers', (_, suffix, group, count) => {
    const said = claims(nbns, registration('WS1', suffix, [entry(7, group)]));
    expect(said).toHaveLength(count);
    if (count > 0) expect(said[0]).toMatchObject({ address: '0a000007', name: 'WS1', method: 'nbns-registration' });
  });

  it('an answer that there is no such name is whole without data', () => {
    // RFC 1002 4.2.14, with the record counted as Windows does: type NULL, no time to live, no data.
    const negative = [0, 7, 0x85, 0x83, 0, 0, 0, 1, 0, 0, 0, 0, ...encoded('NOBODY', 0x20), 0, 10, 0, 1, 0, 0, 0, 0, 0, 0];
    const { messages, refusals } = play(nbns.open('udp'), [{ direction: 1, bytes: Uint8Array.from(negative) }]);
    expect(messages.said).toMatchObject([{ id: 7, response: 1, rcode: 3 }]);
    expect(refusals).toEqual([]);
  });

  it('releases and acknowledgements name nobody', () => {
    expect(claims(nbns, registration('WS1', 0, [entry(7)], 0x3010))).toEqual([]);
    expect(claims(nbns, registration('WS1', 0, [entry(7)], 0xad80))).toEqual([]);
  });

  it.each([31, 32, 33])('reads at most 32 addresses of a message: %i', (count) => {
    const addresses = Array.from({ length: count }, (_, i) => entry(i));
    expect(claims(nbns, registration('WS1', 0, addresses))).toHaveLength(Math.min(count, 32));
    expect(nbnsLimits.addresses.hits).toBe(count > 32 ? 1 : 0);
  });

  it('refuses a record that is longer than its message', () => {
    const whole = registration('WS1', 0, [entry(7), entry(8)]);
    expect(claims(nbns, whole.slice(0, -6))).toEqual([]);
  });
});

describe('nbdgm', () => {
  /** A host announcement (MS-BRWS 2.2.1) in a mailslot write in a datagram. */
  const announcement = (serverType: number, source: readonly number[]): number[] => {
    const browser = [1, 0, 0, 0, 0, 0, ...ascii('WS1'.padEnd(16, '\0')), 10, 0, ...le16(serverType), 0, 0, 15, 1, 0x55, 0xaa, 0];
    const slot = [...ascii('\\MAILSLOT\\BROWSE'), 0];
    const offset = 32 + 1 + 34 + 2 + slot.length;
    const words = [...new Array<number>(22).fill(0), ...le16(browser.length), ...le16(offset), 3, 0, 1, 0, 1, 0, 2, 0];
    const smb = [
      0xff,
      ...ascii('SMB'),
      0x25,
      ...new Array<number>(27).fill(0),
      17,
      ...words,
      ...le16(slot.length + browser.length),
      ...slot,
      ...browser,
    ];
    return [17, 2, 0, 1, 10, 0, 0, 7, 0, 138, ...u16(smb.length + 68), 0, 0, ...source, ...encoded('LAB', 0x1e), ...smb];
  };

  it('names the sender by its datagram and by what it announces', () => {
    expect(claims(nbdgm, announcement(0x1003, encoded('WS1', 0x20)))).toEqual([
      expect.objectContaining({ address: '0a000007', name: 'WS1', method: 'netbios-datagram' }),
      expect.objectContaining({ direction: 0, name: 'WS1', method: 'browser', os: 'Windows 10.0' }),
    ]);
  });

  it('of no system that it names is Windows NT claimed', () => {
    // MS-BRWS 2.2.1: a workstation and a server, without the bit of Windows NT.
    const said = claims(nbdgm, announcement(0x0003, encoded('WS1', 0x20)));
    expect(said.filter((one) => (one as { method: string }).method === 'browser')).toMatchObject([{ name: 'WS1', os: '' }]);
  });

  it('does not take Samba for Windows, nor a group for a computer', () => {
    expect(claims(nbdgm, announcement(0x1803, encoded('LAB', 0x1d)))).toEqual([
      expect.objectContaining({ name: 'WS1', os: 'Unix' }),
    ]);
  });
});

describe('dhcp', () => {
  const ACK = 5;
  const REQUEST = 3;
  const message = (type: number, options: readonly number[], { client = 0, your = 0 } = {}): number[] => [
    ...[type === ACK ? 2 : 1, 1, 6, 0, 0, 0, 0, 9, 0, 0, 0, 0],
    ...(client === 0 ? [0, 0, 0, 0] : [10, 0, 0, client]),
    ...(your === 0 ? [0, 0, 0, 0] : [10, 0, 0, your]),
    ...new Array<number>(8).fill(0),
    ...[2, 0, 0, 0, 0, 1],
    ...new Array<number>(202).fill(0),
    ...[0x63, 0x82, 0x53, 0x63, 53, 1, type],
    ...options,
    255,
  ];
  const mac = '02:00:00:00:00:01';

  it.each([
    ['a request for an address', message(REQUEST, [50, 4, 10, 0, 0, 7, 12, 3, ...ascii('ws1')]), 'dhcp-request', 'ws1'],
    ['a request that renews', message(REQUEST, [12, 3, ...ascii('ws1')], { client: 7 }), 'dhcp-request', 'ws1'],
    ['a lease granted', message(ACK, [], { your: 7 }), 'dhcp-ack', ''],
    ['a lease renewed', message(ACK, [], { client: 7, your: 7 }), 'dhcp-renewal', ''],
  ])('%s', (_, bytes, method, name) => {
    expect(claims(dhcp, bytes)).toEqual([expect.objectContaining({ address: '0a000007', method, name, mac })]);
  });

  it('an address given back ends what was claimed; what is offered is not given', () => {
    expect(claims(dhcp, message(7, [], { client: 7 }))).toEqual([{ address: '0a000007', method: 'dhcp-release', ends: true }]);
    expect(claims(dhcp, message(2, [], { your: 7 }))).toEqual([]);
  });

  it.each(['a b', '-ws1', 'ws1-', '', 'wörk'])('%j is no host name', (name) => {
    const bytes = message(REQUEST, [50, 4, 10, 0, 0, 7, 12, Buffer.byteLength(name, 'latin1'), ...ascii(name)]);
    expect(claims(dhcp, bytes)).toEqual([expect.objectContaining({ name: '', mac })]);
  });

  it.each([255, 256, 257])('reads at most 256 options: %i', (count) => {
    const fill = new Array<number>((count - 1) * 2).fill(0).map((_, i) => (i % 2 === 0 ? 200 : 0));
    const said = claims(dhcp, message(ACK, fill, { your: 7 }));
    expect(said).toHaveLength(count > 256 ? 0 : 1);
    expect(dhcpLimits.options.hits).toBe(count > 256 ? 1 : 0);
  });

  it('refuses an option that is longer than its message', () => {
    expect(claims(dhcp, message(ACK, [12, 200, 1, 2], { your: 7 }))).toEqual([]);
  });
});
