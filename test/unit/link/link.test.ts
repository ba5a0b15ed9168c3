// Every way to an IP header. The frames are hand-made; what is in each prefix is said beside it, from the documents named in
// src/link. tshark 4.0 dissects each of them to the same addresses and ports, but for the tag 0x9200, which it does not know,
// and the pseudowire, whose control word it takes for an address.
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { LINK_SHORT, NOT_IP, TCP_OR_UDP, TOO_MANY_HEADERS, UNKNOWN_LINKTYPE } from '../../../src/ip/verdict.ts';
import { LINKTYPE } from '../../../src/link/link.ts';
import { limits } from '../../../src/protocols/limits.ts';
import { bytes, counting, ipv4, ipv6, join, udp } from '../ip/build.ts';

const inner4 = ipv4(udp(counting(5)));
const inner6 = ipv6(udp(counting(5)));
const MACS = '020000000002 020000000001';

type Case = readonly [name: string, linktype: number, prefix: string, vlan?: number, version?: 4 | 6];

const TABLE: readonly Case[] = [
  ['Ethernet', LINKTYPE.ETHERNET, `${MACS} 0800`],
  ['Ethernet, IPv6', LINKTYPE.ETHERNET, `${MACS} 86dd`, -1, 6],
  ['802.1Q', LINKTYPE.ETHERNET, `${MACS} 8100 6064 0800 # priority 3, VLAN 100`, 100],
  ['802.1ad', LINKTYPE.ETHERNET, `${MACS} 88a8 0007 8100 0064 0800`, 7],
  ['QinQ as before 802.1ad', LINKTYPE.ETHERNET, `${MACS} 9100 0007 9200 0009 8100 0064 86dd`, 7, 6],
  ['priority tag only', LINKTYPE.ETHERNET, `${MACS} 8100 e000 0800 # VLAN 0`, 0],
  ['802.3 with LLC and SNAP', LINKTYPE.ETHERNET, `${MACS} 0029 aaaa03 000000 0800`],
  ['802.3 with LLC alone', LINKTYPE.ETHERNET, `${MACS} 0024 060603`],
  ['VLAN, 802.3, SNAP', LINKTYPE.ETHERNET, `${MACS} 8100 0005 0029 aaaa03 000000 0800`, 5],
  ['PPPoE', LINKTYPE.ETHERNET, `${MACS} 8864 11 00 0001 0023 0021 # session 1, length 35: protocol and IP`],
  ['PPPoE in QinQ, IPv6', LINKTYPE.ETHERNET, `${MACS} 88a8 0010 8100 0011 8864 11 00 0001 0037 0057`, 16, 6],
  ['MPLS, one label', LINKTYPE.ETHERNET, `${MACS} 8847 00010 1 40 # label 16, bottom of the stack, TTL 64`],
  ['MPLS, two labels in a VLAN', LINKTYPE.ETHERNET, `${MACS} 8100 0003 8847 00010040 00011140`, 3, 6],
  ['MPLS pseudowire with control word', LINKTYPE.ETHERNET, `${MACS} 8847 00010140 00000000 ${MACS} 0800`],
  ['MPLS pseudowire, IPv6', LINKTYPE.ETHERNET, `${MACS} 8847 00010140 00000000 ${MACS} 86dd`, -1, 6],
  ['MPLS pseudowire, VLAN', LINKTYPE.ETHERNET, `${MACS} 8847 00010140 00000007 ${MACS} 8100 0064 0800 # sequence 7`, 100],
  ['Cisco MetaData', LINKTYPE.ETHERNET, `${MACS} 8909 01 01 0001 0064 0800`],
  ['NULL, little-endian', LINKTYPE.NULL, '02000000 # AF_INET'],
  ['NULL, big-endian', LINKTYPE.NULL, '00000002'],
  ['NULL, AF_INET6 of macOS', LINKTYPE.NULL, '1e000000', -1, 6],
  ['LOOP', LINKTYPE.LOOP, '00000018 # AF_INET6 of NetBSD and OpenBSD', -1, 6],
  ['PPP', LINKTYPE.PPP, 'ff03 0021'],
  ['PPP, compressed', LINKTYPE.PPP, '21 # no address and control, protocol of one byte'],
  ['PPP, MPLS', LINKTYPE.PPP, '0281 00010140'],
  ['PPP in HDLC, IPv6', LINKTYPE.PPP_HDLC, 'ff03 0057', -1, 6],
  ['Cisco HDLC', LINKTYPE.C_HDLC, '0f00 0800'],
  ['Cisco HDLC under the PPP number', LINKTYPE.PPP_HDLC, '8f00 86dd', -1, 6],
  ['PPPoE without Ethernet', LINKTYPE.PPP_ETHER, '11 00 0001 0023 0021'],
  ['raw IP', LINKTYPE.RAW, ''],
  ['raw IP, IPv6', LINKTYPE.RAW, '', -1, 6],
  ['raw IP as some DLT 12', LINKTYPE.DLT_RAW, ''],
  ['raw IP as some DLT 14', LINKTYPE.DLT_RAW_BSD, ''],
  ['IPv4', LINKTYPE.IPV4, ''],
  ['IPv6', LINKTYPE.IPV6, '', -1, 6],
  ['Linux cooked', LINKTYPE.LINUX_SLL, '0000 0001 0006 0200000000010000 0800 # to us, Ethernet, 6 bytes of address'],
  ['Linux cooked, VLAN', LINKTYPE.LINUX_SLL, '0004 0001 0006 0200000000010000 8100 0064 86dd', 100, 6],
  ['Linux cooked 2', LINKTYPE.LINUX_SLL2, '0800 0000 00000002 0001 00 06 0200000000010000'],
  ['Linux cooked 2, IPv6', LINKTYPE.LINUX_SLL2, '86dd 0000 00000002 0001 04 06 0200000000010000', -1, 6],
  ['FDDI', LINKTYPE.FDDI, `50 ${MACS} aaaa03 000000 0800`],
  ['NFLOG', LINKTYPE.NFLOG, '02 00 002a 0800 0100 00000300 0500 0a00 00 000000 2500 0900 # packet header, prefix, payload'],
  ['PPI', LINKTYPE.PPI, `00 00 1000 01000000 0800 0400 00000000 ${MACS} 0800 # 16 bytes of headers, linktype 1`],
  ['PKTAP', LINKTYPE.PKTAP, `6c000000 01000000 01000000 ${'00'.repeat(96)} ${MACS} 0800`],
];

