// Logons of SMB1 without extended security (MS-CIFS 2.2.4.53): account and domain stand in clear beside an LM or NTLM response,
// or beside the password itself, of which nothing but its length is read.
import type { Context } from '../contract.ts';
import { hit } from '../limits.ts';
import { sayLogon } from './activities.ts';
import { smbLimits as limits } from './limits.ts';
import { Logon, type ResponseKind, type Strings, strings } from './logon.ts';

/** Lengths of the responses, MS-NLMP 2.2.2.3, 2.2.2.6 and 2.2.2.8 (16 bytes and a blob of 28 at least). */
const RESPONSE_BYTES = 24;
const LEAST_NTLMV2_BYTES = 44;

/** Those of one connection. */
export class Logons {
  /** Whether the server asks for responses instead of passwords; undefined when its word was not seen. */
  encrypted: boolean | undefined = undefined;
  readonly #waiting: Logon[] = [];

  has(request: number): boolean {
    return this.#waiting.some((logon) => logon.request === request);
  }

  /** A request whose passwords, `oem` and `unicode` bytes long, start at `data`; the strings follow them. */
  request(
    request: number,
    oem: number,
    unicode: number,
    isUnicode: boolean,
    bytes: Uint8Array,
    start: number,
    data: number,
    end: number,
    context: Context,
  ): void {
    if (context.activities === null || context.duplicate) return;
    const repeated = this.#waiting.find((logon) => logon.request === request);
    if (repeated !== undefined) {
      repeated.retransmissions++;
      return;
    }
    if (this.#waiting.length >= limits.sessions.value) {
      hit(limits.sessions);
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) sayLogon(context.activities, oldest, null, '', false, null, context);
    }
    const logon = new Logon();
    logon.request = request;
    logon.seconds = context.seconds;
    logon.nanoseconds = context.nanoseconds;
    logon.frame = context.frame;
    logon.direction = context.direction;
    logon.kind = this.#kindOf(oem, unicode);
    const { texts } = strings.read(bytes, start, data + oem + unicode, end, isUnicode);
    [logon.account, logon.domain, logon.nativeOs, logon.nativeLanMan] = texts;
    this.#waiting.push(logon);
  }

  /** The server's answer; `said` holds its strings when it has any. */
  answer(request: number, reason: string, isGuest: boolean, said: Strings | null, context: Context): void {
    const at = this.#waiting.findIndex((logon) => logon.request === request);
    const logon = this.#waiting[at];
    if (logon === undefined) return;
    this.#waiting.splice(at, 1);
    if (context.activities === null) return;
    sayLogon(context.activities, logon, reason === '' ? 'success' : 'failure', reason, isGuest, said, context);
  }

  close(context: Context): void {
    const sink = context.activities;
    if (sink !== null) for (const logon of this.#waiting) sayLogon(sink, logon, null, '', false, null, context);
    this.#waiting.length = 0;
    this.encrypted = undefined;
  }

  /** A lone NUL is the empty password of an anonymous logon. */
  #kindOf(oem: number, unicode: number): ResponseKind {
    if (oem <= 1 && unicode <= 1) return 'none';
    if (this.encrypted === false) return 'plain';
    if (unicode >= LEAST_NTLMV2_BYTES) return 'ntlmv2';
    if (unicode === RESPONSE_BYTES) return 'ntlm';
    if (oem === RESPONSE_BYTES) return 'lm';
    return 'plain';
  }
}
