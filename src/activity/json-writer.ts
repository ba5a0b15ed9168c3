// JSON written as bytes: fields go straight into one growing buffer, no objects and (for byte ranges) no strings in between.
import { moreMemory } from '../bytes/memory.ts';
import { LITTLE_ENDIAN, Piece, WORD } from '../bytes/piece.ts';
import { u8, u32be, viewOf } from '../bytes/read.ts';
import { type Charset, text as decode } from '../bytes/text.ts';
import { dottedDecimal, formatAddress } from '../ip/address.ts';
import { AddressCache } from '../ip/address-cache.ts';
import type { Sink } from '../protocols/contract.ts';
import type { Field } from '../protocols/fields.ts';
import { quotedSecond } from './time.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const BILLION = 1_000_000_000;
const HEX = new TextEncoder().encode('0123456789abcdef');
const NULL = new Piece('null');
const TRUE = new Piece('true');
const FALSE = new Piece('false');
/** The rest of a quoted time: nanoseconds, Z and the quote. */
const FRACTION_BYTES = 11;
/** IPv4 addresses, quoted. */
const addresses = new AddressCache((address) => new Piece(`"${dottedDecimal(address)}"`));
/** Short escapes of RFC 8259 section 7, by control character. */
const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };

/** 1 for the ASCII characters that stand for themselves in a JSON string. */
const PLAIN = Uint8Array.from({ length: 0x80 }, (_, c) => (c >= 0x20 && c !== QUOTE && c !== BACKSLASH ? 1 : 0));

/** How many decimal digits a whole number below 2^31 has. */
function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  let count = 4;
  for (let rest = (value / 10_000) | 0; rest > 0; rest = (rest / 10) | 0) count++;
  return count;
}

/** A Sink over one byte buffer. What was written lies in buffer[0, at). */
export class JsonWriter implements Sink {
  buffer: Uint8Array;
  at = 0;
  /** The buffer, for numbers that lie at any offset. */
  #view: DataView;
  #comma = false;

  constructor(bytes = 1 << 16) {
    this.buffer = new Uint8Array(bytes);
    this.#view = viewOf(this.buffer);
  }

  /** Everything from now on is written there, from its start; into larger memory of its own, of the same kind, when that is full. */
  into(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.#view = viewOf(buffer);
    this.at = 0;
  }

  int(field: Field, value: number): void {
    if (Number.isNaN(value)) return;
    this.key(field);
    this.number(value);
  }

  bool(field: Field, value: boolean): void {
    this.key(field);
    this.raw(value ? TRUE : FALSE);
  }

  text(field: Field, value: string): void {
    this.key(field);
    this.string(value);
  }

  bytes(field: Field, charset: Charset, bytes: Uint8Array, start: number, end: number): void {
    this.key(field);
    this.#reserve((end - start) * 6 + 2);
    const buffer = this.buffer;
    let at = this.at;
    buffer[at++] = QUOTE;
    // Plain ASCII is copied; the first byte that is anything else sends the whole text through the decoder.
    const wide = charset === 'utf16le';
    for (let from = start; from < end; from += wide ? 2 : 1) {
      const c = u8(bytes, from);
      if (c > 0x7e || PLAIN[c] === 0 || (wide && (from + 1 >= end || u8(bytes, from + 1) !== 0))) {
        this.string(decode(charset, bytes, start, end));
        return;
      }
      buffer[at++] = c;
    }
    buffer[at++] = QUOTE;
    this.at = at;
  }

  hex(field: Field, bytes: Uint8Array, start: number, end: number): void {
    this.key(field);
    this.#reserve((end - start) * 2 + 2);
    const buffer = this.buffer;
    buffer[this.at++] = QUOTE;
    for (let from = start; from < end; from++) {
      const c = u8(bytes, from);
      buffer[this.at++] = HEX[c >> 4]!;
      buffer[this.at++] = HEX[c & 15]!;
    }
    buffer[this.at++] = QUOTE;
  }

  open(field: Field): void {
    this.key(field);
    this.openObject();
  }

  close(): void {
    this.#byte(0x7d);
    this.#comma = true;
  }

  list(field: Field): void {
    this.key(field);
    this.#byte(0x5b);
    this.#comma = false;
  }

  endList(): void {
    this.#byte(0x5d);
    this.#comma = true;
  }

  /** `{`, without a key. */
  openObject(): void {
    this.#byte(0x7b);
    this.#comma = false;
  }

  /** A piece that ends with the `{` of an object. */
  openWith(json: Piece): void {
    this.raw(json);
    this.#comma = false;
  }

  /** `}` and the end of the line. */
  endLine(): void {
    this.close();
    this.#byte(0x0a);
    this.#comma = false;
  }

