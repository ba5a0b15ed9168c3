// Generic Routing Encapsulation (RFC 2784, 2890; version 1 for PPTP: RFC 2637) and what mirror ports put into it: ERSPAN I, II
// and III (draft-foschiano-erspan).
import { u8, u16be } from '../../bytes/read.ts';
import { ethernet, etherType, ppp } from '../../link/ethertype.ts';

/** Flag bits and the version in the first two bytes. */
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGMENT = 0x0080;
const VERSION = 0x0007;
/** Protocol types beside the EtherTypes. */
const TRANSPARENT_ETHERNET = 0x6558;
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
const PPP = 0x880b;

const GRE_BYTES = 4;
const OPTION_BYTES = 4;
const ERSPAN_II_BYTES = 8;
const ERSPAN_III_BYTES = 12;
/** Platform specific subheader of type III, there when the O bit, the last of the header, is set. */
const ERSPAN_III_SUBHEADER_BYTES = 8;

/** Offset of the IP header inside, or below 0 when there is none that is read here. */
export function greWalk(bytes: Uint8Array, start: number, end: number): number {
  if (start + GRE_BYTES > end) return -1;
  const flags = u16be(bytes, start);
  const type = u16be(bytes, start + 2);
  const version = flags & VERSION;
  if (version > 1 || (flags & ROUTING) !== 0) return -1;
  const hasSequence = (flags & SEQUENCE) !== 0;
  let at = start + GRE_BYTES;
  if ((flags & CHECKSUM) !== 0) at += OPTION_BYTES;
  if ((flags & KEY) !== 0) at += OPTION_BYTES;
  if (hasSequence) at += OPTION_BYTES;
  if (version === 1 && (flags & ACKNOWLEDGMENT) !== 0) at += OPTION_BYTES;
  if (at >= end) return -1;
  switch (type) {
    case PPP:
      return ppp(bytes, at, end);
    case TRANSPARENT_ETHERNET:
      return ethernet(bytes, at, end);
    case ERSPAN_I_II:
      // Type I has no sequence number and no header of its own; type II has both.
      return ethernet(bytes, hasSequence ? at + ERSPAN_II_BYTES : at, end);
    case ERSPAN_III:
      return erspan3(bytes, at, end);
    default:
      return etherType(bytes, type, at, end);
  }
}

function erspan3(bytes: Uint8Array, start: number, end: number): number {
  const at = start + ERSPAN_III_BYTES;
  if (at > end) return -1;
  const hasSubheader = (u8(bytes, at - 1) & 1) === 1;
  return ethernet(bytes, hasSubheader ? at + ERSPAN_III_SUBHEADER_BYTES : at, end);
}
