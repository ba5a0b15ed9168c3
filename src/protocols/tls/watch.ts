// A light view of TLS (RFC 8446, RFC 5246): what a handshake tells in clear. Used by protocols that go into TLS.
import { u8, u16be, u24be } from '../../bytes/read.ts';
import { latin1 } from '../../bytes/text.ts';
import type { Context, Direction } from '../contract.ts';
import { hit } from '../limits.ts';
import { certificateNames } from './certificate.ts';
import { tlsLimits as limits } from './limits.ts';

const RECORD_HEADER = 5;
const MAX_RECORD = 16_384 + 2_048;
/** Content types (RFC 8446 5.1). */
const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** Handshake types (4). */
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const HANDSHAKE_HEADER = 4;
const RANDOM = 32;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const FATAL = 2;
const VERSION_NAMES: Readonly<Record<number, string>> = {
  768: 'SSL 3.0',
  769: 'TLS 1.0',
  770: 'TLS 1.1',
  771: 'TLS 1.2',
  772: 'TLS 1.3',
};
const TLS_1_3 = 0x0304;
const WHOLE_NAME = /^[\w-]+(\.[\w-]+)+$/;

/** What a handshake told. */
export interface TlsFacts {
  frame: number;
  seconds: number;
  nanoseconds: number;
  direction: Direction;
  /** Time of the last handshake record. */
  endSeconds: number;
  endNanoseconds: number;
  serverName: string;
  version: string;
  cipherSuite: number;
  certificateName: string;
  certificateNames: string[];
  failed: boolean;
}

/** Whether [start, end) starts like a TLS handshake record. */
export function looksLikeTls(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 3 && u8(bytes, start) === HANDSHAKE && u8(bytes, start + 1) === 3 && u8(bytes, start + 2) <= 4;
}

export class TlsWatch {
  readonly #method: string;
  readonly #host: RegExp;
  facts: TlsFacts | null = null;
  /** Nothing more is told in clear. */
  done = false;
  /** Handshake messages that span records, per direction. */
  readonly #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  readonly #lengths: [number, number] = [0, 0];

  /**
   * `method` says how a server that its certificate names is known. `host`: what of a certificate can be the name of a computer; a
   * single label may be anything.
   */
  constructor(method = 'tls-certificate', host = WHOLE_NAME) {
    this.#method = method;
    this.#host = host;
  }

  reset(): void {
    this.facts = null;
    this.done = false;
    this.#lengths[0] = 0;
    this.#lengths[1] = 0;
  }

  /** Bytes needed before data() is worth calling. */
  want(bytes: Uint8Array, start: number, end: number): number {
    return end - start < RECORD_HEADER ? RECORD_HEADER : RECORD_HEADER + u16be(bytes, start + 3);
  }