  /** The comma that is due and the key; the value comes next. */
  key(field: Field): void {
    this.raw(this.#comma ? field.next : field.json);
    this.#comma = true;
  }

  /** A value: null. */
  null(): void {
    this.raw(NULL);
  }

  /** JSON already: a value, or any piece of an object. */
  raw(json: Piece): void {
    const { length, words } = json;
    // The last number may reach beyond the piece: what comes next is written over it.
    this.#reserve(length + WORD);
    const view = this.#view;
    let { at } = this;
    this.at = at + length;
    for (let i = 0; i < words.length; i++, at += WORD) view.setFloat64(at, words[i]!, LITTLE_ENDIAN);
  }

  /** A value: a number; whole ones below 2^53 digit by digit. */
  number(value: number): void {
    if (value < 0 || value !== Math.floor(value) || value > Number.MAX_SAFE_INTEGER) {
      this.#ascii(String(value));
      return;
    }
    this.#reserve(17);
    if (value > 0x7fff_ffff) this.#longDigits(value);
    else this.#digits(value, digitsOf(value));
  }

  /** A value: milliseconds with six decimals (nanoseconds), without trailing zeros. */
  milliseconds(seconds: number, nanoseconds: number): void {
    const whole = seconds * 1000 + Math.trunc(nanoseconds / 1_000_000);
    const rest = nanoseconds % 1_000_000;
    if (seconds < 0 || nanoseconds < 0 || !Number.isSafeInteger(whole)) {
      this.#ascii(String((seconds * 1e9 + nanoseconds) / 1e6));
      return;
    }
    this.number(whole);
    if (rest === 0) return;
    this.#reserve(8);
    this.buffer[this.at++] = DOT;
    this.#digits(rest, 6);
    while (this.buffer[this.at - 1] === 0x30) this.at--;
  }

  /** A value: an RFC 3339 time with nanoseconds. */
  time(seconds: number, nanoseconds: number): void {
    this.raw(quotedSecond(seconds));
    this.#reserve(FRACTION_BYTES);
    const { buffer } = this;
    this.#digits(nanoseconds, 9);
    buffer[this.at++] = 0x5a;
    buffer[this.at++] = QUOTE;
  }

  /** A value: the text of the IP address whose 4 or 16 bytes lie at `at`. */
  address(bytes: Uint8Array, at: number, length: 4 | 16): void {
    if (length === 16) {
      this.quoted(formatAddress(bytes, at, length));
      return;
    }
    this.raw(addresses.of(u32be(bytes, at)));
  }

  /** The last `count` decimal digits of a whole number below 2^31. Room must have been reserved. */
  #digits(value: number, count: number): void {
    const { buffer } = this;
    let rest = value | 0;
    for (let at = this.at + count - 1; at >= this.at; at--) {
      const tenth = (rest / 10) | 0;
      buffer[at] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    }
    this.at += count;
  }

  /** Decimal digits of a whole number from 2^31 on. Room must have been reserved. */
  #longDigits(value: number): void {
    const upper = Math.floor(value / BILLION);
    if (upper > 0x7fff_ffff) this.#longDigits(upper);
    else this.#digits(upper, digitsOf(upper));
    this.#digits(value - upper * BILLION, 9);
  }

  /** A value: a string, quoted and escaped (RFC 8259 section 7), in UTF-8. */
  string(value: string): void {
    const length = value.length;
    this.#reserve(length * 6 + 2);
    const buffer = this.buffer;
    let at = this.at;
    buffer[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      let c = value.charCodeAt(i);
      if (c < 0x80 && PLAIN[c] === 1) {
        buffer[at++] = c;
        continue;
      }
      if (c < 0x80) {
        if (c === QUOTE || c === BACKSLASH) buffer[at++] = BACKSLASH;
        else if (c < 0x20) {
          buffer[at++] = BACKSLASH;
          const short = SHORT_ESCAPES[c];
          if (short !== undefined) {
            buffer[at++] = short;
            continue;
          }
          buffer[at++] = 0x75;
          buffer[at++] = 0x30;
          buffer[at++] = 0x30;
          buffer[at++] = HEX[c >> 4]!;
          c = HEX[c & 15]!;
        }
        buffer[at++] = c;
        continue;
      }
      if (c >= 0xd800 && c <= 0xdfff) {
        const next = i + 1 < length ? value.charCodeAt(i + 1) : 0;
        if (c <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
          c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
          i++;
        } else c = 0xfffd;
      }
      if (c < 0x800) buffer[at++] = 0xc0 | (c >> 6);
      else {
        if (c < 0x10000) buffer[at++] = 0xe0 | (c >> 12);
        else {
          buffer[at++] = 0xf0 | (c >> 18);
          buffer[at++] = 0x80 | ((c >> 12) & 0x3f);
        }
        buffer[at++] = 0x80 | ((c >> 6) & 0x3f);
      }
      buffer[at++] = 0x80 | (c & 0x3f);
    }
    buffer[at++] = QUOTE;
    this.at = at;
  }

  /** A quoted value of plain ASCII that needs no escapes, such as an address. */
  quoted(value: string): void {
    this.#byte(QUOTE);
    this.#ascii(value);
    this.#byte(QUOTE);
  }

  #ascii(value: string): void {
    const length = value.length;
    this.#reserve(length);
    const { buffer, at } = this;
    for (let i = 0; i < length; i++) buffer[at + i] = value.charCodeAt(i);
    this.at = at + length;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.buffer[this.at++] = value;
  }

  /** Room for `bytes` more. Only the test is worth having in line everywhere. */
  #reserve(bytes: number): void {
    if (this.at + bytes > this.buffer.length) this.#grow(this.at + bytes);
  }

  #grow(needed: number): void {
    let size = this.buffer.length;
    while (size < needed) size *= 2;
    const grown = new Uint8Array(moreMemory(this.buffer.buffer, size));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
    this.#view = viewOf(grown);
  }
}
