// Tunnels: each carrier around the same inner packet, from literal headers. tshark 4.0 finds the same inner addresses and ports
// in all of them but VXLAN on port 8472, which it takes for VXLAN only when told.
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { FRAGMENT, NOT_IP, OTHER_TRANSPORT, TCP_OR_UDP, TOO_MANY_TUNNELS } from '../../../src/ip/verdict.ts';
import { limits } from '../../../src/protocols/limits.ts';
import { bytes, counting, ETHERNET, ethernet, ipv4, ipv6, join, RAW, udp } from './build.ts';

const INNER = { source: [172, 16, 0, 1], destination: [172, 16, 0, 2] };
const inner4 = ipv4(udp(counting(5), { source: 50_000, destination: 389 }), INNER);
const inner6 = ipv6(udp(counting(5), { source: 50_000, destination: 389 }));
const MACS = '020000000004 020000000003';
const gre = (header: string, inner = inner4): Uint8Array => ipv4(join(bytes(header), inner), { protocol: 47 });
const overUdp = (destination: number, header: string, inner = inner4, source = 61_000): Uint8Array =>
  ipv4(udp(join(bytes(header), inner), { source, destination }));

const CASES: readonly (readonly [string, Uint8Array])[] = [
  ['IPv4 in IPv4', ipv4(inner4, { protocol: 4 })],
  ['IPv6 in IPv4', ipv4(inner6, { protocol: 41 })],
  ['IPv4 in IPv6', ipv6(inner4, { next: 4 })],
  ['IPv6 in IPv6 behind options', ipv6(join(bytes('2900010400000000'), inner6), { next: 60 })],
  ['GRE', gre('0000 0800')],
  ['GRE, IPv6', gre('0000 86dd', inner6)],
  ['GRE with checksum, key and sequence number', gre('b000 0800 12340000 00000007 00000001')],
  ['GRE with PPP', gre('0000 880b ff03 0021')],
  ['GRE with an Ethernet frame (NVGRE)', gre(`2000 6558 00006401 ${MACS} 0800`)],
  ['PPTP', gre('3081 880b 0025 0001 00000001 00000001 ff03 0021')],
  ['PPTP without acknowledgment, compressed', gre('3001 880b 0022 0001 00000001 21')],
  ['ERSPAN I', gre(`0000 88be ${MACS} 0800`)],
  ['ERSPAN II', gre(`1000 88be 00000001 1064 0001 00000000 ${MACS} 0800`)],
  ['ERSPAN II with a VLAN', gre(`1000 88be 00000001 1064 0001 00000000 ${MACS} 8100 0064 86dd`, inner6)],
  ['ERSPAN III', gre(`1000 22eb 00000001 2064 0001 00000000 0000 0000 ${MACS} 0800`)],
  ['ERSPAN III with subheader', gre(`1000 22eb 00000001 2064 0001 00000000 0000 0001 0000000000000000 ${MACS} 0800`)],
  ['VXLAN', overUdp(4789, `08 000000 000064 00 ${MACS} 0800`)],
  ['VXLAN with group policy and reserved bits set', overUdp(4789, `ff01 d1f2 00000b 00 ${MACS} 0800`)],
  ['VXLAN on Linux’ port', overUdp(8472, `08 000000 000064 00 ${MACS} 86dd`, inner6)],
  ['VXLAN from its port', overUdp(61_001, `08 000000 000064 00 ${MACS} 0800`, inner4, 4789)],
  ['VXLAN-GPE, IPv4', overUdp(4790, '0c 0000 01 000064 00')],
  ['VXLAN-GPE, IPv6', overUdp(4790, '0c 0000 02 000064 00', inner6)],
  ['VXLAN-GPE, Ethernet', overUdp(4790, `0c 0000 03 000064 00 ${MACS} 0800`)],
  ['GENEVE', overUdp(6081, `00 00 6558 000064 00 ${MACS} 0800`)],
  ['GENEVE with options, IPv4 inside', overUdp(6081, '02 40 0800 000064 00 0102 80 01 00000000')],
  ['GRE in UDP', overUdp(4754, '0000 0800')],
  ['GTP-U', overUdp(2152, '30 ff 0021 00000001')],
  ['GTP-U with sequence number', overUdp(2152, '32 ff 0025 00000001 0007 00 00')],
  ['GTP-U with an extension header', overUdp(2152, '34 ff 0029 00000001 0000 00 85 01 0009 00', inner4)],
];

