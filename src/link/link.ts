// From a captured packet to its first IP header, by linktype as numbered by the tcpdump group.
import { u16be, u16le, u32be, u32le } from '../bytes/read.ts';
import { ethernet, etherType, isIp, LINK_CUT, LINK_NOT_IP, LINK_UNKNOWN, llc, ppp, startLink } from './ethertype.ts';

/** LINKTYPE_* numbers (https://www.tcpdump.org/linktypes.html). */
export const LINKTYPE = {
  NULL: 0,
  ETHERNET: 1,
  PPP: 9,
  FDDI: 10,
  DLT_RAW: 12,
  DLT_RAW_BSD: 14,
  PPP_HDLC: 50,
  PPP_ETHER: 51,
  RAW: 101,
  C_HDLC: 104,
  LOOP: 108,
  LINUX_SLL: 113,
  /** What libpcap on macOS called PKTAP before that had a number. */
  USER2: 149,
  PPI: 192,
  IPV4: 228,
  IPV6: 229,
  NFLOG: 239,
  PKTAP: 258,
  LINUX_SLL2: 276,
} as const;

const SLL_BYTES = 16;
const SLL2_BYTES = 20;
const FDDI_BYTES = 13;
const CISCO_HDLC_BYTES = 4;
const PPPOE_BYTES = 6;
const PPI_BYTES = 8;
/** Header of a PKTAP record: its length, the record's type, the linktype inside. */
const PKTAP_LEAST_BYTES = 12;
const PKTAP_PACKET = 1;
/** NFLOG: family, version, resource id; then type-length-value attributes, each padded to four bytes. */
const NFLOG_BYTES = 4;
const NFLOG_ATTRIBUTE_BYTES = 4;
const NFULA_PAYLOAD = 9;
const NFLOG_MAX_ATTRIBUTES = 32;

/** Offset of the IP header in [start, end), or one of the LINK_ results; leaves vlanId and linkEnd of ethertype.ts. */
export function linkWalk(bytes: Uint8Array, start: number, end: number, linktype: number): number {
  startLink();
  if (linktype === LINKTYPE.ETHERNET) return ethernet(bytes, start, end);
  switch (linktype) {
    case LINKTYPE.PPI:
      return ppi(bytes, start, end);
    case LINKTYPE.PKTAP:
    case LINKTYPE.USER2:
      return pktap(bytes, start, end);
    default:
      return plain(bytes, start, end, linktype);
  }
}

/** Every linktype but those that hold another one. */
function plain(bytes: Uint8Array, start: number, end: number, linktype: number): number {
  switch (linktype) {
    case LINKTYPE.ETHERNET:
      return ethernet(bytes, start, end);
    case LINKTYPE.RAW:
    case LINKTYPE.DLT_RAW:
    case LINKTYPE.DLT_RAW_BSD:
    case LINKTYPE.IPV4:
    case LINKTYPE.IPV6:
      return start < end ? start : LINK_CUT;
    case LINKTYPE.LINUX_SLL:
      return start + SLL_BYTES > end ? LINK_CUT : etherType(bytes, u16be(bytes, start + 14), start + SLL_BYTES, end);
    case LINKTYPE.LINUX_SLL2:
      return start + SLL2_BYTES > end ? LINK_CUT : etherType(bytes, u16be(bytes, start), start + SLL2_BYTES, end);
    case LINKTYPE.NULL:
    case LINKTYPE.LOOP:
      return loopback(bytes, start, end);
    case LINKTYPE.PPP:
      return ppp(bytes, start, end);
    case LINKTYPE.PPP_HDLC:
    case LINKTYPE.C_HDLC:
      return hdlc(bytes, start, end);
    case LINKTYPE.PPP_ETHER:
      return start + PPPOE_BYTES > end ? LINK_CUT : ppp(bytes, start + PPPOE_BYTES, end);
    case LINKTYPE.FDDI:
      return start + FDDI_BYTES > end ? LINK_CUT : llc(bytes, start + FDDI_BYTES, end);
    case LINKTYPE.NFLOG:
      return nflog(bytes, start, end);
    default:
      return LINK_UNKNOWN;
  }
}

/** BSD loopback: the address family in the writer's byte order (or the network's), which is why the IP version decides. */
function loopback(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) return LINK_CUT;
  const family = Math.min(u32be(bytes, start), u32le(bytes, start));
  return family <= 0xff && isIp(bytes, start + 4, end) ? start + 4 : LINK_NOT_IP;
}

/** HDLC framing: Cisco's (address 0x0f unicast or 0x8f multicast, control 0, EtherType) or PPP's (RFC 1662). */
function hdlc(bytes: Uint8Array, start: number, end: number): number {
  if (start + CISCO_HDLC_BYTES > end) return LINK_CUT;
  const address = u16be(bytes, start);
  if (address !== 0x0f00 && address !== 0x8f00) return ppp(bytes, start, end);
  return etherType(bytes, u16be(bytes, start + 2), start + CISCO_HDLC_BYTES, end);
}

/** Netfilter's log: the IP packet is one attribute among others. Lengths are in the writer's byte order. */
function nflog(bytes: Uint8Array, start: number, end: number): number {
  let at = start + NFLOG_BYTES;
  for (let count = 0; count < NFLOG_MAX_ATTRIBUTES; count++) {
    if (at + NFLOG_ATTRIBUTE_BYTES > end) return LINK_CUT;
    const isLittle = u16le(bytes, at + 2) <= u16be(bytes, at + 2);
    const length = isLittle ? u16le(bytes, at) : u16be(bytes, at);
    const type = (isLittle ? u16le(bytes, at + 2) : u16be(bytes, at + 2)) & 0x7fff;
    if (length < NFLOG_ATTRIBUTE_BYTES) return LINK_NOT_IP;
    if (type === NFULA_PAYLOAD) {
      const inner = at + NFLOG_ATTRIBUTE_BYTES;
      return isIp(bytes, inner, end) ? inner : LINK_NOT_IP;
    }
    at += (length + 3) & ~3;
  }
  return LINK_NOT_IP;
}

/** Per-Packet Information: version, flags, length of all headers, the linktype inside. Little-endian. */
function ppi(bytes: Uint8Array, start: number, end: number): number {
  if (start + PPI_BYTES > end) return LINK_CUT;
  const length = u16le(bytes, start + 2);
  if (length < PPI_BYTES) return LINK_NOT_IP;
  return start + length > end ? LINK_CUT : plain(bytes, start + length, end, u32le(bytes, start + 4));
}

/** Apple's PKTAP: length of the header, record type, the linktype inside. Little-endian. */
function pktap(bytes: Uint8Array, start: number, end: number): number {
  if (start + PKTAP_LEAST_BYTES > end) return LINK_CUT;
  const length = u32le(bytes, start);
  if (length < PKTAP_LEAST_BYTES || u32le(bytes, start + 4) !== PKTAP_PACKET) return LINK_NOT_IP;
  return start + length > end ? LINK_CUT : plain(bytes, start + length, end, u32le(bytes, start + 8));
}
