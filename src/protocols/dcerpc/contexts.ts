// Authentication inside DCE/RPC (MS-RPCE 3.3.1.5.2): tokens in bind, bind_ack, alter_context and auth3; the verdict is what the
// server does next. Used by RPC over TCP and by SMB for its pipes.
import { OK } from '../../bytes/reason.ts';
import type { Context } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { dcerpcLimits as limits } from './limits.ts';
import { ALTER_CONTEXT, ALTER_CONTEXT_RESP, AUTH3, AUTH_TYPES, BIND, BIND_ACK, BIND_NAK, FAULT, HEADER, Pdu, RESPONSE } from './wire.ts';

export const NAME = 'dcerpc';
/** Statuses of faults that mean "not you" (C706 appendix E, MS-ERREF). */
const ACCESS_DENIED: Readonly<Record<number, string>> = {
  0x0000_0005: 'nca_s_fault_access_denied',
  0x0000_0721: 'RPC_S_SEC_PKG_ERROR',
  0x1c01_0013: 'nca_s_invalid_checksum',
};
/** PDU types that carry tokens of a negotiation; elsewhere the verifier only signs. */
const NEGOTIATING = [BIND, BIND_ACK, ALTER_CONTEXT, ALTER_CONTEXT_RESP, AUTH3];

const pdu = new Pdu();

/** The security contexts of one connection or pipe. */
export class RpcContexts {
  readonly #contexts = new Map<number, AuthExchange>();
  /** Whether a verdict is due with the server's next PDU. */
  get waiting(): boolean {
    for (const exchange of this.#contexts.values()) if (exchange.waiting) return true;
    return false;
  }

  /** One whole PDU. */
  pdu(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const reason = pdu.bind(bytes, start, end);
    if (reason !== OK) {
      context.refuse(NAME, reason);
      return;
    }
    if (NEGOTIATING.includes(pdu.type)) this.#negotiate(bytes, context);
    else if (pdu.type === RESPONSE) this.#verdict('', context);
    else if (pdu.type === FAULT) this.#verdict(ACCESS_DENIED[pdu.status] ?? '', context);
    else if (pdu.type === BIND_NAK) this.#verdict('bind_nak', context);
  }

  /** All PDUs of one pipe message; a cut last one is left out. */
  message(bytes: Uint8Array, start: number, end: number, context: Context): void {
    for (let at = start; at + HEADER <= end; ) {
      if (pdu.bindHeader(bytes, at, end) !== OK || at + pdu.length > end) return;
      const next = at + pdu.length;
      this.pdu(bytes, at, next, context);
      at = next;
    }
  }

  close(context: Context): void {
    for (const exchange of this.#contexts.values()) exchange.abandon(context);
    this.#contexts.clear();
  }

  #negotiate(bytes: Uint8Array, context: Context): void {
    const { type } = pdu;
    if (pdu.tokenUntil > pdu.tokenFrom && AUTH_TYPES.includes(pdu.authType)) {
      const exchange = this.#exchange(pdu.authContext, context);
      exchange.token(bytes, pdu.tokenFrom, pdu.tokenUntil, context);
      // An answered AP-REQ is accepted; NTLM's last leg comes in auth3 or alter_context.
      if ((type === BIND_ACK && exchange.mechanism === 'kerberos') || type === ALTER_CONTEXT_RESP) exchange.finish('success', '', context);
    } else if (type === ALTER_CONTEXT_RESP) this.#verdict('', context);
  }

  #verdict(failure: string, context: Context): void {
    for (const exchange of this.#contexts.values()) if (exchange.waiting) exchange.finish(failure === '' ? 'success' : 'failure', failure, context);
  }

  #exchange(id: number, context: Context): AuthExchange {
    let exchange = this.#contexts.get(id);
    if (exchange !== undefined) return exchange;
    if (this.#contexts.size >= limits.contexts.value) {
      hit(limits.contexts);
      for (const [oldest, old] of this.#contexts) {
        old.abandon(context);
        this.#contexts.delete(oldest);
        break;
      }
    }
    exchange = new AuthExchange(NAME);
    this.#contexts.set(id, exchange);
    return exchange;
  }
}

/** Whether a pipe message starts like a DCE/RPC PDU. */
export function looksLikePdu(bytes: Uint8Array, start: number, end: number): boolean {
  return pdu.bindHeader(bytes, start, end) === OK && pdu.length <= Math.max(end - start, 65_535);
}
