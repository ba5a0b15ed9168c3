// SMTP (RFC 4954), IMAP (RFC 9051) and POP3 (RFC 5034) as carriers of AUTH NTLM and GSSAPI: lines of text, tokens in Base64.
import { decodeBase64 } from '../../bytes/base64.ts';
import { u8 } from '../../bytes/read.ts';
import { latin1 } from '../../bytes/text.ts';
import { type Context, type Conversation, type Direction, GIVE_UP } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { mailLimits as limits } from './limits.ts';

export type MailProtocol = 'smtp' | 'imap' | 'pop3';

const LF = 0x0a;
const token = new Uint8Array(12_288);
/** Client lines that begin an authentication, with an initial token at the end or not. */
const AUTH = /^(?:AUTH|\S+ AUTHENTICATE) (NTLM|GSSAPI|GSS-SPNEGO)(?: (\S+))?$/i;
/** Client lines behind which there is nothing for us: TLS, or mail itself. */
const END = /^(?:STARTTLS|STLS|\S+ STARTTLS|DATA|BDAT|QUIT|\S+ LOGOUT|RETR|\S+ (?:UID )?FETCH)\b/i;

export class MailConversation implements Conversation {
  readonly #exchanges = { smtp: new AuthExchange('smtp'), imap: new AuthExchange('imap'), pop3: new AuthExchange('pop3') };
  #kind: MailProtocol = 'smtp';
  readonly #want: [number, number] = [1, 1];
  #inAuth = false;
  #lines = 0;

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    this.#want[direction] = 1;
    let at = start;
    for (;;) {
      let until = at;
      while (until < end && u8(bytes, until) !== LF) until++;
      if (until === end) break;
      if (!this.#line(bytes, at, until, context)) return GIVE_UP;
      at = until + 1;
    }
    if (end - at > limits.lineBytes.value) {
      hit(limits.lineBytes);
      return GIVE_UP;
    }
    this.#want[direction] = end - at + 1;
    return at - start;
  }

  gap(): boolean {
    return false;
  }

  close(context: Context): void {
    for (const exchange of Object.values(this.#exchanges)) {
      exchange.abandon(context);
      exchange.reset();
    }
    this.#kind = 'smtp';
    this.#want[0] = 1;
    this.#want[1] = 1;
    this.#inAuth = false;
    this.#lines = 0;
  }

  get #exchange(): AuthExchange {
    return this.#exchanges[this.#kind];
  }

  /** One line without its end; false gives the flow up. */
  #line(bytes: Uint8Array, from: number, end: number, context: Context): boolean {
    const until = end > from && u8(bytes, end - 1) === 0x0d ? end - 1 : end;
    if (++this.#lines > limits.lines.value) {
      hit(limits.lines);
      return false;
    }
    return context.direction === 0 ? this.#client(bytes, from, until, context) : this.#server(bytes, from, until, context);
  }

  #client(bytes: Uint8Array, from: number, until: number, context: Context): boolean {
    if (this.#inAuth) {
      this.#token(bytes, from, until, context);
      return true;
    }
    const text = latin1(bytes, from, Math.min(until, from + 64));
    if (END.test(text)) return false;
    const auth = AUTH.exec(latin1(bytes, from, until));
    if (auth === null) return true;
    this.#inAuth = true;
    this.#exchange.reset();
    const initial = auth[2];
    if (initial !== undefined) this.#token(bytes, until - initial.length, until, context);
    return true;
  }

  #server(bytes: Uint8Array, from: number, until: number, context: Context): boolean {
    const text = latin1(bytes, from, Math.min(until, from + 16));
    if (this.#lines === 1) this.#kind = kindOf(text) ?? this.#kind;
    if (!this.#inAuth) return true;
    const challenge = this.#kind === 'smtp' ? '334 ' : '+ ';
    if (text.startsWith(challenge)) {
      this.#token(bytes, from + challenge.length, until, context);
      return true;
    }
    const verdict = this.#verdict(text);
    if (verdict === null) return true;
    this.#inAuth = false;
    this.#exchange.finish(verdict === '' ? 'success' : 'failure', verdict, context);
    // What follows a logon is mail.
    return verdict !== '';
  }

  /** '' for success, the server's word for a failure, null for lines that decide nothing. */
  #verdict(text: string): string | null {
    if (this.#kind === 'smtp') return /^235/.test(text) ? '' : /^[45]\d\d/.test(text) ? `SMTP ${text.slice(0, 3)}` : null;
    if (this.#kind === 'pop3') return text.startsWith('+OK') ? '' : text.startsWith('-ERR') ? 'POP3 -ERR' : null;
    const result = /^\S+ (OK|NO|BAD)\b/i.exec(text)?.[1]?.toUpperCase();
    return text.startsWith('*') || result === undefined ? null : result === 'OK' ? '' : `IMAP ${result}`;
  }

  #token(bytes: Uint8Array, from: number, until: number, context: Context): void {
    const length = decodeBase64(bytes, from, until, token);
    if (length > 0) this.#exchange.token(token, 0, length, context);
  }
}

/** Which of the three greets like this. */
export function kindOf(greeting: string): MailProtocol | null {
  if (/^220[ -]/.test(greeting)) return 'smtp';
  if (/^\* (OK|PREAUTH)/i.test(greeting)) return 'imap';
  return greeting.startsWith('+OK') ? 'pop3' : null;
}
