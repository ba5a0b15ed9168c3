// Security layers of SASL (RFC 4422 3.7): a four-byte length and a token of the mechanism. Where the token is only signed, the
// LDAP inside is found; where it is sealed, nobody without the key reads it.
import { SEQUENCE, tlvLength } from '../../bytes/der.ts';
import { u8, u16be, u16le, u32le } from '../../bytes/read.ts';
import { startsMessage } from './wire.ts';

/** What a wrapped record is. */
export const SEALED = 0;
export const SIGNED = 1;
export const UNKNOWN = 2;

/** Kerberos tokens of RFC 4121 4.2.6.2: id, flags, filler, EC, RRC, sequence number. */
const CFX = { ID: 0x0504, FLAGS: 2, EC: 4, RRC: 6, HEADER: 16, SEALED: 2 } as const;
/** GSS framing of the older tokens of RFC 1964 1.2.2: their fields count from the token id. */
const OLD = { ID: 0x0201, SEAL_ALGORITHM: 4, DATA: 24 + 8, NOT_SEALED: 0xffff } as const;
const GSS_TAG = 0x60;
/** NTLM signature (MS-NLMP 2.2.2.9): version 1, checksum, sequence number. */
const NTLM_SIGNATURE = 16;
/** No record is longer, and no message that could be read. */
const MOST_BYTES = 0x100_0000;

export class Wrapped {
  /** Range of the LDAP inside a signed record. */
  from = 0;
  until = 0;

  /** Looks at the token in [start, end). */
  bind(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (size >= CFX.HEADER && u16be(bytes, start) === CFX.ID) return this.#cfx(bytes, start, end);
    if (size >= NTLM_SIGNATURE && u32le(bytes, start) === 1) {
      this.from = start + NTLM_SIGNATURE;
      this.until = end;
      return this.#check(bytes, SEALED);
    }
    if (size > 2 && u8(bytes, start) === GSS_TAG) return this.#old(bytes, start, end);
    return UNKNOWN;
  }

  #cfx(bytes: Uint8Array, start: number, end: number): number {
    if ((u8(bytes, start + CFX.FLAGS) & CFX.SEALED) !== 0) return SEALED;
    const total = end - start - CFX.HEADER;
    const checksum = u16be(bytes, start + CFX.EC);
    // The data was rotated right by RRC (4.2.5): its first byte stands RRC bytes in.
    const rotated = total > 0 ? u16be(bytes, start + CFX.RRC) % total : 0;
    if (checksum > total || rotated > checksum) return UNKNOWN;
    this.from = start + CFX.HEADER + rotated;
    this.until = this.from + total - checksum;
    return this.#check(bytes, UNKNOWN);
  }

  #old(bytes: Uint8Array, start: number, end: number): number {
    const total = tlvLength(bytes, start, end, end - start);
    if (total <= 0) return UNKNOWN;
    // The mechanism's OID stands between the framing and the token id.
    for (let at = start + 2; at + OLD.DATA < end && at < start + 24; at++) {
      if (u16be(bytes, at) !== OLD.ID) continue;
      if (u16le(bytes, at + OLD.SEAL_ALGORITHM) !== OLD.NOT_SEALED) return SEALED;
      this.from = at + OLD.DATA;
      this.until = end;
      return this.#check(bytes, UNKNOWN);
    }
    return UNKNOWN;
  }

  /** Signed data is LDAP in clear, a message from its beginning: ciphertext looks like one by chance in one record of millions. */
  #check(bytes: Uint8Array, otherwise: number): number {
    const { from, until } = this;
    const isMessage =
      from + 2 <= until &&
      u8(bytes, from) === SEQUENCE &&
      tlvLength(bytes, from, until, MOST_BYTES) > 0 &&
      startsMessage(bytes, from, until);
    return isMessage ? SIGNED : otherwise;
  }
}
