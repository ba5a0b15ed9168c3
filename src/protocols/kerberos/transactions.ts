// Requests and answers of one flow to a KDC or a kpasswd server: framing of both transports (RFC 4120 7.2), pairing, and what
// is left unanswered.
import { application, tlvLength } from '../../bytes/der.ts';
import { u8, u16be, u32be } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, SHORT, TOO_LONG } from '../../bytes/reason.ts';
import type { Context, Conversation, Direction, Transport } from '../contract.ts';
import { hit } from '../limits.ts';
import { sayExchange } from './activities.ts';
import { kerberosLimits as limits } from './limits.ts';
import { sayMessage } from './messages.ts';
import { AP_REP, AP_REQ, AS_REP, AS_REQ, KRB_ERROR, TGS_REP, TGS_REQ } from './names.ts';
import { PasswordChange } from './password.ts';
import { Request } from './request.ts';
import { isMessageType, KerberosMessage } from './wire.ts';

export const NAME = 'kerberos';
/** Record mark of TCP: a 32-bit length whose highest bit is reserved (7.2.2). */
export const MARK = 4;
/** Bytes of a kpasswd header (RFC 3244 2): length, version, AP length. */
export const KPASSWD_HEADER = 6;
const KPASSWD_CHANGE = 1;
const KPASSWD_SET = 0xff80;

/** One view for all flows of the thread: nobody keeps it past data(). */
const message = new KerberosMessage();

export class KerberosConversation implements Conversation {
  readonly #tcp: boolean;
  readonly #pending: Request[] = [];
  readonly #password = new PasswordChange();
  readonly #want: [number, number] = [1, 1];

  constructor(transport: Transport) {
    this.#tcp = transport === 'tcp';
  }

  get isIdle(): boolean {
    return this.#pending.length === 0 && !this.#password.waiting;
  }

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    if (this.#tcp) return this.#stream(bytes, start, end, context);
    this.#record(bytes, start, end, context);
    return end - start;
  }

  gap(): boolean {
    return true;
  }

  close(context: Context): void {
    const sink = context.activities;
    if (sink !== null) for (const request of this.#pending) sayExchange(sink, request, null, context);
    this.#pending.length = 0;
    this.#password.close(context);
    this.#want[0] = 1;
    this.#want[1] = 1;
  }

  #stream(bytes: Uint8Array, start: number, end: number, context: Context): number {
    let at = start;
    this.#want[context.direction] = 1;
    while (at < end) {
      if (at + MARK > end) {
        this.#want[context.direction] = MARK;
        break;
      }
      const length = u32be(bytes, at) & 0x7fff_ffff;
      if (length > limits.messageBytes.value) {
        // No KDC sends this: the stream is damaged or begins in the middle of a record.
        context.refuse(NAME, TOO_LONG);
        hit(limits.messageBytes);
        return end - start;
      }
      if (at + MARK + 1 <= end && length > 0 && !startsRecord(bytes, at + MARK, end)) {
        context.refuse(NAME, BAD_TAG);
        return end - start;
      }
      if (at + MARK + length > end) {
        this.#want[context.direction] = MARK + length;
        break;
      }
      this.#record(bytes, at + MARK, at + MARK + length, context);
      at += MARK + length;
    }
    return at - start;
  }

