// What mirror ports and overlays put around a packet: GRE (RFC 2784, 2890) with ERSPAN I/II/III, VXLAN (RFC 7348), GENEVE
// (RFC 8926), IP in IP (RFC 2003, 4213). Each walk gives the offset of the inner IP header, or -1 when there is none.
import { u8, u16be, u32be } from '../../bytes/read.ts';
import { ethernet, etherType, isIp } from '../../link/link.ts';

/** IP protocol numbers. */
export const IPV4_IN_IP = 4;
export const IPV6_IN_IP = 41;
export const GRE = 47;

/** UDP ports. */
const VXLAN_PORT = 4789;
const VXLAN_LINUX_PORT = 8472;
const GENEVE_PORT = 6081;

/** GRE flag bits and protocol types. */
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_ACKNOWLEDGMENT = 0x0080;
const TRANSPARENT_ETHERNET = 0x6558;
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
const GRE_PPP = 0x880b;
const ERSPAN_II_BYTES = 8;
const ERSPAN_III_BYTES = 12;
const ERSPAN_III_SUBHEADER_BYTES = 8;

export function greWalk(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) return -1;
  const flags = u16be(bytes, start);
  const type = u16be(bytes, start + 2);
  const version = flags & 7;
  let at = start + 4;
  if ((flags & GRE_ROUTING) !== 0) return -1;
  if ((flags & GRE_CHECKSUM) !== 0) at += 4;
  if ((flags & GRE_KEY) !== 0) at += 4;
  if ((flags & GRE_SEQUENCE) !== 0) at += 4;
  if (version === 1) {
    // PPTP (RFC 2637): a PPP frame, whose protocol field stands first.
    if ((flags & GRE_ACKNOWLEDGMENT) !== 0) at += 4;
    return type === GRE_PPP ? pppInner(bytes, at, end) : -1;
  }
  if (version !== 0 || at >= end) return -1;
  if (type === TRANSPARENT_ETHERNET) return inner(ethernet(bytes, at, end));
  // ERSPAN type I has no sequence number and no header of its own; types II and III have both.
  if (type === ERSPAN_I_II) return inner(ethernet(bytes, (flags & GRE_SEQUENCE) === 0 ? at : at + ERSPAN_II_BYTES, end));
  if (type === ERSPAN_III) {
    if (at + ERSPAN_III_BYTES > end) return -1;
    const hasSubheader = (u8(bytes, at + 11) & 1) === 1;
    return inner(ethernet(bytes, at + ERSPAN_III_BYTES + (hasSubheader ? ERSPAN_III_SUBHEADER_BYTES : 0), end));
  }
  return inner(etherType(bytes, type, at, end));
}

/** VXLAN and GENEVE by port; what does not look like one stays a UDP packet. */
export function udpTunnelWalk(
  bytes: Uint8Array,
  start: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
): number {
  if (destinationPort === VXLAN_PORT || destinationPort === VXLAN_LINUX_PORT) {
    // Flags with the I bit set, reserved bits zero but for the group policy's.
    if (start + 8 > end || (u8(bytes, start) & 0x77) !== 0 || (u8(bytes, start) & 0x08) === 0) return -1;
    return checked(bytes, ethernet(bytes, start + 8, end), end);
  }
  if (destinationPort === GENEVE_PORT || sourcePort === GENEVE_PORT) {
    if (start + 8 > end || u8(bytes, start) >> 6 !== 0) return -1;
    const at = start + 8 + (u8(bytes, start) & 0x3f) * 4;
    if (at >= end) return -1;
    const type = u16be(bytes, start + 2);
    return checked(bytes, type === TRANSPARENT_ETHERNET ? ethernet(bytes, at, end) : etherType(bytes, type, at, end), end);
  }
  return -1;
}

function pppInner(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (at + 4 > end) return -1;
  if (u16be(bytes, at) === 0xff03) at += 2;
  const short = (u8(bytes, at) & 1) === 1;
  const protocol = short ? u8(bytes, at) : u16be(bytes, at);
  at += short ? 1 : 2;
  return protocol === 0x21 || protocol === 0x57 ? at : -1;
}

const inner = (at: number): number => (at < 0 ? -1 : at);

function checked(bytes: Uint8Array, at: number, end: number): number {
  return at >= 0 && isIp(bytes, at, end) && u32be(bytes, at) !== 0 ? at : -1;
}
