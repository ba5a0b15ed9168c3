// LDAP over TCP: finding messages in the stream, in clear, behind SASL's security layer, or handed over to TLS; pairing
// requests and answers; and who is bound.
import { tlvLength } from '../../bytes/der.ts';
import { u8, u32be } from '../../bytes/read.ts';
import { BAD_TAG, OK, TOO_LONG } from '../../bytes/reason.ts';
import { append, find, lengthOf, without } from '../chain.ts';
import { type Context, type Conversation, type Direction, GIVE_UP, type Identity } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { looksLikeTls, TlsWatch } from '../tls/watch.ts';
import {
  ADD,
  BIND,
  COMPARE,
  DELETE,
  EXTENDED,
  MODIFY,
  Operation,
  RENAME,
  reasonOf,
  SEARCH,
  type SealedTraffic,
  sayOperation,
  saySealed,
  sayTls,
} from './activities.ts';
import { identityOfCredentials, identityOfName } from './identity.ts';
import { ldapLimits as limits } from './limits.ts';
import { sayMessage } from './messages.ts';
import * as op from './names.ts';
import {
  type AttributeChange,
  attributesOf,
  BindRequest,
  changesOf,
  comparedAttribute,
  LdapMessage,
  LdapResult,
  renameOf,
  requestNameOf,
  SearchRequest,
  startsMessage,
} from './wire.ts';
import { SEALED, SIGNED, Wrapped } from './wrap.ts';

export const NAME = 'ldap';
const SEQUENCE_TAG = 0x30;
/** Length in front of a wrapped record (RFC 4422 3.7). */
const WRAP_HEADER = 4;
/** What must be there to see a message's kind: two headers, an id, a tag. */
export const PEEK = 16;

const message = new LdapMessage();
const bind = new BindRequest();
const result = new LdapResult();
const search = new SearchRequest();
const wrapped = new Wrapped();

export class LdapConversation implements Conversation {
  /** Operations that wait for their answers: seldom more than one. */
  #oldest: Operation | null = null;
  readonly #want: [number, number] = [2, 2];
  /** Made when they are needed: most connections bind once, few go into TLS. */
  #exchange: AuthExchange | null = null;
  #tls: TlsWatch | null = null;
  #account: Identity | null = null;
  #mechanism = '';
  #sealed: SealedTraffic | null = null;
  #inTls = false;
  #startTls = false;
  #startTlsId = -1;

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    let at = start;
    this.#want[direction] = 2;
    while (at + 2 <= end) {
      if (this.#inTls || looksLikeTls(bytes, at, end)) return this.#tlsData(bytes, start, at, end, context);
      const first = u8(bytes, at);
      const used = first === SEQUENCE_TAG ? this.#plain(bytes, at, end, context) : this.#wrapped(bytes, at, end, context);
      if (used === 0) break;
      at += used;
    }
    return at - start;
  }

  gap(_length: number, context: Context): boolean {
    this.#want[context.direction] = 2;
    return !this.#inTls;
  }

  close(context: Context): void {
    if (context.activities !== null) {
      for (let operation = this.#oldest; operation !== null; operation = operation.next)
        sayOperation(context.activities, operation, null, context);
      if (this.#sealed !== null) saySealed(context.activities, this.#sealed, context);
      this.#sayTls(context);
    }
    this.#exchange?.abandon(context);
    this.#exchange = null;
    this.#tls = null;
    this.#oldest = null;
    this.#want[0] = 2;
    this.#want[1] = 2;
    this.#account = null;
    this.#mechanism = '';
    this.#sealed = null;
    this.#inTls = false;
    this.#startTls = false;
    this.#startTlsId = -1;
  }

  // ── The stream ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A message in clear at `at`; returns bytes used, 0 when more are needed. */
  #plain(bytes: Uint8Array, at: number, end: number, context: Context): number {
    const { direction } = context;
    const length = tlvLength(bytes, at, end, 0x4000_0000);
    if (length === 0) {
      this.#want[direction] = 2 + (u8(bytes, at + 1) & 0x7f);
      return 0;
    }
    if (length < 0 || !startsMessage(bytes, at, end)) return this.#lost(bytes, at, end, context);
    if (length > limits.messageBytes.value) {
      if (end - at < PEEK) {
        this.#want[direction] = PEEK;
        return 0;
      }
      hit(limits.messageBytes);
      context.refuse(NAME, TOO_LONG);
      return length;
    }
    if (at + length > end) {
      this.#want[direction] = length;
      return 0;
    }
    this.#message(bytes, at, at + length, context);
    return length;
  }

  /** A record of SASL's security layer. */
  #wrapped(bytes: Uint8Array, at: number, end: number, context: Context): number {
    const { direction } = context;
    if (u8(bytes, at) !== 0) return this.#lost(bytes, at, end, context);
    if (at + WRAP_HEADER > end) {
      this.#want[direction] = WRAP_HEADER;
      return 0;
    }
    const length = u32be(bytes, at);
    const total = WRAP_HEADER + length;
    if (length === 0 || length > 0xff_ffff) return this.#lost(bytes, at, end, context);
    const peek = Math.min(total, WRAP_HEADER + 64);
    if (at + peek > end) {
      this.#want[direction] = peek;
      return 0;
    }
    const isWhole = at + total <= end;
    if (!isWhole && length <= limits.wrappedBytes.value) {
      this.#want[direction] = total;
      return 0;
    }
    const kind = isWhole ? wrapped.bind(bytes, at + WRAP_HEADER, at + total) : SEALED;
    if (kind === SIGNED) this.#unwrapped(bytes, wrapped.from, wrapped.until, context);
    else this.#countSealed(length, context);
    return total;
  }

