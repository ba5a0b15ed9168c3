// From the link layer to the first IP header: linktypes as numbered by the tcpdump group, VLAN tags, PPPoE, MPLS.
import { u8, u16be, u32be, u32le } from '../bytes/read.ts';
import { defineLimits } from '../protocols/limits.ts';

export const linkLimits = defineLimits('link', {
  tags: { default: 8, max: 64, unit: 'tags', policy: 'refuse', help: 'VLAN tags and MPLS labels in front of one packet.' },
});

/** LINKTYPE_* numbers (https://www.tcpdump.org/linktypes.html). */
export const LINKTYPE = {
  NULL: 0,
  ETHERNET: 1,
  PPP: 9,
  DLT_RAW: 12,
  DLT_RAW_BSD: 14,
  PPP_HDLC: 50,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

/** EtherTypes (IANA ieee-802-numbers). */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_OLD = 0x9100;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_MPLS_MULTICAST = 0x8848;
/** Below this an EtherType field is an IEEE 802.3 length. */
const ETHERTYPE_FIRST = 0x0600;
/** LLC header of SNAP: DSAP, SSAP, control (IEEE 802.2). */
const SNAP = 0xaaaa03;
/** PPP protocol numbers (RFC 1661, IANA). */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

/** Results of linkWalk() that are no offset. */
export const LINK_NOT_IP = -1;
export const LINK_CUT = -2;
export const LINK_UNKNOWN = -3;

/** Outermost VLAN id of the last linkWalk(), or -1. */
export let vlanId = -1;

/** Offset of the IP header in [start, end), or one of the results above. */
export function linkWalk(bytes: Uint8Array, start: number, end: number, linktype: number): number {
  vlanId = -1;
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
      return start + 16 > end ? LINK_CUT : etherType(bytes, u16be(bytes, start + 14), start + 16, end);
    case LINKTYPE.LINUX_SLL2:
      return start + 20 > end ? LINK_CUT : etherType(bytes, u16be(bytes, start), start + 20, end);
    case LINKTYPE.NULL:
    case LINKTYPE.LOOP:
      return loopback(bytes, start, end);
    case LINKTYPE.PPP:
    case LINKTYPE.PPP_HDLC:
      return ppp(bytes, start, end);
    default:
      return LINK_UNKNOWN;
  }
}

/** Ethernet II or 802.3, from the destination address on; also inside GRE, VXLAN and GENEVE. */
export function ethernet(bytes: Uint8Array, start: number, end: number): number {
  if (start + 14 > end) return LINK_CUT;
  return etherType(bytes, u16be(bytes, start + 12), start + 14, end);
}

/** What comes behind an EtherType; tags are passed over. */
export function etherType(bytes: Uint8Array, firstType: number, start: number, end: number): number {
  let type = firstType;
  let at = start;
  for (let tags = 0; tags <= linkLimits.tags.value; tags++) {
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return at < end ? at : LINK_CUT;
    if (type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ || type === ETHERTYPE_QINQ_OLD) {
      if (at + 4 > end) return LINK_CUT;
      if (vlanId === -1) vlanId = u16be(bytes, at) & 0x0fff;
      type = u16be(bytes, at + 2);
      at += 4;
    } else if (type === ETHERTYPE_PPPOE_SESSION) {
      return at + 6 > end ? LINK_CUT : ppp(bytes, at + 6, end);
    } else if (type === ETHERTYPE_MPLS || type === ETHERTYPE_MPLS_MULTICAST) {
      if (at + 4 > end) return LINK_CUT;
      const bottom = (u8(bytes, at + 2) & 1) === 1;
      at += 4;
      if (bottom) return isIp(bytes, at, end) ? at : LINK_NOT_IP;
    } else if (type < ETHERTYPE_FIRST) {
      if (at + 8 > end || u32be(bytes, at) >>> 8 !== SNAP) return LINK_NOT_IP;
      type = u16be(bytes, at + 6);
      at += 8;
    } else return LINK_NOT_IP;
  }
  return LINK_NOT_IP;
}

/** BSD loopback: the address family in the writer's byte order (or the network's), which is why the IP version decides. */
function loopback(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) return LINK_CUT;
  const family = Math.min(u32be(bytes, start), u32le(bytes, start));
  return family <= 0xff && isIp(bytes, start + 4, end) ? start + 4 : LINK_NOT_IP;
}

function ppp(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  // Address and control field of HDLC-like framing (RFC 1662 3.1), which may be left out.
  if (at + 2 <= end && u8(bytes, at) === 0xff && u8(bytes, at + 1) === 0x03) at += 2;
  if (at + 2 > end) return LINK_CUT;
  const short = (u8(bytes, at) & 1) === 1;
  const protocol = short ? u8(bytes, at) : u16be(bytes, at);
  at += short ? 1 : 2;
  return (protocol === PPP_IPV4 || protocol === PPP_IPV6) && at < end ? at : LINK_NOT_IP;
}

/** Whether what stands here may be an IPv4 or IPv6 header. */
export function isIp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false;
  const version = u8(bytes, at) >> 4;
  return version === 4 || version === 6;
}
