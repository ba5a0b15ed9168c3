// One association of connection-oriented DCE/RPC (C706 chapter 12), over TCP or in a named pipe. Only the PDUs that
// authenticate are held as a whole; calls and their answers are passed over in bulk, unless one of them is a verdict.
import { u8 } from '../../bytes/read.ts';
import { BAD_TAG, OK, TOO_LONG } from '../../bytes/reason.ts';
import { append, lengthOf, without } from '../chain.ts';
import type { Context, Conversation, Direction } from '../contract.ts';
import { hit } from '../limits.ts';
import { SecurityContext } from './context.ts';
import { dcerpcLimits as limits } from './limits.ts';
import {
  ACCESS_DENIED,
  ALTER_CONTEXT,
  ALTER_CONTEXT_RESP,
  AUTH3,
  BIND,
  BIND_ACK,
  BIND_NAK,
  carriesTokens,
  FAULT,
  NAME,
  REQUEST,
  RESPONSE,
  rejectReason,
  securityFault,
} from './names.ts';
import { HEADER, PduHeader, startsPdu, Verifier } from './wire.ts';

/** Bytes of a fault up to its status (C706 12.6.4.7), of a bind_nak up to its reason. */
const FAULT_HEAD = 28;

const header = new PduHeader();
const verifier = new Verifier();

/** Where one direction's stream stands. */
class Side {
  want = HEADER;
  /** After a gap, the next bytes may be in the middle of a PDU. */
  lost = false;

  reset(): void {
    this.want = HEADER;
    this.lost = false;
  }
}

/** The stream of PDUs in both directions. For TCP it is the conversation itself. */
export class DceRpcStream implements Conversation {
  readonly #originator = new Side();
  readonly #responder = new Side();
  #oldest: SecurityContext | null = null;
  /** Contexts that wait for a verdict. */
  #pending = 0;

  want(direction: Direction): number {
    return this.#side(direction).want;
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const side = this.#side(context.direction);
    let at = start;
    side.want = HEADER;
    while (at + HEADER <= end) {
      if (header.bind(bytes, at, end) !== OK) {
        if (!side.lost) {
          context.refuse(NAME, BAD_TAG);
          side.lost = true;
        }
        at = findPdu(bytes, at + 1, end);
        continue;
      }
      side.lost = false;
      const length = header.fragLength;
      const needed = this.#needed();
      if (needed > limits.fragmentBytes.value) {
        hit(limits.fragmentBytes);
        context.refuse(NAME, TOO_LONG);
      } else if (needed > 0) {
        if (at + needed > end) {
          side.want = needed;
          break;
        }
        this.#pdu(bytes, at, at + needed, context);
      }
      at += length;
    }
    return at - start;
  }

  gap(_length: number, context: Context): boolean {
    const side = this.#side(context.direction);
    side.reset();
    side.lost = true;
    return true;
  }

  close(context: Context): void {
    for (let security = this.#oldest; security !== null; security = security.next) security.abandon(context);
    this.#oldest = null;
    this.#pending = 0;
    this.#originator.reset();
    this.#responder.reset();
  }

  #side(direction: Direction): Side {
    return direction === 0 ? this.#originator : this.#responder;
  }

