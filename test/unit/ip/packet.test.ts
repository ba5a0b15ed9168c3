// The header walk on literal packets. Layouts are those of RFC 791, 8200, 9293, 768, 4302 and 2675; what tshark 4.0 says about
// lying lengths is noted where it decided.
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import {
  FRAGMENT,
  IP_BAD_LENGTH,
  IP_BAD_VERSION,
  IP_SHORT,
  OTHER_TRANSPORT,
  TCP_BAD_OFFSET,
  TCP_OR_UDP,
  TOO_MANY_HEADERS,
  TRANSPORT_SHORT,
  UDP_BAD_LENGTH,
  VERDICTS,
  type Verdict,
} from '../../../src/ip/verdict.ts';
import { limits } from '../../../src/protocols/limits.ts';
import { bytes, counting, ETHERNET, ethernet, fragment6, ipv4, ipv6, join, RAW, tcp, udp } from './build.ts';

function walked(frame: Uint8Array, linktype = RAW, captured = frame.length): Packet & { verdict: Verdict } {
  const packet = new Packet();
  const verdict = packet.walk(frame, 0, captured, linktype);
  return Object.assign(packet, { verdict });
}

/** An IPv6 extension header of `units` + 1 times eight bytes: next header, length, padding option. */
const extension = (next: number, payload: Uint8Array, units = 0): Uint8Array =>
  join(Uint8Array.from([next, units, 1, 4 + 8 * units]), new Uint8Array(4 + 8 * units), payload);
