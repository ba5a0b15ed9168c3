// One HTTP/1 header block in place (RFC 9112): start line, and the few fields that matter to a carrier.
import { startsWithAscii, startsWithAsciiIgnoreCase, u8 } from '../../bytes/read.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;

/** Where the header block that starts at `start` ends (behind its empty line), or -1 when it is not all there. */
export function headEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end; at++) {
    if (u8(bytes, at) !== LF) continue;
    if (u8(bytes, at + 1) === LF) return at + 2;
    if (u8(bytes, at + 1) === CR && at + 2 < end && u8(bytes, at + 2) === LF) return at + 3;
  }
  return -1;
}

export class Head {
  /** Status code of a response; 0 in a request. */
  status = 0;
  isHead = false;
  isConnect = false;
  /** -1: none said. */
  contentLength = -1;
  isChunked = false;
  /** Ranges of authentication values, two numbers each; see `values`. */
  readonly values: number[] = [];

  /** Reads the block in [start, end). */
  bind(bytes: Uint8Array, start: number, end: number): void {
    this.status = 0;
    this.contentLength = -1;
    this.isChunked = false;
    this.values.length = 0;
    this.isHead = startsWithAscii(bytes, start, end, 'HEAD ');
    this.isConnect = startsWithAscii(bytes, start, end, 'CONNECT ');
    if (startsWithAscii(bytes, start, end, 'HTTP/')) this.status = number(bytes, start + 9, Math.min(end, start + 12));
    let line = start;
    while (line < end) {
      let until = line;
      while (until < end && u8(bytes, until) !== LF) until++;
      this.#line(bytes, line, u8(bytes, until - 1) === CR ? until - 1 : until);
      line = until + 1;
    }
  }

  #line(bytes: Uint8Array, from: number, until: number): void {
    let colon = from;
    while (colon < until && u8(bytes, colon) !== COLON) colon++;
    if (colon === until) return;
    let value = colon + 1;
    while (value < until && u8(bytes, value) === SPACE) value++;
    const is = (name: string): boolean => colon - from === name.length && startsWithAsciiIgnoreCase(bytes, from, colon, name);
    if (is('content-length')) this.contentLength = number(bytes, value, until);
    else if (is('transfer-encoding'))
      this.isChunked = startsWithAsciiIgnoreCase(bytes, value, until, 'chunked') || until - value > 7;
    else if (is('authorization') || is('proxy-authorization') || is('www-authenticate') || is('proxy-authenticate'))
      this.values.push(value, until);
  }
}

function number(bytes: Uint8Array, from: number, until: number): number {
  let value = 0;
  for (let at = from; at < until; at++) {
    const digit = u8(bytes, at) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER / 16) return -1;
  }
  return value;
}

/** Where the Base64 behind a scheme starts; -1 when the value is of another scheme. */
export function tokenOf(bytes: Uint8Array, from: number, until: number): number {
  for (const scheme of ['ntlm ', 'negotiate ', 'kerberos '])
    if (startsWithAsciiIgnoreCase(bytes, from, until, scheme)) return from + scheme.length;
  return -1;
}
