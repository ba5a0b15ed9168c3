// HTTP/1 over TCP (RFC 9112) as a carrier of Negotiate and NTLM (RFC 4559, MS-NTHT): header blocks are read, bodies passed over.
import { decodeBase64 } from '../../bytes/base64.ts';
import { u8 } from '../../bytes/read.ts';
import { BAD_VALUE, TOO_LONG } from '../../bytes/reason.ts';
import { type Context, type Conversation, type Direction, GIVE_UP } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { Head, headEnd, tokenOf } from './head.ts';
import { httpLimits as limits } from './limits.ts';

export const NAME = 'http';
/** A token of 48 KiB is 64 KiB of Base64: as much as a header block may hold. */
const token = new Uint8Array(49_152);
const head = new Head();
const LF = 0x0a;
/** States of a direction. */
const HEAD = 0;
const CHUNK = 1;
const TRAILER = 2;
const REST = 3;
/** Methods: after HEAD there is no body, after CONNECT there may be no HTTP. */
const OTHER = 0;
const HEAD_ONLY = 1;
const CONNECT = 2;
type Method = typeof OTHER | typeof HEAD_ONLY | typeof CONNECT;
/** Longest chunk-size line. */
const MAX_LINE = 1024;
/** Skipped when a body ends only with the connection. */
const UNBOUNDED = 0x4000_0000;

export class HttpConversation implements Conversation {
  readonly #state: [number, number] = [HEAD, HEAD];
  readonly #want: [number, number] = [1, 1];
  readonly #exchange = new AuthExchange(NAME);
  /** Methods of the requests that wait, as far as they change what follows the answer. */
  readonly #waiting: Method[] = [];
  /** Pieces that were no HTTP. */
  #strays = 0;

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    this.#want[direction] = 1;
    let at = start;
    while (at < end) {
      const state = this.#state[direction];
      const used =
        state === HEAD ? this.#head(bytes, at, end, context) : state === REST ? UNBOUNDED : this.#chunk(bytes, at, end, context);
      if (used === GIVE_UP) return GIVE_UP;
      if (used === 0) {
        this.#want[direction] = end - at + 1;
        break;
      }
      at += used;
    }
    return at - start;
  }

  gap(_length: number, context: Context): boolean {
    this.#state[context.direction] = HEAD;
    this.#want[context.direction] = 1;
    return true;
  }

  close(context: Context): void {
    this.#exchange.abandon(context);
    this.#exchange.reset();
    this.#state[0] = HEAD;
    this.#state[1] = HEAD;
    this.#want[0] = 1;
    this.#want[1] = 1;
    this.#waiting.length = 0;
    this.#strays = 0;
  }

  #head(bytes: Uint8Array, at: number, end: number, context: Context): number {
    // Empty lines before a start line are passed over (RFC 9112 2.2).
    if (u8(bytes, at) === 0x0d || u8(bytes, at) === LF) return 1;
    if (!looksLikeHttp(bytes, at, end)) {
      // A tunnel that was begun, though its answer was not seen yet.
      if (context.direction === 0 && this.#waiting.at(-1) === CONNECT) return GIVE_UP;
      // In the middle of a body whose head was lost: the next segment may start a message.
      context.refuse(NAME, BAD_VALUE);
      if (++this.#strays <= limits.strays.value) return end - at;
      hit(limits.strays);
      return GIVE_UP;
    }
    const until = headEnd(bytes, at, end);
    if (until === -1) {
      if (end - at <= limits.headerBytes.value) return 0;
      hit(limits.headerBytes);
      context.refuse(NAME, TOO_LONG);
      return GIVE_UP;
    }
    head.bind(bytes, at, until);
    const isResponse = head.status !== 0;
    this.#tokens(bytes, context);
    if (isResponse) this.#verdict(context);
    else if (this.#waiting.length >= limits.requests.value) {
      hit(limits.requests);
      return GIVE_UP;
    } else this.#waiting.push(head.isConnect ? CONNECT : head.isHead ? HEAD_ONLY : OTHER);
    return this.#body(until - at, isResponse, context);
  }

  /** How much to pass over behind a header block of `used` bytes. */
  #body(used: number, isResponse: boolean, context: Context): number {
    const { status } = head;
    if (isResponse && status >= 100 && status < 200) return status === 101 ? GIVE_UP : used;
    const asked = isResponse ? this.#waiting.shift() : undefined;
    // Only the answer that grants it makes a tunnel (RFC 9110 9.3.6): a proxy may ask for a logon first.
    if (asked === CONNECT && status < 300) return GIVE_UP;
    if (asked === HEAD_ONLY || status === 204 || status === 304) return used;
    if (head.isChunked) this.#state[context.direction] = CHUNK;
    else if (head.contentLength > 0) return used + head.contentLength;
    else if (isResponse && head.contentLength < 0) this.#state[context.direction] = REST;
    return used;
  }

  /** One chunk: its size line and, unbuffered, its data (RFC 9112 7.1). */
  #chunk(bytes: Uint8Array, at: number, end: number, context: Context): number {
    let until = at;
    while (until < end && u8(bytes, until) !== LF) until++;
    if (until === end) return end - at > MAX_LINE ? GIVE_UP : 0;
    const used = until + 1 - at;
    const { direction } = context;
    if (this.#state[direction] === TRAILER) {
      if (used <= 2) this.#state[direction] = HEAD;
      return used;
    }
    let size = 0;
    for (let digit = at; digit < until; digit++) {
      const value = Number.parseInt(String.fromCharCode(u8(bytes, digit)), 16);
      if (Number.isNaN(value)) break;
      size = size * 16 + value;
      if (size > UNBOUNDED) return GIVE_UP;
    }
    if (size > 0) return used + size + 2;
    this.#state[direction] = TRAILER;
    return used;
  }

  #tokens(bytes: Uint8Array, context: Context): void {
    const { values } = head;
    for (let i = 0; i + 1 < values.length; i += 2) {
      const until = values[i + 1] ?? 0;
      const from = tokenOf(bytes, values[i] ?? 0, until);
      if (from === -1) continue;
      const length = decodeBase64(bytes, from, until, token);
      if (length > 0) this.#exchange.token(token, 0, length, context);
    }
  }

  /** 401 and 407 refuse; anything else means that the user was known (RFC 9110 15.5.2, 15.5.8). */
  #verdict(context: Context): void {
    const { status } = head;
    if (!this.#exchange.waiting || status < 200) return;
    const refused = status === 401 || status === 407;
    this.#exchange.finish(refused ? 'failure' : 'success', refused ? `HTTP ${status}` : '', context);
  }
}

/** Whether a start line may begin here: a status line, or an upper-case method. Cut ones are believed. */
export function looksLikeHttp(bytes: Uint8Array, start: number, end: number): boolean {
  const limit = Math.min(end, start + 16);
  for (let at = start; at < limit; at++) {
    const c = u8(bytes, at);
    if (c === 0x20 || c === 0x2f) return at > start + 2;
    if ((c < 0x41 || c > 0x5a) && c !== 0x5f && c !== 0x2d) return false;
  }
  return limit === end;
}
