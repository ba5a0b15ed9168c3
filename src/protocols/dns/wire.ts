// DNS messages in place (RFC 1035 section 4): header, names with compression, records as ranges.
import { names } from '../../bytes/intern.ts';
import { u8, u16be, u32be } from '../../bytes/read.ts';
import { BAD_VALUE, OK, OVERRUN, type Reason, SHORT, TOO_LONG, TOO_MANY } from '../../bytes/reason.ts';
import { hit } from '../limits.ts';
import { dnsLimits as limits } from './limits.ts';

/** Bytes of the header (4.1.1). */
export const HEADER = 12;
const POINTER = 0xc0;
/** A pointer to the first question, which always stands behind the header. */
const TO_QUESTION = (POINTER << 8) | HEADER;
const MAX_NAME = 255;
const DOT = 0x2e;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const DIGIT_0 = 0x30;

/**
 * Reads names: text() gives the presentation form without the final dot ('' for the root), as far as it could be read. Every
 * pointer must point before the name's own start or the place of the last jump, so no byte is read twice (RFC 1035 4.1.4).
 */
export class NameReader {
  /** Where the bytes after the name are. */
  next = 0;
  /** Refusal of the last name, OK if it was whole. */
  reason: Reason = OK;

  /** The name at `at` in the message [start, end). */
  text(bytes: Uint8Array, start: number, at: number, end: number): string {
    spelled = 0;
    this.reason = this.#spell(bytes, start, at, end);
    return spelt();
  }

  /** Record data that ends with a name: `numbers` of 16 bits at `at`, then the name with its final dot. */
  data(bytes: Uint8Array, start: number, at: number, end: number, numbers: number): string {
    spelled = 0;
    for (let i = 0; i < numbers; i++) {
      spellNumber(u16be(bytes, at + 2 * i));
      spelling[spelled++] = SPACE;
    }
    this.reason = this.#spell(bytes, start, at + 2 * numbers, end);
    spelling[spelled++] = DOT;
    return spelt();
  }

  /** Appends the name at `at` to what is spelled; returns why it ended there. */
  #spell(bytes: Uint8Array, start: number, at: number, end: number): Reason {
    const first = spelled;
    let from = at;
    let before = at;
    let length = 0;
    let jumps = 0;
    this.next = -1;
    for (;;) {
      if (from >= end) return this.#stop(SHORT, from);
      const size = u8(bytes, from);
      if (size === 0) return this.#stop(OK, from + 1);
      if ((size & POINTER) === POINTER) {
        if (from + 2 > end) return this.#stop(SHORT, from);
        const target = start + (((size & 0x3f) << 8) | u8(bytes, from + 1));
        if (this.next === -1) this.next = from + 2;
        if (target >= before) return this.#stop(BAD_VALUE, this.next);
        if (++jumps > limits.pointers.value) {
          hit(limits.pointers);
          return this.#stop(TOO_MANY, this.next);
        }
        before = target;
        from = target;
        continue;
      }
      if ((size & POINTER) !== 0) return this.#stop(BAD_VALUE, from);
      length += size + 1;
      // The root label at the end counts too (2.3.4).
      if (length + 1 > MAX_NAME) return this.#stop(TOO_LONG, from);
      if (from + 1 + size > end) return this.#stop(OVERRUN, from);
      if (spelled > first) spelling[spelled++] = DOT;
      spell(bytes, from + 1, from + 1 + size);
      from += 1 + size;
    }
  }

  /** The owner of one of a message's records: most often a pointer to the question, whose name has been read already. */
  owner(message: DnsMessage, at: number): string {
    const { bytes, start, end } = message;
    if (message.qname === '' || at + 2 > end || u16be(bytes, at) !== TO_QUESTION) return this.text(bytes, start, at, end);
    this.next = at + 2;
    this.reason = OK;
    return message.qname;
  }

  #stop(reason: Reason, at: number): Reason {
    if (this.next === -1) this.next = at;
    return reason;
  }
}

/** What is being read in presentation form: each byte of a name may become an escape of four; before it numbers, behind it a dot. */
const spelling = new Uint8Array(4 * MAX_NAME + 32);
let spelled = 0;

const spelt = (): string => names.text('ascii', spelling, 0, spelled);

/** Appends a number below 100,000. */
function spellNumber(value: number): void {
  let divisor = 10_000;
  while (divisor > 1 && value < divisor) divisor /= 10;
  for (; divisor >= 1; divisor /= 10) spelling[spelled++] = DIGIT_0 + (Math.floor(value / divisor) % 10);
}