const CASES = TABLE.map(([name, linktype, prefix, vlan = -1, version = 4]) => ({ name, linktype, prefix, vlan, version }));

describe('linkWalk', () => {
  it.each(CASES)('$name', ({ linktype, prefix, vlan, version }) => {
    const inner = version === 4 ? inner4 : inner6;
    const frame = join(bytes(prefix), inner);
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, linktype)).toBe(TCP_OR_UDP);
    expect({ ...packet }).toMatchObject({ version, network: frame.length - inner.length, vlan, tunnels: 0 });
    expect([packet.sourcePort, packet.destinationPort, packet.end - packet.payload]).toEqual([40_000, 53, 5]);
  });

  it.each(CASES)('$name, cut in front of the IP header', ({ linktype, prefix, version }) => {
    const head = bytes(prefix);
    const frame = join(head, version === 4 ? inner4 : inner6);
    const packet = new Packet();
    for (let end = 0; end <= head.length; end++) {
      const verdict = packet.walk(frame, 0, end, linktype);
      expect([LINK_SHORT, NOT_IP]).toContain(verdict);
      expect(packet.version).toBe(0);
    }
  });

  it.each([
    ['ARP', LINKTYPE.ETHERNET, `${MACS} 0806 0001 0800 0604 0001`, NOT_IP],
    [
      'what MPLS carries but IP and Ethernet',
      LINKTYPE.ETHERNET,
      `${MACS} 8847 00010140 1${'0'.repeat(7)} ${MACS} 0800 45`,
      NOT_IP,
    ],
    [
      'a pseudowire of what is hardly Ethernet',
      LINKTYPE.ETHERNET,
      `${MACS} 8847 00010140 00000000 ${MACS} 0024 060603 ${'45'.repeat(40)}`,
      NOT_IP,
    ],
    ['PPPoE discovery', LINKTYPE.ETHERNET, `${MACS} 8863 1109 0000 0004 0101 0000`, NOT_IP],
    ['spanning tree', LINKTYPE.ETHERNET, `${MACS} 0026 424203 0000000000`, NOT_IP],
    ['IPX in SNAP', LINKTYPE.ETHERNET, `${MACS} 0026 aaaa03 000000 8137 ffff`, NOT_IP],
    ['SNAP in SNAP', LINKTYPE.ETHERNET, `${MACS} 0026 aaaa03 000000 0010 aaaa03 000000 0800 4500`, NOT_IP],
    ['LCP', LINKTYPE.PPP, 'ff03 c021 01010004', NOT_IP],
    ['an unknown address family', LINKTYPE.NULL, '00010203 45', NOT_IP],
    ['NFLOG with a length of nothing', LINKTYPE.NFLOG, '02 00 002a 0000 0100 0000', NOT_IP],
    ['PPI in PPI', LINKTYPE.PPI, '00 00 0800 c0000000 00 00 0800 01000000', UNKNOWN_LINKTYPE],
    ['PKTAP that is no packet', LINKTYPE.PKTAP, '0c000000 00000000 01000000 45', NOT_IP],
    ['IEEE 802.11', 105, '00'.repeat(40), UNKNOWN_LINKTYPE],
  ])('%s is no IP', (_name, linktype, text, verdict) => {
    const frame = bytes(text);
    expect(new Packet().walk(frame, 0, frame.length, linktype)).toBe(verdict);
  });

  it('counts tags up to the limit', () => {
    const tags = limits().find(({ key }) => key === 'link.tags')!;
    const packet = new Packet();
    const frame = (count: number): Uint8Array => bytes(`${MACS} ${'8100 0001'.repeat(count)} 0800`);
    const walk = (count: number): number => {
      const whole = join(frame(count), inner4);
      return packet.walk(whole, 0, whole.length, LINKTYPE.ETHERNET);
    };
    const before = tags.hits;
    expect([walk(tags.value - 1), walk(tags.value)]).toEqual([TCP_OR_UDP, TCP_OR_UDP]);
    expect(tags.hits).toBe(before);
    expect(walk(tags.value + 1)).toBe(TOO_MANY_HEADERS);
    expect(tags.hits).toBe(before + 1);
  });

  it("takes no more than PPPoE's length says", () => {
    // Length 35 = protocol (2) and 33 bytes of IP; six bytes of Ethernet padding follow, and the IP header claims them.
    const lying = ipv4(join(udp(counting(5), { length: 19 })), { total: 39 });
    const frame = join(bytes(`${MACS} 8864 11 00 0001 0023 0021`), lying, new Uint8Array(6));
    const packet = new Packet();
    expect(packet.walk(frame, 0, frame.length, LINKTYPE.ETHERNET)).toBe(TCP_OR_UDP);
    expect([packet.end - packet.payload, packet.missing]).toEqual([5, 0]);
  });
});