  /** Reads whole records; returns bytes done with. Sets `done` when the rest is encrypted or no TLS. */
  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    let at = start;
    while (at + RECORD_HEADER <= end && !this.done) {
      const type = u8(bytes, at);
      const length = u16be(bytes, at + 3);
      if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA || u8(bytes, at + 1) !== 3 || length > MAX_RECORD) {
        this.done = true;
        break;
      }
      const from = at + RECORD_HEADER;
      if (from + length > end) break;
      this.#record(type, bytes, from, from + length, context);
      at = from + length;
    }
    return at - start;
  }

  #record(type: number, bytes: Uint8Array, from: number, until: number, context: Context): void {
    if (type === APPLICATION_DATA || type === CHANGE_CIPHER_SPEC) {
      // The client's ChangeCipherSpec or data: all clear messages of both sides have been said by then.
      if (this.facts !== null && this.facts.version !== '') this.done = true;
    } else if (type === ALERT) {
      if (this.facts !== null && until - from === 2 && u8(bytes, from) === FATAL) {
        this.facts.failed = true;
        this.done = true;
      }
    } else this.#handshake(bytes, from, until, context);
  }

  #handshake(bytes: Uint8Array, from: number, until: number, context: Context): void {
    const { direction } = context;
    if (this.facts !== null) {
      this.facts.endSeconds = context.seconds;
      this.facts.endNanoseconds = context.nanoseconds;
    }
    const needed = this.#lengths[direction] + until - from;
    if (needed > limits.handshakeBytes.value) {
      hit(limits.handshakeBytes);
      this.done = true;
      return;
    }
    let buffer = this.#buffers[direction];
    if (buffer.length < needed) {
      const larger = new Uint8Array(Math.max(4096, needed * 2));
      larger.set(buffer.subarray(0, this.#lengths[direction]));
      buffer = larger;
      this.#buffers[direction] = larger;
    }
    buffer.set(bytes.subarray(from, until), this.#lengths[direction]);
    let at = 0;
    while (at + HANDSHAKE_HEADER <= needed) {
      const length = u24be(buffer, at + 1);
      const start = at + HANDSHAKE_HEADER;
      if (start + length > needed) break;
      this.#message(u8(buffer, at), buffer, start, start + length, context);
      at = start + length;
    }
    buffer.copyWithin(0, at, needed);
    this.#lengths[direction] = needed - at;
  }

  #message(type: number, bytes: Uint8Array, from: number, until: number, context: Context): void {
    if (type === CLIENT_HELLO && this.facts === null) {
      this.facts = {
        frame: context.frame,
        seconds: context.seconds,
        nanoseconds: context.nanoseconds,
        direction: context.direction,
        endSeconds: context.seconds,
        endNanoseconds: context.nanoseconds,
        serverName: '',
        version: '',
        cipherSuite: -1,
        certificateName: '',
        certificateNames: [],
        failed: false,
      };
      this.#clientHello(bytes, from, until);
    } else if (type === SERVER_HELLO && this.facts !== null) this.#serverHello(bytes, from, until);
    else if (type === CERTIFICATE && this.facts !== null && this.facts.certificateName === '')
      this.#certificate(bytes, from, until, context);
  }

  #clientHello(bytes: Uint8Array, from: number, until: number): void {
    let at = from + 2 + RANDOM;
    if (at + 1 > until) return;
    at += 1 + u8(bytes, at);
    if (at + 2 > until) return;
    at += 2 + u16be(bytes, at);
    if (at + 1 > until) return;
    at += 1 + u8(bytes, at);
    this.#extensions(bytes, at, until, (type, start, end) => {
      // ServerNameList: length, then type 0, length, name (RFC 6066 3).
      if (type === EXTENSION_SERVER_NAME && end - start >= 5 && this.facts !== null)
        this.facts.serverName = latin1(bytes, start + 5, Math.min(end, start + 5 + u16be(bytes, start + 3)));
    });
  }

  #serverHello(bytes: Uint8Array, from: number, until: number): void {
    const { facts } = this;
    let at = from + 2 + RANDOM;
    if (facts === null || at + 1 > until) return;
    let version = u16be(bytes, from);
    at += 1 + u8(bytes, at);
    if (at + 3 > until) return;
    facts.cipherSuite = u16be(bytes, at);
    this.#extensions(bytes, at + 3, until, (type, start, end) => {
      if (type === EXTENSION_SUPPORTED_VERSIONS && end - start === 2) version = u16be(bytes, start);
    });
    facts.version = VERSION_NAMES[version] ?? `0x${version.toString(16)}`;
    // From TLS 1.3 on everything behind the ServerHello is encrypted.
    if (version >= TLS_1_3) this.done = true;
  }

  #extensions(bytes: Uint8Array, start: number, until: number, see: (type: number, start: number, end: number) => void): void {
    if (start + 2 > until) return;
    const end = Math.min(until, start + 2 + u16be(bytes, start));
    for (let at = start + 2; at + 4 <= end; ) {
      const next = at + 4 + u16be(bytes, at + 2);
      if (next > end) return;
      see(u16be(bytes, at), at + 4, next);
      at = next;
    }
  }

  /** The first certificate of the chain is the server's own (RFC 5246 7.4.2). */
  #certificate(bytes: Uint8Array, from: number, until: number, context: Context): void {
    const { facts } = this;
    if (facts === null || from + 6 > until || context.direction === facts.direction) return;
    const names = certificateNames(bytes, from + 6, Math.min(until, from + 6 + u24be(bytes, from + 3)));
    facts.certificateName = names.commonName;
    facts.certificateNames = names.dnsNames;
    const host = names.dnsNames.find((name) => !name.includes('*')) ?? names.commonName;
    if (this.#host.test(host)) context.claims.sender(context.direction, host, '', this.#method, context);
  }
}