describe('tunnels', () => {
  it.each(CASES)('%s', (_name, frame) => {
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, RAW)).toBe(TCP_OR_UDP);
    expect({ ...packet }).toMatchObject({ tunnels: 1, sourcePort: 50_000, destinationPort: 389, end: frame.length, missing: 0 });
    expect(packet.end - packet.payload).toBe(5);
    expect(packet.network).toBe(frame.length - (packet.version === 4 ? inner4.length : inner6.length));
  });

  it('give the VLAN of the mirrored frame', () => {
    const [, frame] = CASES.find(([name]) => name === 'ERSPAN II with a VLAN')!;
    const packet = new Packet();
    packet.walk(frame, 0, frame.length, RAW);
    expect(packet.vlan).toBe(100);
  });

  it('inside each other are taken off up to the limit, at n - 1, n and n + 1', () => {
    const limit = limits().find(({ key }) => key === 'ip.tunnelDepth')!;
    const packet = new Packet();
    const walk = (count: number): number => {
      let frame = inner4;
      for (let i = 0; i < count; i++) frame = i % 2 === 0 ? gre('0000 0800', frame) : ipv4(frame, { protocol: 4 });
      return packet.walk(frame, 0, frame.length, RAW);
    };
    const before = limit.hits;
    expect([walk(limit.value - 1), walk(limit.value)]).toEqual([TCP_OR_UDP, TCP_OR_UDP]);
    expect(packet.tunnels).toBe(limit.value);
    expect(limit.hits).toBe(before);
    expect(walk(limit.value + 1)).toBe(TOO_MANY_TUNNELS);
    expect(limit.hits).toBe(before + 1);
  });

  it.each([
    ['VXLAN with ARP inside', overUdp(4789, `08 000000 000064 00 ${MACS} 0806 0001`, new Uint8Array(26))],
    ['VXLAN without its flag', overUdp(4789, `00 000000 000064 00 ${MACS} 0800`)],
    ['a DNS answer to port 8472', overUdp(8472, '1234 8180 0001 0000 0000 0000', new Uint8Array(20), 53)],
    ['VXLAN-GPE with a network service header inside', overUdp(4790, '0c 0000 04 000064 00')],
    // The inner packet ends before what is around it: there are two bytes behind.
    [
      'a padded inner TCP header that is none',
      overUdp(4790, '0c 0000 01 000064 00', join(ipv4(counting(20, 0x20), { protocol: 6 }), counting(2))),
    ],
    ['GENEVE of another version', overUdp(6081, `40 00 6558 000064 00 ${MACS} 0800`)],
    ['a GTP-U echo request', overUdp(2152, '32 01 0004 00000000 0001 00 00', new Uint8Array(0))],
    ['GTP-U whose extension header has no length', overUdp(2152, '34 ff 0029 00000001 0000 00 85 00 0009 00')],
    ['an inner packet of broken length', overUdp(4789, `08 000000 000064 00 ${MACS} 0800`, ipv4(counting(8), { total: 10 }))],
    ['an inner TCP header that is none', overUdp(4790, '0c 0000 01 000064 00', ipv4(counting(20, 0x20), { protocol: 6 }))],
  ])('%s stays a UDP packet', (_name, frame) => {
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, RAW)).toBe(TCP_OR_UDP);
    expect({ ...packet }).toMatchObject({ tunnels: 0, network: 0, source: 12, payload: 28, end: frame.length });
  });

  it.each([
    ['GRE with ARP', gre('0000 0806', new Uint8Array(28))],
    ['GRE of version 2', gre('0002 0800')],
    ['GRE with source routing', gre('4000 0800 00000000')],
    ['PPTP with LCP', gre('3001 880b 0004 0001 00000001 c021', counting(4))],
  ])('%s is another transport', (_name, frame) => {
    expect(new Packet().walk(frame, 0, frame.length, RAW)).toBe(OTHER_TRANSPORT);
  });

  it('hold fragments too', () => {
    const frame = gre('0000 0800', ipv4(counting(16), { ...INNER, more: true, id: 77 }));
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, RAW)).toBe(FRAGMENT);
    expect({ ...packet }).toMatchObject({ fragmentId: 77, transport: 44, end: 60, tunnels: 1 });
  });

  it('bound what is inside by what is outside', () => {
    // The inner total length claims the Ethernet padding behind the outer packet.
    const lying = ipv4(udp(counting(5), { length: 30 }), { ...INNER, total: 50 });
    const frame = join(ethernet(ipv4(lying, { protocol: 4 })), new Uint8Array(17));
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, ETHERNET)).toBe(TCP_OR_UDP);
    expect([packet.end - packet.payload, packet.missing]).toEqual([5, 0]);
    // What a snaplen cuts is missing inside as outside.
    const long = ipv4(ipv4(udp(counting(100)), INNER), { protocol: 4 });
    expect(packet.walk(long, 0, 60, RAW)).toBe(TCP_OR_UDP);
    expect([packet.end - packet.payload, packet.missing]).toEqual([12, 88]);
  });

  it('leave what is no IP to the outer link layer', () => {
    const frame = ethernet(new Uint8Array(46), 0x0806);
    expect(new Packet().walk(frame, 0, frame.length, ETHERNET)).toBe(NOT_IP);
  });
});
