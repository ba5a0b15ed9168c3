// One security context of an association: its tokens, and when they are judged. The transport has no status for a logon, so
// the verdict is read off what the server does next (MS-RPCE 3.3.1.5.2): it accepts the bind, answers a call, or refuses.
import { indexOfAscii, u32le } from '../../bytes/read.ts';
import type { Context } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { NAME } from './names.ts';

const NTLMSSP = 'NTLMSSP\0';
/** MessageType of MS-NLMP 2.2.1. */
const NTLM_CHALLENGE = 2;
const NTLM_AUTHENTICATE = 3;
const NO_CALL = -1;

/** MessageType of the NTLM message that the token holds, wrapped or bare; 0 when there is none. */
function ntlmMessageType(bytes: Uint8Array, from: number, until: number): number {
  const at = indexOfAscii(bytes, from, until, NTLMSSP);
  return at !== -1 && at + NTLMSSP.length + 4 <= until ? u32le(bytes, at + NTLMSSP.length) : 0;
}

export class SecurityContext {
  readonly id: number;
  /** The client has proven itself as far as it must; what the server does next is the verdict. */
  pending = false;
  /** The association's next younger one. */
  next: SecurityContext | null = null;
  readonly #exchange = new AuthExchange(NAME);
  /** First call made under this context while it is pending, and whether it bore a verifier. */
  #call = NO_CALL;
  #isVerified = false;

  constructor(id: number) {
    this.id = id;
  }

  /** A token of the client, in a bind, alter_context or auth3. */
  offered(bytes: Uint8Array, from: number, until: number, isAuth3: boolean, callId: number, context: Context): void {
    const exchange = this.#exchange;
    exchange.token(bytes, from, until, context);
    if (ntlmMessageType(bytes, from, until) === NTLM_AUTHENTICATE || (exchange.mechanism === 'kerberos' && exchange.waiting)) {
      this.pending = true;
      // auth3 has no answer of its own: the verdict is on the next call.
      this.#call = isAuth3 ? NO_CALL : callId;
      this.#isVerified = false;
    }
  }

  /** A token of the server, in a bind_ack or alter_context_resp. */
  accepted(bytes: Uint8Array, from: number, until: number, context: Context): void {
    this.#exchange.token(bytes, from, until, context);
    if (!this.pending) return;
    // Kerberos was offered and the server went on with NTLM: the proof is still to come.
    if (ntlmMessageType(bytes, from, until) === NTLM_CHALLENGE) this.pending = false;
    else this.succeed(context);
  }

  /** A call is made under this context. */
  called(callId: number, isVerified: boolean): void {
    if (this.#call !== NO_CALL) return;
    this.#call = callId;
    this.#isVerified = isVerified;
  }

  /** Whether the call that judges the context is carried out in an accepted context only: a verifier is looked at before. */
  get runsAccepted(): boolean {
    return this.#isVerified;
  }

  /** Whether an answer to this call judges the context: call ids of an association grow (C706 12.6.3.1). */
  isJudgedBy(callId: number): boolean {
    return this.pending && this.#call !== NO_CALL && callId >= this.#call;
  }

  succeed(context: Context): void {
    this.pending = false;
    this.#exchange.finish('success', '', context);
  }

  fail(reason: string, context: Context): void {
    this.pending = false;
    this.#exchange.finish('failure', reason, context);
  }

  abandon(context: Context): void {
    this.pending = false;
    this.#exchange.abandon(context);
  }
}
