// One authentication inside a carrier (SMB session setup, LDAP SASL, HTTP header, DCE/RPC verifier, mail AUTH): the carrier
// hands over each token and, at the end, its verdict. Tokens may be raw NTLMSSP, SPNEGO (RFC 4178) or raw Kerberos GSS
// (RFC 4121); what they hold is decoded by the ntlm and kerberos rooms.
import { application } from '../../bytes/der.ts';
import { indexOfAscii, startsWithAscii, u8, u16be } from '../../bytes/read.ts';
import { BAD_TAG, OK, type Reason, TOO_DEEP } from '../../bytes/reason.ts';
import type { Context, Identity, Outcome } from '../contract.ts';
import { CarriedKerberos } from '../kerberos/carried.ts';
import { CarriedNtlm } from '../ntlm/carried.ts';
import { gssLimits as limits } from './limits.ts';
import {
  GssToken,
  isNegToken,
  NegToken,
  OID_KERBEROS,
  OID_KERBEROS_MICROSOFT,
  OID_KERBEROS_USER_TO_USER,
  OID_NTLMSSP,
  OID_SPNEGO,
  TAG_GSS,
} from './spnego.ts';

export const NAME = 'gss';
const NTLMSSP = 'NTLMSSP\0';
/** Token ids of the Kerberos mechanism (RFC 4121 4.1): AP-REQ, AP-REP, KRB-ERROR; user-to-user (TGT-REQ, TGT-REP). */
const KERBEROS_TOKEN_IDS = [0x0100, 0x0200, 0x0300];

const gss = new GssToken();
const neg = new NegToken();

/** What a carrier holds for one security context. Reusable after reset(). */
export class AuthExchange {
  /** Name of the carrier, as in an activity's `carrier`. */
  readonly carrier: string;
  /** Who the peer claims to be, once the tokens told; after a successful finish() this is who acts on the connection. */
  identity: Identity | null = null;
  /** The mechanism in use, once known. */
  mechanism: '' | 'ntlm' | 'kerberos' = '';
  /** Made with the mechanism's first token and gone with the verdict: a connection is open much longer than that. */
  #kerberos: CarriedKerberos | null = null;
  #ntlm: CarriedNtlm | null = null;

  constructor(carrier: string) {
    this.carrier = carrier;
  }

  reset(): void {
    this.identity = null;
    this.mechanism = '';
    this.#kerberos = null;
    this.#ntlm = null;
  }

  /** Whether a logon waits for the carrier's verdict. */
  get waiting(): boolean {
    return this.#kerberos?.waiting === true || this.#ntlm?.waiting === true;
  }

  /** One token, as the carrier's field holds it. context.direction tells who sent it. */
  token(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (start >= end) return;
    const reason = this.#token(bytes, start, end, context, 0);
    if (reason !== OK) context.refuse(NAME, reason);
  }

  #token(bytes: Uint8Array, start: number, end: number, context: Context, depth: number): Reason {
    if (depth > limits.depth.value) return TOO_DEEP;
    if (start >= end) return OK;
    if (startsWithAscii(bytes, start, end, NTLMSSP)) return this.#toNtlm(bytes, start, end, context);
    const tag = u8(bytes, start);
    if (tag === TAG_GSS) {
      const reason = gss.bind(bytes, start, end);
      if (reason !== OK) return this.#search(bytes, start, end, context, reason);
      const { from, until } = gss;
      if (gss.is(bytes, OID_SPNEGO)) return this.#token(bytes, from, until, context, depth + 1);
      if (gss.is(bytes, OID_KERBEROS) || gss.is(bytes, OID_KERBEROS_MICROSOFT) || gss.is(bytes, OID_KERBEROS_USER_TO_USER))
        return this.#toKerberosToken(bytes, from, until, context);
      return gss.is(bytes, OID_NTLMSSP) ? this.#toNtlm(bytes, from, until, context) : OK;
    }
    if (isNegToken(tag)) {
      const reason = neg.bind(bytes, start, end);
      const inner = this.#token(bytes, neg.from, neg.until, context, depth + 1);
      return reason !== OK && neg.until === 0 ? this.#search(bytes, start, end, context, reason) : inner;
    }
    // A bare Kerberos message: DCE-style third legs, and clients that leave the framing out.
    if (tag >= application(10) && tag <= application(30)) return this.#toKerberos(bytes, start, end, context);
    // Anything else belongs to a mechanism that says nothing in clear here (NEGOEX, MICs).
    return OK;
  }

  /** A cut or damaged wrapper may still hold a whole NTLM message. */
  #search(bytes: Uint8Array, start: number, end: number, context: Context, reason: Reason): Reason {
    const at = indexOfAscii(bytes, start, end, NTLMSSP);
    return at === -1 ? reason : this.#toNtlm(bytes, at, end, context);
  }

  #toKerberosToken(bytes: Uint8Array, from: number, until: number, context: Context): Reason {
    if (from + 2 > until) return BAD_TAG;
    return KERBEROS_TOKEN_IDS.includes(u16be(bytes, from)) ? this.#toKerberos(bytes, from + 2, until, context) : OK;
  }

  #toKerberos(bytes: Uint8Array, start: number, end: number, context: Context): Reason {
    this.#kerberos ??= new CarriedKerberos();
    const reason = this.#kerberos.message(bytes, start, end, context);
    if (reason === OK && this.#kerberos.identity !== null) {
      this.mechanism = 'kerberos';
      this.identity = this.#kerberos.identity;
    }
    return reason;
  }

  #toNtlm(bytes: Uint8Array, start: number, end: number, context: Context): Reason {
    this.#ntlm ??= new CarriedNtlm();
    const reason = this.#ntlm.message(bytes, start, end, context);
    this.mechanism = 'ntlm';
    if (this.#ntlm.identity !== null) this.identity = this.#ntlm.identity;
    return reason;
  }

  /**
   * The carrier's verdict: says the NTLM logon or the Kerberos resource access. `reason` is the carrier's own name of the
   * failure (`STATUS_LOGON_FAILURE`, `invalidCredentials (data 52e)`), empty on success.
   */
  finish(outcome: Outcome, reason: string, context: Context): void {
    if (context.duplicate) return;
    const kerberos = this.#kerberos;
    const ntlm = this.#ntlm;
    this.#kerberos = null;
    // Where a refused Kerberos ticket was followed by NTLM, the verdict is on the last that was tried.
    if (this.mechanism === 'ntlm') {
      this.#ntlm = null;
      kerberos?.finish(this.carrier, 'failure', '', context);
      ntlm?.finish(this.carrier, outcome, reason, context);
    } else kerberos?.finish(this.carrier, outcome, reason, context);
    if (outcome !== 'success') this.identity = null;
  }

  /** The connection ended without a verdict: what was begun is said as unanswered. */
  abandon(context: Context): void {
    this.#ntlm?.finish(this.carrier, 'unanswered', '', context);
    this.#kerberos?.finish(this.carrier, 'unanswered', '', context);
    this.#ntlm = null;
    this.#kerberos = null;
  }
}