/** An authentication header (RFC 4302) with an integrity value of 12 bytes: 24 bytes, (24 / 4) - 2 in its length field. */
const authentication = (next: number, payload: Uint8Array): Uint8Array =>
  join(Uint8Array.from([next, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), new Uint8Array(12).fill(0xaa), payload);

describe('Packet', () => {
  it('walks Ethernet, IPv4 and TCP to the payload', () => {
    const frame = bytes(`
      020000000002 020000000001 0800  # destination, source, IPv4
      45 00 0030 abcd 4000 40 06 0000 # version, length 48, id, don't fragment, TTL 64, TCP
      c0a80102 c0a80103               # 192.168.1.2 to 192.168.1.3
      c001 0058 11223344 55667788     # ports 49153 and 88, sequence, acknowledgment
      6 018 7fff 1a2b 0000            # 24 bytes of header, PSH and ACK, window, checksum
      02040000                        # an option
      41424344                        # payload
      0000`); // Ethernet padding
    expect(walked(frame, ETHERNET)).toMatchObject({
      ...{ verdict: TCP_OR_UDP, version: 4, network: 14, source: 26, destination: 30, protocol: 6, id: 0xabcd },
      ...{ sourcePort: 49_153, destinationPort: 88, transport: 34, payload: 58, end: 62, missing: 0, vlan: -1, tunnels: 0 },
      ...{ sequence: 0x11223344, acknowledgment: 0x55667788, flags: 0x18, window: 0x7fff, checksum: 0x1a2b, fragment: false },
    });
  });

  it('walks IPv6 and UDP', () => {
    const frame = bytes(`
      60000000 000c 11 40                # payload length 12, UDP, hop limit 64
      20010db8 000000000000000000000001  # 2001:db8::1
      20010db8 000000000000000000000002
      d431 0035 000c 9f9f                # ports 54321 and 53, length 12, checksum
      deadbeef`);
    expect(walked(frame)).toMatchObject({
      ...{ verdict: TCP_OR_UDP, version: 6, network: 0, source: 8, destination: 24, protocol: 17, id: 0 },
      ...{ sourcePort: 54_321, destinationPort: 53, transport: 40, payload: 48, end: 52, missing: 0, checksum: 0x9f9f },
    });
  });

  it('steps over IPv4 options', () => {
    const packet = walked(ipv4(udp(counting(3)), { options: bytes('94040000 01010101') }));
    expect(packet).toMatchObject({ verdict: TCP_OR_UDP, transport: 28, payload: 36, end: 39 });
  });

  it.each([
    ['hop-by-hop options', 0, (inner: Uint8Array) => extension(17, inner)],
    ['long destination options', 60, (inner: Uint8Array) => extension(17, inner, 3)],
    ['a routing header', 43, (inner: Uint8Array) => extension(17, inner, 2)],
    ['mobility, host identity and shim6', 135, (inner: Uint8Array) => extension(139, extension(140, extension(17, inner)))],
    ['an authentication header', 51, (inner: Uint8Array) => authentication(17, inner)],
    ['an atomic fragment', 44, (inner: Uint8Array) => fragment6(inner, 7, 0, false)],
    ['all of them', 0, (inner: Uint8Array) => extension(43, extension(51, authentication(44, fragment6(inner, 7, 0, false))))],
  ])('steps over %s', (_name, next, wrap) => {
    const frame = ipv6(wrap(udp(counting(6))), { next });
    const packet = walked(frame);
    expect(packet).toMatchObject({ verdict: TCP_OR_UDP, protocol: 17, sourcePort: 40_000, fragment: false });
    expect([packet.payload, packet.end]).toEqual([frame.length - 6, frame.length]);
  });

  it('steps over the authentication header of IPv4', () => {
    const packet = walked(ipv4(authentication(6, tcp(counting(4))), { protocol: 51 }));
    expect(packet).toMatchObject({ verdict: TCP_OR_UDP, protocol: 6, destinationPort: 88 });
  });

  it.each([
    ['ICMP', ipv4(counting(8), { protocol: 1 })],
    ['SCTP', ipv4(counting(12), { protocol: 132 })],
    ['ESP', ipv4(counting(16), { protocol: 50 })],
    ['ESP behind options', ipv6(extension(50, counting(16)), { next: 0 })],
    ['no next header', ipv6(new Uint8Array(0), { next: 59 })],
  ])('%s is another transport', (_name, frame) => {
    const packet = walked(frame);
    expect(packet.verdict).toBe(OTHER_TRANSPORT);
    expect([packet.sourcePort, packet.destinationPort]).toEqual([0, 0]);
  });

  it('tells fragments', () => {
    const first = walked(ipv4(counting(16), { more: true, id: 9 }));
    expect(first).toMatchObject({ verdict: FRAGMENT, fragment: true, fragmentOffset: 0, moreFragments: true, fragmentId: 9 });
    const last = walked(ipv4(counting(5), { offset: 1480, id: 9 }));
    expect(last).toMatchObject({ verdict: FRAGMENT, fragmentOffset: 1480, moreFragments: false, transport: 20, end: 25 });
    const six = walked(ipv6(extension(44, fragment6(counting(8), 0xfedcba98, 1448, true)), { next: 0 }));
    expect(six).toMatchObject({ verdict: FRAGMENT, fragmentOffset: 1448, moreFragments: true, fragmentId: 0xfedcba98 });
    // Behind IPv6 (40), hop-by-hop (8) and the fragment header (8), which the hop-by-hop header's first byte names.
    expect(six).toMatchObject({ transport: 56, end: 64, protocol: 17, named: 40 });
    expect(walked(ipv4(tcp(counting(2)), { protocol: 6 })).fragment).toBe(false);
  });

  it('counts what the capture lacks', () => {
    const whole = ipv4(tcp(counting(100)), { protocol: 6 });
    expect(walked(whole, RAW, 90)).toMatchObject({ verdict: TCP_OR_UDP, payload: 40, end: 90, missing: 50 });
    const datagram = ipv4(udp(counting(100)));
    expect(walked(datagram, RAW, 90)).toMatchObject({ verdict: TCP_OR_UDP, payload: 28, end: 90, missing: 38 });
    // Cut in the TCP options: the payload is missing as a whole.
    const options = ipv4(tcp(counting(10), { options: counting(12) }), { protocol: 6 });
    expect(walked(options, RAW, 44)).toMatchObject({ verdict: TCP_OR_UDP, payload: 44, end: 44, missing: 10 });
    expect(walked(options, RAW, 39).verdict).toBe(TRANSPORT_SHORT);
    // Cut where the UDP payload ends, inside what the IP header promises beyond it: nothing is missing.
    const padded = ipv4(join(udp(counting(4)), new Uint8Array(20)));
    expect(walked(padded, RAW, 34)).toMatchObject({ payload: 28, end: 32, missing: 0 });
  });

  it('takes the rest of the frame where segmentation offload left the length 0', () => {
    const segment = ipv4(tcp(counting(3000)), { protocol: 6, total: 0 });
    expect(walked(ethernet(segment), ETHERNET)).toMatchObject({ verdict: TCP_OR_UDP, payload: 54, end: 3054, missing: 0 });
    const six = ipv6(tcp(counting(3000)), { next: 6, length: 0 });
    expect(walked(six)).toMatchObject({ verdict: TCP_OR_UDP, payload: 60, end: 3060, missing: 0 });
  });

  it('reads a jumbogram with its option', () => {
    // RFC 2675: payload length 0, hop-by-hop option 0xc2 of 4 bytes, UDP length 0.
    const jumbo = join(bytes('11 00 c2 04 00000018'), udp(counting(8), { length: 0 }));
    expect(walked(ipv6(jumbo, { next: 0, length: 0 }))).toMatchObject({ verdict: TCP_OR_UDP, payload: 56, end: 64 });
  });

  it('cuts padding and trailers off', () => {
    const frame = join(ethernet(ipv4(udp(counting(2)))), new Uint8Array(16));
    expect(walked(frame, ETHERNET)).toMatchObject({ payload: 42, end: 44, missing: 0 });
    // UDP shorter than the IP payload; tshark: the rest is a trailer.
    expect(walked(ipv4(join(udp(counting(2)), counting(9))))).toMatchObject({ payload: 28, end: 30 });
  });

  it.each([
    ['no bytes', new Uint8Array(0), -1],
    ['half an IPv4 header', ipv4(udp(counting(1))).subarray(0, 19), IP_SHORT],
    ['half an IPv6 header', ipv6(udp(counting(1))).subarray(0, 39), IP_SHORT],
    ['IPv4 options cut', ipv4(udp(counting(1)), { options: counting(8) }).subarray(0, 27), IP_SHORT],
    ['version 5', bytes('55000000').subarray(0, 4), IP_BAD_VERSION],
    ['IPv4 header of 16 bytes', join(Uint8Array.from([0x44]), ipv4(udp(counting(1))).subarray(1)), IP_BAD_LENGTH],
    ['total length below the header', ipv4(udp(counting(1)), { total: 19 }), IP_BAD_LENGTH],
    ['extension header cut', ipv6(bytes('1100'), { next: 0 }), IP_SHORT],
    ['extension header longer than the packet', ipv6(bytes('11ff010400000000'), { next: 60 }), IP_SHORT],
    ['half a UDP header', ipv4(counting(7)), TRANSPORT_SHORT],
    ['half a TCP header', ipv4(counting(19), { protocol: 6 }), TRANSPORT_SHORT],
    ['TCP offset below its header', ipv4(tcpWithOffset(4), { protocol: 6 }), TCP_BAD_OFFSET],
    ['TCP offset behind the packet', ipv4(tcpWithOffset(15), { protocol: 6 }), TCP_BAD_OFFSET],
    // tshark: "BAD UDP LENGTH 7 < 8", not dissected further; likewise 0 where IP gives its length.
    ['UDP length 7', ipv4(udp(counting(4), { length: 7 })), UDP_BAD_LENGTH],
    ['UDP length 0', ipv4(udp(counting(4), { length: 0 })), UDP_BAD_LENGTH],
  ])('refuses %s', (_name, frame, verdict) => {
    const packet = walked(frame);
    expect(packet.verdict).toBe(verdict === -1 ? 5 : verdict);
    expect(VERDICTS[packet.verdict]!.end).toBe('dropped');
    expect([packet.sourcePort, packet.destinationPort]).toEqual([0, 0]);
  });

  it('cuts a UDP length beyond the packet, as tshark does', () => {
    expect(walked(ipv4(udp(counting(4), { length: 9000 })))).toMatchObject({ verdict: TCP_OR_UDP, end: 32, missing: 0 });
  });

  it('bounds extension headers by the limit, at n - 1, n and n + 1', () => {
    const limit = limits().find(({ key }) => key === 'ip.extensionHeaders')!;
    const frame = (count: number): Uint8Array => {
      let inner = udp(counting(1));
      for (let i = 0; i < count; i++) inner = extension(i === 0 ? 17 : 60, inner);
      return ipv6(inner, { next: 60 });
    };
    const before = limit.hits;
    expect([limit.value - 1, limit.value].map((count) => walked(frame(count)).verdict)).toEqual([TCP_OR_UDP, TCP_OR_UDP]);
    expect(limit.hits).toBe(before);
    expect(walked(frame(limit.value + 1)).verdict).toBe(TOO_MANY_HEADERS);
    expect(limit.hits).toBe(before + 1);
  });

  it('forgets the packet before', () => {
    const packet = new Packet();
    const good = ethernet(ipv4(udp(counting(4))));
    packet.walk(good, 0, good.length, ETHERNET);
    expect(packet.walk(good, 0, 20, ETHERNET)).toBe(IP_SHORT);
    expect(packet).toMatchObject({ version: 0, protocol: 0 });
  });
});

function tcpWithOffset(words: number): Uint8Array {
  const segment = tcp(counting(4));
  segment[12] = words << 4;
  return segment;
}

it('names every verdict once', () => {
  expect(new Set(VERDICTS.map(({ label }) => label)).size).toBe(VERDICTS.length);
});