  /** Messages inside a signed record; one that spans records is refused. */
  #unwrapped(bytes: Uint8Array, from: number, until: number, context: Context): void {
    let at = from;
    while (at < until) {
      const length = tlvLength(bytes, at, until, limits.messageBytes.value);
      if (length <= 0 || at + length > until) {
        context.refuse(NAME, length < 0 ? TOO_LONG : BAD_TAG);
        return;
      }
      this.#message(bytes, at, at + length, context);
      at += length;
    }
  }

  #countSealed(length: number, context: Context): void {
    this.#sealed ??= {
      frame: context.frame,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      endSeconds: 0,
      endNanoseconds: 0,
      records: 0,
      bytes: 0,
      mechanism: this.#mechanism,
      account: this.#account,
    };
    this.#sealed.endSeconds = context.seconds;
    this.#sealed.endNanoseconds = context.nanoseconds;
    this.#sealed.records++;
    this.#sealed.bytes += length;
  }

  /** In the middle of a message: goes on at the next place that starts like one. */
  #lost(bytes: Uint8Array, at: number, end: number, context: Context): number {
    context.refuse(NAME, BAD_TAG);
    for (let next = at + 1; next + PEEK <= end; next++)
      if (u8(bytes, next) === SEQUENCE_TAG && startsMessage(bytes, next, end)) return next - at;
    return end - at;
  }

  #tlsData(bytes: Uint8Array, start: number, at: number, end: number, context: Context): number {
    this.#inTls = true;
    this.#tls ??= new TlsWatch();
    const tls = this.#tls;
    const used = at - start + tls.data(bytes, at, end, context);
    if (tls.done) return GIVE_UP;
    this.#want[context.direction] = tls.want(bytes, start + used, end);
    return used;
  }

  #sayTls(context: Context): void {
    const facts = this.#tls?.facts ?? null;
    if (facts !== null && context.activities !== null) sayTls(context.activities, facts, this.#startTls, context);
  }

  // ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #message(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const reason = message.bind(bytes, start, end);
    if (reason !== OK) {
      context.refuse(NAME, reason);
      return;
    }
    sayMessage(message, NAME, context);
    switch (message.op) {
      case op.BIND_REQUEST:
        this.#bindRequest(context);
        break;
      case op.BIND_RESPONSE:
        this.#bindResponse(context);
        break;
      case op.SEARCH_REQUEST:
        this.#searchRequest(context);
        break;
      case op.SEARCH_RES_ENTRY:
      case op.SEARCH_RES_REF: {
        const operation = this.#pending(message.messageId);
        if (operation !== null) {
          if (message.op === op.SEARCH_RES_ENTRY) operation.entries++;
          else operation.references++;
        }
        break;
      }
      case op.MODIFY_REQUEST:
        this.#change(this.#operation(MODIFY, message.dn(), context), changesOf(message), context);
        break;
      case op.ADD_REQUEST:
        this.#change(this.#operation(ADD, message.dn(), context), attributesOf(message), context);
        break;
      case op.DEL_REQUEST:
        this.#begin(this.#operation(DELETE, message.content(), context), context);
        break;
      case op.MOD_DN_REQUEST: {
        const rename = this.#operation(RENAME, message.dn(), context);
        const { newRdn, newSuperior } = renameOf(message);
        rename.newRdn = newRdn;
        rename.newSuperior = newSuperior;
        this.#begin(rename, context);
        break;
      }
      case op.COMPARE_REQUEST: {
        const compare = this.#operation(COMPARE, message.dn(), context);
        compare.attribute = comparedAttribute(message);
        this.#begin(compare, context);
        break;
      }
      case op.EXTENDED_REQUEST: {
        const requestName = requestNameOf(message);
        if (requestName === op.START_TLS) this.#startTlsId = message.messageId;
        const extended = this.#operation(EXTENDED, op.oidName(requestName), context);
        extended.requestName = requestName;
        this.#begin(extended, context);
        break;
      }
      case op.SEARCH_RES_DONE:
      case op.MODIFY_RESPONSE:
      case op.ADD_RESPONSE:
      case op.DEL_RESPONSE:
      case op.MOD_DN_RESPONSE:
      case op.COMPARE_RESPONSE:
      case op.EXTENDED_RESPONSE:
        this.#result(context);
        break;
    }
  }

  #operation(type: Operation['type'], target: string, context: Context): Operation {
    return new Operation(type, message, target, this.#account, context);
  }

  #change(operation: Operation, changes: readonly AttributeChange[], context: Context): void {
    operation.changes = changes;
    this.#begin(operation, context);
  }

  #begin(operation: Operation, context: Context): void {
    if (context.activities === null) return;
    const replaced = this.#pending(operation.messageId);
    if (replaced !== null) this.#oldest = without(this.#oldest, replaced);
    else if (this.#oldest !== null && lengthOf(this.#oldest) >= limits.pending.value) {
      hit(limits.pending);
      sayOperation(context.activities, this.#oldest, null, context);
      this.#oldest = this.#oldest.next;
    }
    this.#oldest = append(this.#oldest, operation);
  }

  #pending(messageId: number): Operation | null {
    return find(this.#oldest, (operation) => operation.messageId === messageId);
  }

  #searchRequest(context: Context): void {
    if (context.activities === null) return;
    search.bind(message);
    const operation = this.#operation(SEARCH, search.base, context);
    operation.search(search);
    this.#begin(operation, context);
  }

  #result(context: Context): void {
    const operation = this.#pending(message.messageId);
    if (message.op === op.EXTENDED_RESPONSE && message.messageId === this.#startTlsId) {
      result.bind(message);
      this.#startTls = result.code === op.SUCCESS;
    }
    if (operation === null || context.activities === null) return;
    this.#oldest = without(this.#oldest, operation);
    result.bind(message);
    sayOperation(context.activities, operation, result, context);
  }

  #bindRequest(context: Context): void {
    if (bind.bind(message) !== OK) {
      context.refuse(NAME, BAD_TAG);
      return;
    }
    const { auth, mechanism, name, version, passwordLength, tokenFrom, tokenUntil } = bind;
    let account: Identity | null = null;
    if (auth === 'simple') account = passwordLength === 0 ? identityOfName('') : identityOfName(name);
    else if (tokenUntil > tokenFrom) {
      account = identityOfCredentials(mechanism, message.bytes, tokenFrom, tokenUntil);
      if (account === null) this.#exchanged().token(message.bytes, tokenFrom, tokenUntil, context);
    }
    this.#mechanism = mechanism || (auth.startsWith('sicily') ? 'NTLM' : '');
    // Steps of one SASL bind are one activity, from the first request on.
    const before = this.#pendingBind();
    if (before !== null) this.#oldest = without(this.#oldest, before);
    const isStep = before !== null && auth !== 'simple' && before.auth !== 'simple';
    const operation = this.#operation(BIND, name, context);
    operation.account = account ?? (isStep ? before.account : null);
    operation.auth = auth.startsWith('sicily') ? 'sicily' : auth;
    operation.mechanism = this.#mechanism;
    operation.name = name;
    operation.version = version;
    operation.clearText = (auth === 'simple' && passwordLength > 0) || mechanism === 'PLAIN';
    if (isStep) {
      operation.frame = before.frame;
      operation.seconds = before.seconds;
      operation.nanoseconds = before.nanoseconds;
    }
    this.#begin(operation, context);
  }

  #pendingBind(): Operation | null {
    return find(this.#oldest, (operation) => operation.type === BIND);
  }

  #exchanged(): AuthExchange {
    this.#exchange ??= new AuthExchange(NAME);
    return this.#exchange;
  }

  #bindResponse(context: Context): void {
    if (result.bind(message) !== OK) context.refuse(NAME, BAD_TAG);
    if (result.tokenUntil > result.tokenFrom)
      this.#exchanged().token(message.bytes, result.tokenFrom, result.tokenUntil, context);
    else if (result.matchedUntil - result.matchedFrom > 8)
      this.#exchanged().token(message.bytes, result.matchedFrom, result.matchedUntil, context);
    const operation = this.#pending(message.messageId);
    // Sicily answers its first steps with success: the bind goes on until a response was sent.
    const goesOn =
      result.code === op.SASL_BIND_IN_PROGRESS ||
      (operation?.auth === 'sicily' && result.code === op.SUCCESS && this.#exchange?.waiting !== true);
    if (goesOn) return;
    const reason = reasonOf(result);
    const identity = this.#exchange?.identity ?? null;
    if (this.#exchange?.waiting) this.#exchange.finish(reason === '' ? 'success' : 'failure', reason, context);
    this.#exchange = null;
    const account = operation?.account ?? identity;
    this.#account = reason === '' ? account : null;
    if (operation === null || context.activities === null) return;
    this.#oldest = without(this.#oldest, operation);
    operation.account = account;
    sayOperation(context.activities, operation, result, context);
  }
}
