// From an Ethernet header, an EtherType or a PPP protocol number to the IP header behind it: VLAN tags (IEEE 802.1Q, 802.1ad),
// LLC and SNAP (IEEE 802.2), PPPoE sessions (RFC 2516), PPP (RFC 1661, 1662), MPLS (RFC 3032).
import { u8, u16be } from '../bytes/read.ts';
import { hit } from '../protocols/limits.ts';
import { linkLimits as limits } from './limits.ts';

/** EtherTypes (IANA ieee-802-numbers). */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_OLD = 0x9100;
const ETHERTYPE_QINQ_OLDER = 0x9200;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_MPLS_UPSTREAM = 0x8848;
/** Cisco MetaData: version, length, option, group tag, then the EtherType. */
const ETHERTYPE_CISCO_METADATA = 0x8909;
/** Below this an EtherType field is an IEEE 802.3 length. */
const ETHERTYPE_FIRST = 0x0600;
const ETHERNET_BYTES = 14;
const CISCO_METADATA_BYTES = 8;
const PPPOE_BYTES = 6;
/** LLC header of SNAP: DSAP, SSAP, control; of IP itself: the SAP that RFC 948 gave it. */
const LLC_SNAP = 0xaaaa03;
const LLC_IP = 0x060603;
const LLC_BYTES = 3;
const SNAP_BYTES = 8;
/** PPP protocol numbers (IANA ppp-numbers). */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const PPP_MPLS = 0x0281;

/** Results of the walks in this room that are no offset. */
export const LINK_NOT_IP = -1;
export const LINK_CUT = -2;
export const LINK_UNKNOWN = -3;
export const LINK_TOO_MANY_TAGS = -4;

/** Outermost VLAN id passed since startLink(), or -1. */
export let vlanId = -1;
/** No offset reaches so far; a small integer, so that offsets compared with it stay ones. */
export const NO_END = 0x7fff_ffff;
/** Where a length field that was passed since startLink() says that the packet ends (PPPoE); NO_END without one. */
export let linkEnd = 0x7fff_ffff;

/** Forgets what was passed. */
export function startLink(): void {
  vlanId = -1;
  linkEnd = NO_END;
}

/** Offset of the IP header in an Ethernet II or 802.3 frame, from the destination address on; or one of the results above. */
export function ethernet(bytes: Uint8Array, start: number, end: number): number {
  if (start + ETHERNET_BYTES > end) return LINK_CUT;
  return etherType(bytes, u16be(bytes, start + 12), start + ETHERNET_BYTES, end);
}

/** Offset of the IP header behind an EtherType that was read already; tags and labels are passed over. */
export function etherType(bytes: Uint8Array, firstType: number, start: number, end: number): number {
  let type = firstType;
  let at = start;
  for (let tags = 0; tags <= limits.tags.value; tags++) {
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return at < end ? at : LINK_CUT;
    if (type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ || type === ETHERTYPE_QINQ_OLD || type === ETHERTYPE_QINQ_OLDER) {
      if (at + 4 > end) return LINK_CUT;
      if (vlanId === -1) vlanId = u16be(bytes, at) & 0x0fff;
      type = u16be(bytes, at + 2);
      at += 4;
    } else if (type === ETHERTYPE_PPPOE_SESSION) {
      if (at + PPPOE_BYTES > end) return LINK_CUT;
      linkEnd = Math.min(linkEnd, at + PPPOE_BYTES + u16be(bytes, at + 4));
      return ppp(bytes, at + PPPOE_BYTES, Math.min(end, linkEnd));
    } else if (type === ETHERTYPE_MPLS || type === ETHERTYPE_MPLS_UPSTREAM) {
      if (at + 4 > end) return LINK_CUT;
      const isBottom = (u8(bytes, at + 2) & 1) === 1;
      at += 4;
      if (isBottom) return behindLabels(bytes, at, end);
    } else if (type === ETHERTYPE_CISCO_METADATA) {
      if (at + CISCO_METADATA_BYTES > end) return LINK_CUT;
      type = u16be(bytes, at + 6);
      at += CISCO_METADATA_BYTES;
    } else if (type < ETHERTYPE_FIRST) {
      if (at + LLC_BYTES > end) return LINK_CUT;
      const llc = (u16be(bytes, at) << 8) | u8(bytes, at + 2);
      if (llc === LLC_IP) return isIp(bytes, at + LLC_BYTES, end) ? at + LLC_BYTES : LINK_NOT_IP;
      if (llc !== LLC_SNAP) return LINK_NOT_IP;
      if (at + SNAP_BYTES > end) return LINK_CUT;
      type = u16be(bytes, at + 6);
      at += SNAP_BYTES;
      // Behind SNAP the field can be no length any more.
      if (type < ETHERTYPE_FIRST) return LINK_NOT_IP;
    } else return LINK_NOT_IP;
  }
  hit(limits.tags);
  return LINK_TOO_MANY_TAGS;
}

/** Offset of the IP header in an LLC frame (IEEE 802.2). */
export function llc(bytes: Uint8Array, start: number, end: number): number {
  return etherType(bytes, 0, start, end);
}

/** Offset of the IP header in a PPP frame; address and control field and the protocol's first byte may be compressed away. */
export function ppp(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (at + 2 <= end && u16be(bytes, at) === 0xff03) at += 2;
  if (at + 2 > end) return LINK_CUT;
  const isShort = (u8(bytes, at) & 1) === 1;
  const protocol = isShort ? u8(bytes, at) : u16be(bytes, at);
  at += isShort ? 1 : 2;
  if (protocol === PPP_MPLS) return etherType(bytes, ETHERTYPE_MPLS, at, end);
  if (protocol !== PPP_IPV4 && protocol !== PPP_IPV6) return LINK_NOT_IP;
  return at < end ? at : LINK_CUT;
}

/** MPLS does not say what it carries: IP by its version, or Ethernet behind a pseudowire's control word (RFC 4448). */
function behindLabels(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return LINK_CUT;
  if (isIp(bytes, at, end)) return at;
  if (at + 4 > end || u8(bytes, at) >> 4 !== 0) return LINK_NOT_IP;
  const inner = at + 4;
  if (inner + ETHERNET_BYTES >= end) return LINK_NOT_IP;
  const type = u16be(bytes, inner + 12);
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6 && type !== ETHERTYPE_VLAN) return LINK_NOT_IP;
  return etherType(bytes, type, inner + ETHERNET_BYTES, end);
}

/** Whether what stands here may be an IPv4 or IPv6 header. */
export function isIp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false;
  const version = u8(bytes, at) >> 4;
  return version === 4 || version === 6;
}

/** Whether a whole IP header stands here; for carriers that do not say so. */
export function looksLikeIp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at < 0 || at + 20 > end) return false;
  const first = u8(bytes, at);
  if (first >> 4 === 6) return at + 40 <= end;
  return first >> 4 === 4 && (first & 0x0f) >= 5;
}
