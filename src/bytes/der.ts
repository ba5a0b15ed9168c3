// Tag-length-value headers of X.690 (BER and DER), read in place. Kerberos, LDAP and SPNEGO are walks over these.
import { OK, OVERRUN, type Reason, SHORT, TOO_LONG, UNSUPPORTED } from './reason.ts';

/** Universal tags (X.690 section 8) as the first identifier byte, constructed bit included where it always is. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const ENUMERATED = 0x0a;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** First identifier byte of a constructed context-specific tag [n], n < 31. */
export const context = (n: number): number => 0xa0 | n;
/** First identifier byte of a constructed APPLICATION tag [n], n < 31. */
export const application = (n: number): number => 0x60 | n;

/**
 * One tag-length-value, reused for many. After read() gives OK, [from, until) is the content, inside the given range.
 * Identifiers of one byte and definite lengths only (RFC 4511 5.1 and DER both ask for no more).
 */
export class Tlv {
  tag = 0;
  from = 0;
  until = 0;

  /** Reads the header at `at`; refuses with SHORT (header cut), OVERRUN (content outside), UNSUPPORTED or TOO_LONG. */
  read(bytes: Uint8Array, at: number, end: number): Reason {
    if (at + 2 > end) return SHORT;
    const tag = bytes[at]!;
    if ((tag & 0x1f) === 0x1f) return UNSUPPORTED;
    let length = bytes[at + 1]!;
    let from = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0) return UNSUPPORTED;
      if (from + count > end) return SHORT;
      length = 0;
      for (let i = 0; i < count; i++) {
        if (length > 0x7f_ffff) return TOO_LONG;
        length = length * 256 + bytes[from + i]!;
      }
      from += count;
    }
    if (length > end - from) return OVERRUN;
    this.tag = tag;
    this.from = from;
    this.until = from + length;
    return OK;
  }

  /** read(), and the tag must be this one. */
  expect(tag: number, bytes: Uint8Array, at: number, end: number): boolean {
    return this.read(bytes, at, end) === OK && this.tag === tag;
  }
}

/**
 * Bytes that the value at `at` takes with its header, were all of it there; 0 when the header itself is cut, -1 when it is no
 * header this house reads or is longer than `max`.
 */
export function tlvLength(bytes: Uint8Array, at: number, end: number, max: number): number {
  if (at + 2 > end) return 0;
  const length = bytes[at + 1]!;
  if (length < 0x80) return 2 + length;
  const count = length & 0x7f;
  if (count === 0 || count > 8) return -1;
  if (at + 2 + count > end) return 0;
  let total = 0;
  for (let i = 0; i < count; i++) total = total * 256 + bytes[at + 2 + i]!;
  total += 2 + count;
  return total > max ? -1 : total;
}

/** Value of an INTEGER or ENUMERATED content of one to six bytes, signed (X.690 8.3); NaN for other lengths. */
export function integer(bytes: Uint8Array, from: number, until: number): number {
  const length = until - from;
  if (length < 1 || length > 6) return Number.NaN;
  let value = bytes[from]! >= 0x80 ? bytes[from]! - 256 : bytes[from]!;
  for (let at = from + 1; at < until; at++) value = value * 256 + bytes[at]!;
  return value;
}

/** Dotted text of an OBJECT IDENTIFIER content (X.690 8.19); empty when malformed. */
export function objectIdentifier(bytes: Uint8Array, from: number, until: number): string {
  let text = '';
  let arc = 0;
  for (let at = from; at < until; at++) {
    const byte = bytes[at]!;
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) return '';
    if (byte & 0x80) {
      if (at + 1 === until) return '';
      continue;
    }
    if (text === '') {
      const root = arc < 80 ? Math.floor(arc / 40) : 2;
      text = `${root}.${arc - root * 40}`;
    } else text += `.${arc}`;
    arc = 0;
  }
  return text;
}
