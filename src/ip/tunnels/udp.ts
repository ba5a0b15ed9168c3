// Tunnels in UDP, by port: VXLAN (RFC 7348) and its generic extension, GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), GRE (RFC
// 8086). What does not look like the tunnel of its port stays a UDP packet.
import { u8, u16be } from '../../bytes/read.ts';
import { ethernet, etherType, looksLikeIp } from '../../link/ethertype.ts';
import { greWalk } from './gre.ts';

/** Ports (IANA service-names; 8472 is what Linux took before there was one). */
const GTP_U_PORT = 2152;
const GRE_PORT = 4754;
const VXLAN_PORT = 4789;
const VXLAN_GPE_PORT = 4790;
const GENEVE_PORT = 6081;
const VXLAN_LINUX_PORT = 8472;

const TRANSPARENT_ETHERNET = 0x6558;

/** VXLAN: flags, of which one says that the network identifier is valid; GPE has one more for the next protocol. */
const VXLAN_BYTES = 8;
const VXLAN_VALID_VNI = 0x08;
const VXLAN_GPE_NEXT = 0x04;
/** Next protocols of VXLAN-GPE. */
const GPE_IPV4 = 1;
const GPE_IPV6 = 2;
const GPE_ETHERNET = 3;

const GENEVE_BYTES = 8;

/** GTP-U: version 1 and protocol type GTP in the first byte's upper bits, message type G-PDU. */
const GTP_BYTES = 8;
const GTP_VERSION_AND_TYPE = 0xf0;
const GTP_VERSION_1 = 0x30;
const GTP_EXTENSION = 0x04;
const GTP_OPTIONS = 0x07;
const GTP_OPTION_BYTES = 4;
const GTP_PDU = 0xff;
const GTP_MAX_EXTENSIONS = 8;

/** Offset of the IP header inside the UDP payload [start, end), or below 0 when it is no tunnel. */
export function udpTunnelWalk(bytes: Uint8Array, start: number, end: number, source: number, destination: number): number {
  // Nearly no packet has one of the ports: two comparisons let the rest go.
  if (!isTunnelPort(source) && !isTunnelPort(destination)) return -1;
  const at = inner(bytes, start, end, isTunnelPort(destination) ? destination : source);
  return looksLikeIp(bytes, at, end) ? at : -1;
}

function isTunnelPort(port: number): boolean {
  switch (port) {
    case GTP_U_PORT:
    case GRE_PORT:
    case VXLAN_PORT:
    case VXLAN_GPE_PORT:
    case GENEVE_PORT:
    case VXLAN_LINUX_PORT:
      return true;
    default:
      return false;
  }
}

function inner(bytes: Uint8Array, start: number, end: number, port: number): number {
  switch (port) {
    case GTP_U_PORT:
      return gtp(bytes, start, end);
    case GRE_PORT:
      return greWalk(bytes, start, end);
    case VXLAN_GPE_PORT:
      return vxlanGpe(bytes, start, end);
    case GENEVE_PORT:
      return geneve(bytes, start, end);
    default:
      return vxlan(bytes, start, end);
  }
}

function vxlan(bytes: Uint8Array, start: number, end: number): number {
  // The other flag bits are reserved, to be ignored, or the group policy's: some switches set them all.
  if (start + VXLAN_BYTES > end || (u8(bytes, start) & VXLAN_VALID_VNI) === 0) return -1;
  return ethernet(bytes, start + VXLAN_BYTES, end);
}

function vxlanGpe(bytes: Uint8Array, start: number, end: number): number {
  const at = start + VXLAN_BYTES;
  if (at > end || (u8(bytes, start) & VXLAN_VALID_VNI) === 0) return -1;
  if ((u8(bytes, start) & VXLAN_GPE_NEXT) === 0) return ethernet(bytes, at, end);
  const next = u8(bytes, start + 3);
  if (next === GPE_ETHERNET) return ethernet(bytes, at, end);
  return next === GPE_IPV4 || next === GPE_IPV6 ? at : -1;
}

function geneve(bytes: Uint8Array, start: number, end: number): number {
  if (start + GENEVE_BYTES > end || u8(bytes, start) >> 6 !== 0) return -1;
  const at = start + GENEVE_BYTES + (u8(bytes, start) & 0x3f) * 4;
  if (at >= end) return -1;
  const type = u16be(bytes, start + 2);
  return type === TRANSPARENT_ETHERNET ? ethernet(bytes, at, end) : etherType(bytes, type, at, end);
}

function gtp(bytes: Uint8Array, start: number, end: number): number {
  let at = start + GTP_BYTES;
  if (at > end) return -1;
  const flags = u8(bytes, start);
  if ((flags & GTP_VERSION_AND_TYPE) !== GTP_VERSION_1 || u8(bytes, start + 1) !== GTP_PDU) return -1;
  if ((flags & GTP_OPTIONS) === 0) return at;
  // Sequence number, N-PDU number and the type of the first extension header: all there when any of them is.
  at += GTP_OPTION_BYTES;
  if (at > end) return -1;
  if ((flags & GTP_EXTENSION) === 0) return at;
  for (let count = 0; count < GTP_MAX_EXTENSIONS && u8(bytes, at - 1) !== 0; count++) {
    if (at >= end) return -1;
    const length = u8(bytes, at) * 4;
    at += length;
    if (length === 0 || at > end) return -1;
  }
  return u8(bytes, at - 1) === 0 ? at : -1;
}
