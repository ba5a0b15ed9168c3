// Bytes to strings, without exceptions: what is not valid in its charset becomes U+FFFD, as the WHATWG decoders do.

export type Charset = 'ascii' | 'utf8' | 'utf16le' | 'latin1';

/** Text of a range. `ascii` reads bytes above 0x7F as UTF-8 too: that is what clients really send. */
export function text(charset: Charset, bytes: Uint8Array, start: number, end: number): string {
  if (charset === 'utf16le') return utf16le(bytes, start, end);
  return charset === 'latin1' ? latin1(bytes, start, end) : utf8(bytes, start, end);
}

/** Arrays of every length up to this many code units: a string made of one at once is flat, one made by appending is not. */
const PIECE = 64;
const pieces: readonly number[][] = Array.from({ length: PIECE + 1 }, (_, length) => new Array<number>(length).fill(0));

/** ISO 8859-1: every byte is the code point of that number. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  for (let at = start; at < end; at += PIECE) {
    const length = Math.min(PIECE, end - at);
    const piece = pieces[length]!;
    for (let i = 0; i < length; i++) piece[i] = bytes[at + i]!;
    out += String.fromCharCode(...piece);
  }
  return out;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let at = start; at < end; at++) all |= bytes[at]!;
  return all < 0x80;
}

/** UTF-8 (RFC 3629); overlong forms, surrogates and cut sequences become U+FFFD. */
export function utf8(bytes: Uint8Array, start: number, end: number): string {
  if (isAscii(bytes, start, end)) return latin1(bytes, start, end);
  let out = '';
  let at = start;
  while (at < end) {
    const a = bytes[at]!;
    if (a < 0x80) {
      out += String.fromCharCode(a);
      at++;
      continue;
    }
    const length = a >= 0xc2 && a <= 0xdf ? 2 : a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0;
    let point = length === 2 ? a & 0x1f : length === 3 ? a & 0x0f : a & 0x07;
    let used = 1;
    while (used < length && at + used < end) {
      const b = bytes[at + used]!;
      const low = used === 1 ? (a === 0xe0 ? 0xa0 : a === 0xf0 ? 0x90 : 0x80) : 0x80;
      const high = used === 1 ? (a === 0xed ? 0x9f : a === 0xf4 ? 0x8f : 0xbf) : 0xbf;
      if (b < low || b > high) break;
      point = (point << 6) | (b & 0x3f);
      used++;
    }
    out += length !== 0 && used === length ? String.fromCodePoint(point) : '\ufffd';
    at += used;
  }
  return out;
}

/** UTF-16 little-endian; a lone surrogate or an odd last byte becomes U+FFFD. */
export function utf16le(bytes: Uint8Array, start: number, end: number): string {
  if ((end - start) % 2 === 0 && !hasSurrogate(bytes, start, end)) return units(bytes, start, end);
  let out = '';
  for (let at = start; at + 1 < end; at += 2) {
    const unit = bytes[at]! | (bytes[at + 1]! << 8);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const next = at + 3 < end ? bytes[at + 2]! | (bytes[at + 3]! << 8) : 0;
      if (unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
        out += String.fromCharCode(unit, next);
        at += 2;
      } else {
        out += '\ufffd';
        // A lead surrogate and half a unit behind it are one broken character.
        if (unit <= 0xdbff && at + 3 === end) return out;
      }
    } else out += String.fromCharCode(unit);
  }
  if ((end - start) % 2 === 1) out += '\ufffd';
  return out;
}

function hasSurrogate(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start + 1; at < end; at += 2) if ((bytes[at]! & 0xf8) === 0xd8) return true;
  return false;
}

/** Little-endian code units as they are. */
function units(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  for (let at = start; at < end; at += 2 * PIECE) {
    const length = Math.min(PIECE, (end - at) / 2);
    const piece = pieces[length]!;
    for (let i = 0; i < length; i++) piece[i] = bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8);
    out += String.fromCharCode(...piece);
  }
  return out;
}

const HEX = '0123456789abcdef';

/** Lower-case hexadecimal digits of a range. */
export function hex(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  for (let at = start; at < end; at++) out += HEX[bytes[at]! >> 4]! + HEX[bytes[at]! & 15]!;
  return out;
}

/** The six bytes of a MAC address at `at`, as `02:00:4d:00:00:66`. */
export function macText(bytes: Uint8Array, at: number): string {
  let out = hex(bytes, at, at + 1);
  for (let i = 1; i < 6; i++) out += `:${hex(bytes, at + i, at + i + 1)}`;
  return out;
}