/** Appends one label in the form of RFC 4343 2.1: dots, backslashes and what cannot be printed are escaped. */
function spell(bytes: Uint8Array, from: number, until: number): void {
  let to = spelled;
  for (let at = from; at < until; at++) {
    const c = u8(bytes, at);
    if (c > 0x20 && c < 0x7f && c !== DOT && c !== BACKSLASH) {
      spelling[to++] = c;
      continue;
    }
    spelling[to++] = BACKSLASH;
    if (c !== DOT && c !== BACKSLASH) {
      spelling[to++] = DIGIT_0 + Math.floor(c / 100);
      spelling[to++] = DIGIT_0 + (Math.floor(c / 10) % 10);
      spelling[to++] = DIGIT_0 + (c % 10);
    } else spelling[to++] = c;
  }
  spelled = to;
}

/** Passes over a name without reading it; -1 when it is cut or malformed. */
export function skipName(bytes: Uint8Array, at: number, end: number): number {
  for (let from = at; from < end; ) {
    const size = u8(bytes, from);
    if (size === 0) return from + 1;
    if ((size & POINTER) === POINTER) return from + 2 <= end ? from + 2 : -1;
    if ((size & POINTER) !== 0) return -1;
    from += 1 + size;
  }
  return -1;
}

/** A message's header and where its sections start. */
export class DnsMessage {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  id = 0;
  flags = 0;
  questions = 0;
  answers = 0;
  authorities = 0;
  additionals = 0;
  /** First question's name, type and class; qname '' and qtype -1 when there is none. */
  qname = '';
  qtype = -1;
  qclass = 0;
  /** Where the answer section starts; -1 when the questions could not be passed over. */
  answersAt = -1;

  get isResponse(): boolean {
    return (this.flags & 0x8000) !== 0;
  }
  get opcode(): number {
    return (this.flags >> 11) & 15;
  }
  get rcode(): number {
    return this.flags & 15;
  }
  get isAuthoritative(): boolean {
    return (this.flags & 0x0400) !== 0;
  }
  get isTruncated(): boolean {
    return (this.flags & 0x0200) !== 0;
  }

  /** Reads header and first question. SHORT only when the header is cut; a damaged question leaves answersAt at -1. */
  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.qname = '';
    this.qtype = -1;
    this.qclass = 0;
    this.answersAt = -1;
    if (end - start < HEADER) return SHORT;
    this.id = u16be(bytes, start);
    this.flags = u16be(bytes, start + 2);
    this.questions = u16be(bytes, start + 4);
    this.answers = u16be(bytes, start + 6);
    this.authorities = u16be(bytes, start + 8);
    this.additionals = u16be(bytes, start + 10);
    return this.#question();
  }

  #question(): Reason {
    const { bytes, start, end } = this;
    let at = start + HEADER;
    if (this.questions > 0) {
      this.qname = reader.text(bytes, start, at, end);
      at = reader.next;
      if (reader.reason !== OK) return reader.reason;
      if (at + 4 > end) return SHORT;
      this.qtype = u16be(bytes, at);
      this.qclass = u16be(bytes, at + 2);
      at += 4;
    }
    for (let question = 1; question < this.questions; question++) {
      if (question > limits.records.value) {
        hit(limits.records);
        return TOO_MANY;
      }
      at = skipName(bytes, at, end);
      if (at === -1 || at + 4 > end) return SHORT;
      at += 4;
    }
    this.answersAt = at;
    return OK;
  }
}

/** Resource records one after the other (4.1.3). */
export class RecordReader {
  /** Where the owner's name starts. */
  nameAt = 0;
  type = 0;
  class = 0;
  ttl = 0;
  /** Range of the RDATA. */
  from = 0;
  until = 0;
  reason: Reason = OK;

  /** Reads the record at `at`; returns where the next one is, or -1. */
  next(message: DnsMessage, at: number): number {
    const { bytes, end } = message;
    this.nameAt = at;
    const fixed = skipName(bytes, at, end);
    if (fixed === -1 || fixed + 10 > end) return this.#refuse(SHORT);
    this.type = u16be(bytes, fixed);
    this.class = u16be(bytes, fixed + 2);
    this.ttl = u32be(bytes, fixed + 4);
    this.from = fixed + 10;
    this.until = this.from + u16be(bytes, fixed + 8);
    if (this.until > end) return this.#refuse(OVERRUN);
    this.reason = OK;
    return this.until;
  }

  #refuse(reason: Reason): number {
    this.reason = reason;
    return -1;
  }
}

const reader = new NameReader();
