// Views on connection-oriented PDUs: the common header (C706 12.6.3.1) and the authentication verifier behind the body
// (sec_trailer and auth_value, MS-RPCE 2.2.2.11).
import { u8, u16be, u16le, u32be, u32le } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, OVERRUN, type Reason, SHORT } from '../../bytes/reason.ts';
import type { View } from '../contract.ts';
import { isConnectionOriented } from './names.ts';

const VERSION = 0;
const VERSION_MINOR = 1;
const PTYPE = 2;
const PFC_FLAGS = 3;
const DREP = 4;
const FRAG_LENGTH = 8;
const AUTH_LENGTH = 10;
const CALL_ID = 12;
/** Bytes of the common header. */
export const HEADER = 16;
const SEC_TRAILER = 8;
const AUTH_TYPE = 0;
const AUTH_PAD_LENGTH = 2;
const AUTH_CONTEXT_ID = 4;
/** Where a bind_nak holds its reason, and a fault its status. */
const REJECT_REASON = 16;
const FAULT_STATUS = 24;

const PFC_DID_NOT_EXECUTE = 0x20;
const LITTLE_ENDIAN = 0x10;

/**
 * Whether these bytes, at most a header's worth of which are looked at, start a PDU as far as they go. With all 16 there the
 * answer is near certain: eight of them are nearly constant.
 */
export function startsPdu(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > VERSION && u8(bytes, start + VERSION) !== 5) return false;
  if (length > VERSION_MINOR && u8(bytes, start + VERSION_MINOR) > 1) return false;
  if (length > PTYPE && !isConnectionOriented(u8(bytes, start + PTYPE))) return false;
  // Integer and character representation, then floating point, then two zeros (C706 14.1).
  if (length > DREP && (u8(bytes, start + DREP) & 0xee) !== 0) return false;
  if (length > DREP + 1 && u8(bytes, start + DREP + 1) > 3) return false;
  if (length > DREP + 2 && u8(bytes, start + DREP + 2) !== 0) return false;
  if (length > DREP + 3 && u8(bytes, start + DREP + 3) !== 0) return false;
  if (length < AUTH_LENGTH + 2) return true;
  const little = (u8(bytes, start + DREP) & LITTLE_ENDIAN) !== 0;
  const fragment = little ? u16le(bytes, start + FRAG_LENGTH) : u16be(bytes, start + FRAG_LENGTH);
  const auth = little ? u16le(bytes, start + AUTH_LENGTH) : u16be(bytes, start + AUTH_LENGTH);
  return fragment >= HEADER && (auth === 0 || auth + SEC_TRAILER + HEADER <= fragment);
}

/** The header of a PDU; bind() asks for no more than its 16 bytes. */
export class PduHeader implements View {
  ptype = 0;
  /** Byte order of everything behind drep. */
  little = true;
  fragLength = 0;
  authLength = 0;
  callId = 0;

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    if (end - start < HEADER) return SHORT;
    if (!startsPdu(bytes, start, start + HEADER)) return BAD_TAG;
    this.ptype = u8(bytes, start + PTYPE);
    this.little = (u8(bytes, start + DREP) & LITTLE_ENDIAN) !== 0;
    this.fragLength = this.u16(bytes, start + FRAG_LENGTH);
    this.authLength = this.u16(bytes, start + AUTH_LENGTH);
    this.callId = this.u32(bytes, start + CALL_ID);
    return OK;
  }

  u16(bytes: Uint8Array, at: number): number {
    return this.little ? u16le(bytes, at) : u16be(bytes, at);
  }

  u32(bytes: Uint8Array, at: number): number {
    return this.little ? u32le(bytes, at) : u32be(bytes, at);
  }

  /** provider_reject_reason of a whole bind_nak; 0 (not specified) when it is cut. */
  rejectReason(bytes: Uint8Array, start: number, end: number): number {
    return start + REJECT_REASON + 2 <= end ? this.u16(bytes, start + REJECT_REASON) : 0;
  }

  /** Whether the call that a fault answers may have been carried out (C706 12.6.3.1). */
  mayHaveRun(bytes: Uint8Array, start: number): boolean {
    return (u8(bytes, start + PFC_FLAGS) & PFC_DID_NOT_EXECUTE) === 0;
  }

  /** Status of a whole fault; NaN when it is cut. */
  faultStatus(bytes: Uint8Array, start: number, end: number): number {
    return start + FAULT_STATUS + 4 <= end ? this.u32(bytes, start + FAULT_STATUS) : Number.NaN;
  }
}

/** The verifier of a whole PDU, [start, end) being the fragment. bind() after its header said that there is one. */
export class Verifier {
  authType = 0;
  contextId = 0;
  /** The token is [from, until). */
  from = 0;
  until = 0;

  bind(header: PduHeader, bytes: Uint8Array, start: number, end: number): Reason {
    const from = end - header.authLength;
    const trailer = from - SEC_TRAILER;
    if (trailer < start + HEADER) return OVERRUN;
    if (u8(bytes, trailer + AUTH_PAD_LENGTH) > trailer - start - HEADER) return BAD_VALUE;
    this.authType = u8(bytes, trailer + AUTH_TYPE);
    this.contextId = header.u32(bytes, trailer + AUTH_CONTEXT_ID);
    this.from = from;
    this.until = end;
    return OK;
  }
}