  /** One message, or one kpasswd packet. */
  #record(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (start >= end) return;
    if (isMessageType(u8(bytes, start) - application(0))) this.#kdcMessage(bytes, start, end, context);
    else if (looksLikeKpasswd(bytes, start, end)) this.#kpasswd(bytes, start, end, context);
    else context.refuse(NAME, BAD_TAG);
  }

  #kdcMessage(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const reason = message.bind(bytes, start, end);
    if (reason !== OK) {
      context.refuse(NAME, reason);
      return;
    }
    sayMessage(message, context);
    if (context.activities === null || context.duplicate) return;
    if (message.type === AS_REQ || message.type === TGS_REQ) this.#request(message, context);
    else if (message.type === AS_REP || message.type === TGS_REP || message.type === KRB_ERROR) this.#answer(message, context);
  }

  #request(message: KerberosMessage, context: Context): void {
    const repeated = this.#pending.find((request) => request.isRepeatedBy(message));
    if (repeated !== undefined) {
      repeated.retransmissions++;
      return;
    }
    if (this.#pending.length >= limits.pending.value) {
      hit(limits.pending);
      const oldest = this.#pending.shift();
      if (oldest !== undefined && context.activities !== null) sayExchange(context.activities, oldest, null, context);
    }
    this.#pending.push(Request.from(message, context));
  }

  #answer(message: KerberosMessage, context: Context): void {
    const wanted = message.type === AS_REP ? AS_REQ : message.type === TGS_REP ? TGS_REQ : 0;
    const at = this.#pending.findIndex(
      (request) => request.direction !== context.direction && (wanted === 0 || request.type === wanted),
    );
    const request = this.#pending[at];
    if (request === undefined || context.activities === null) return;
    this.#pending.splice(at, 1);
    sayExchange(context.activities, request, message, context);
    if (message.type === AS_REP && request.cname.endsWith('$'))
      context.claims.sender(request.direction, request.cname.slice(0, -1), message.crealm, 'kerberos-machine-account', context);
    if (request.netbiosName !== '')
      context.claims.sender(request.direction, request.netbiosName, '', 'kerberos-host-address', context);
  }

  /** RFC 3244 2: header, AP-REQ or AP-REP, then KRB-PRIV or KRB-ERROR. */
  #kpasswd(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const isSet = u16be(bytes, start + 2) === KPASSWD_SET;
    const apLength = u16be(bytes, start + 4);
    const apEnd = start + KPASSWD_HEADER + apLength;
    if (apEnd > end) {
      context.refuse(NAME, BAD_VALUE);
      return;
    }
    for (const [from, until] of [
      [start + KPASSWD_HEADER, apEnd],
      [apEnd, end],
    ] as const) {
      if (from >= until) continue;
      const reason = message.bind(bytes, from, until);
      if (reason !== OK) {
        context.refuse(NAME, reason);
        return;
      }
      sayMessage(message, context);
      if (context.duplicate) continue;
      if (message.type === AP_REQ) this.#password.request(message, isSet ? 'set' : 'change', context);
      else if (message.type === AP_REP || message.type === KRB_ERROR) this.#password.answer(message, context);
    }
  }
}

/** Whether a record may start here: a Kerberos message, or a kpasswd header. */
export function startsRecord(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    isMessageType(u8(bytes, at) - application(0)) ||
    (at + KPASSWD_HEADER + 2 > end ? u8(bytes, at) < 0x10 : looksLikeKpasswd(bytes, at, end))
  );
}

export function looksLikeKpasswd(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + KPASSWD_HEADER + 2 > end) return false;
  const length = u16be(bytes, start);
  const version = u16be(bytes, start + 2);
  const apLength = u16be(bytes, start + 4);
  if ((version !== KPASSWD_CHANGE && version !== KPASSWD_SET) || length < KPASSWD_HEADER || apLength > length - KPASSWD_HEADER)
    return false;
  const tag = u8(bytes, start + KPASSWD_HEADER) - application(0);
  return tag === AP_REQ || tag === AP_REP || (apLength === 0 && tag === KRB_ERROR);
}

/** Whether [start, end) starts with a whole header of a message, of sane length; SHORT when it is cut. */
export function looksLikeMessage(bytes: Uint8Array, start: number, end: number, length: number): number {
  if (start >= end) return SHORT;
  if (!isMessageType(u8(bytes, start) - application(0))) return BAD_TAG;
  const total = tlvLength(bytes, start, end, limits.messageBytes.value);
  if (total === 0) return SHORT;
  return total === length ? OK : BAD_VALUE;
}
