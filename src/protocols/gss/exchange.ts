// One authentication inside a carrier (SMB session setup, LDAP SASL, HTTP header, DCE/RPC verifier, mail AUTH): the carrier
// hands over each token and, at the end, its verdict. Tokens may be raw NTLMSSP, SPNEGO (RFC 4178) or raw Kerberos GSS
// (RFC 4121); what they hold is decoded by the ntlm and kerberos rooms.
import type { Context, Identity, Outcome } from '../contract.ts';

/** What a carrier holds for one security context. Reusable after reset(). */
export class AuthExchange {
  /** Name of the carrier, as in an activity's `carrier`. */
  readonly carrier: string;
  /** Who the peer claims to be, once the tokens told; after a successful finish() this is who acts on the connection. */
  identity: Identity | null = null;
  /** The mechanism in use, once known. */
  mechanism: '' | 'ntlm' | 'kerberos' = '';

  constructor(carrier: string) {
    this.carrier = carrier;
  }

  reset(): void {
    this.identity = null;
    this.mechanism = '';
  }

  /** One token, as the carrier's field holds it. context.direction tells who sent it. */
  token(_bytes: Uint8Array, _start: number, _end: number, _context: Context): void {}

  /**
   * The carrier's verdict: says the NTLM logon or the Kerberos resource access. `reason` is the carrier's own name of the
   * failure (`STATUS_LOGON_FAILURE`, `invalidCredentials (data 52e)`), empty on success.
   */
  finish(_outcome: Outcome, _reason: string, _context: Context): void {}

  /** The connection ended without a verdict: what was begun is said as unanswered. */
  abandon(_context: Context): void {}
}