  /** How much of the PDU must be held: all of it, its head, or nothing. */
  #needed(): number {
    const { ptype, fragLength } = header;
    switch (ptype) {
      case BIND:
      case BIND_ACK:
      case ALTER_CONTEXT:
      case ALTER_CONTEXT_RESP:
      case AUTH3:
        return header.authLength > 0 ? fragLength : 0;
      case BIND_NAK:
        return Math.min(fragLength, FAULT_HEAD);
      case REQUEST:
      case RESPONSE:
        return this.#pending === 0 ? 0 : header.authLength > 0 ? fragLength : HEADER;
      case FAULT:
        return this.#pending === 0 ? 0 : Math.min(fragLength, FAULT_HEAD);
      default:
        return 0;
    }
  }

  #pdu(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const { ptype, callId } = header;
    if (ptype === BIND_NAK) this.#refused(callId, rejectReason(header.rejectReason(bytes, start, end)), true, context);
    else if (ptype === FAULT) {
      const status = header.faultStatus(bytes, start, end);
      const reason = securityFault(status);
      // Who is denied something by the call itself was let in to make it.
      const mayHaveRun = header.mayHaveRun(bytes, start) && this.#newestPending()?.runsAccepted === true;
      if (reason === '' || (status === ACCESS_DENIED && mayHaveRun)) this.#answered(callId, null, context);
      else this.#refused(callId, reason, false, context);
    } else {
      const hasVerifier = header.authLength > 0;
      if (hasVerifier) {
        const reason = verifier.bind(header, bytes, start, end);
        if (reason !== OK) {
          context.refuse(NAME, reason);
          return;
        }
      }
      if (ptype === REQUEST) {
        const security = hasVerifier ? this.#find(verifier.contextId) : this.#newestPending();
        if (security?.pending) security.called(callId, hasVerifier);
      } else if (ptype === RESPONSE) this.#answered(callId, hasVerifier ? this.#find(verifier.contextId) : null, context);
      else this.#token(bytes, context);
    }
  }

  /** A PDU of the handshake with a verifier. */
  #token(bytes: Uint8Array, context: Context): void {
    if (!carriesTokens(verifier.authType)) return;
    const { ptype, callId } = header;
    const { contextId, from, until } = verifier;
    let security = this.#find(contextId);
    if (ptype === BIND && security !== null) {
      // The association is bound anew: what the last attempt began will get no verdict.
      this.#drop(security, context);
      security = null;
    }
    security ??= this.#add(contextId, context);
    const before = security.pending;
    if (ptype === BIND || ptype === ALTER_CONTEXT || ptype === AUTH3)
      security.offered(bytes, from, until, ptype === AUTH3, callId, context);
    else security.accepted(bytes, from, until, context);
    this.#count(before, security.pending);
  }

  /** A call was answered: the server takes the context it was made under for good. */
  #answered(callId: number, security: SecurityContext | null, context: Context): void {
    const judged = security ?? this.#newestPending();
    if (judged === null || !judged.isJudgedBy(callId)) return;
    judged.succeed(context);
    this.#count(true, judged.pending);
  }

  /** A fault refuses the context of its call; a bind_nak refuses whatever the bind offered. */
  #refused(callId: number, reason: string, isBind: boolean, context: Context): void {
    const security = isBind ? this.#newest(() => true) : this.#newestPending();
    if (security === null || !(isBind || security.isJudgedBy(callId))) return;
    const before = security.pending;
    security.fail(reason, context);
    this.#count(before, security.pending);
  }

  #count(before: boolean, after: boolean): void {
    this.#pending += Number(after) - Number(before);
  }

  #find(id: number): SecurityContext | null {
    return this.#newest((security) => security.id === id);
  }

  #newestPending(): SecurityContext | null {
    return this.#newest((security) => security.pending);
  }

  #newest(is: (security: SecurityContext) => boolean): SecurityContext | null {
    let newest: SecurityContext | null = null;
    for (let security = this.#oldest; security !== null; security = security.next) if (is(security)) newest = security;
    return newest;
  }

  #add(id: number, context: Context): SecurityContext {
    if (this.#oldest !== null && lengthOf(this.#oldest) >= limits.contexts.value) {
      hit(limits.contexts);
      this.#drop(this.#oldest, context);
    }
    const security = new SecurityContext(id);
    this.#oldest = append(this.#oldest, security);
    return security;
  }

  #drop(security: SecurityContext, context: Context): void {
    this.#count(security.pending, false);
    security.abandon(context);
    this.#oldest = without(this.#oldest, security);
  }
}

/** The first place that may start a PDU; less than a header before the end nothing is certain yet. */
function findPdu(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + HEADER <= end && !(u8(bytes, at) === 5 && startsPdu(bytes, at, at + HEADER))) at++;
  return at;
}
