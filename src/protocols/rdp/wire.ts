// RDP's first two messages in place: TPKT (RFC 1006 6), the X.224 connection request and confirm (X.224 13.3, 13.4), the cookie and
// the negotiation in them (MS-RDPBCGR 2.2.1.1, 2.2.1.2).
import { startsWithAscii, u8, u16be, u32le } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, OVERRUN, type Reason, SHORT } from '../../bytes/reason.ts';
import { latin1, utf8 } from '../../bytes/text.ts';
import type { View } from '../contract.ts';
import { CONNECTION_CONFIRM, CONNECTION_REQUEST, NEG_FAILURE, NEG_REQ, NEG_RSP, TPKT_VERSION } from './names.ts';

/** TPKT header, then the fixed part of the connection TPDU: length, code, two references, class. */
export const TPKT = 4;
const TPDU = 7;
const CODE = 5;
/** The TPDU's length octet is at most 254, and does not count itself. */
const MAX_LENGTH = TPKT + 255;
const NEGOTIATION = 8;
const COOKIE = 'Cookie: ';
const CR = 0x0d;
const LF = 0x0a;

/** Length of the packet whose TPKT header starts at `at`, which must hold 4 bytes; 0 when it is none of a connection. */
export function packetLength(bytes: Uint8Array, at: number): number {
  const length = u16be(bytes, at + 2);
  return u8(bytes, at) === TPKT_VERSION && u8(bytes, at + 1) === 0 && length >= TPKT + TPDU && length <= MAX_LENGTH ? length : 0;
}

export class ConnectionTpdu implements View {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  code = 0;
  cookie = '';
  /** Type of the negotiation structure, 0 when there is none, and its last field. */
  negotiation = 0;
  value = 0;

  /** [start, end) is one whole packet. */
  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.cookie = '';
    this.negotiation = 0;
    this.value = 0;
    if (end - start < TPKT + TPDU) return SHORT;
    if (packetLength(bytes, start) !== end - start || u8(bytes, start + TPKT) !== end - start - TPKT - 1) return OVERRUN;
    this.code = u8(bytes, start + CODE);
    if (this.code !== CONNECTION_REQUEST && this.code !== CONNECTION_CONFIRM) return BAD_TAG;
    return this.#variable(start + TPKT + TPDU);
  }

  #variable(from: number): Reason {
    const { bytes, end } = this;
    let at = from;
    if (this.code === CONNECTION_REQUEST && startsWithAscii(bytes, at, end, COOKIE)) {
      while (at + 2 <= end && (u8(bytes, at) !== CR || u8(bytes, at + 1) !== LF)) at++;
      if (at + 2 > end) return SHORT;
      this.cookie = ansiOrUtf8(bytes, from + COOKIE.length, at);
      at += 2;
    }
    if (at + NEGOTIATION > end) return OK;
    const type = u8(bytes, at);
    if (type !== NEG_REQ && type !== NEG_RSP && type !== NEG_FAILURE) return OK;
    if (u8(bytes, at + 2) !== NEGOTIATION || u8(bytes, at + 3) !== 0) return BAD_VALUE;
    this.negotiation = type;
    this.value = u32le(bytes, at + 4);
    return OK;
  }
}

/** "ANSI" in whatever code page, says MS-RDPBCGR 2.2.1.1; not all clients are Windows. */
function ansiOrUtf8(bytes: Uint8Array, start: number, end: number): string {
  const text = utf8(bytes, start, end);
  return text.includes('\ufffd') ? latin1(bytes, start, end) : text;
}
