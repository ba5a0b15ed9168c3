// SMB 1 (MS-CIFS, MS-SMB) as a carrier: session set-ups with and without extended security, and pipes with DCE/RPC.
import { names } from '../../bytes/intern.ts';
import { u8, u16le, u32le } from '../../bytes/read.ts';
import { OVERRUN, SHORT } from '../../bytes/reason.ts';
import type { Context, Identity } from '../contract.ts';
import { looksLikePdu, RpcContexts } from '../dcerpc/contexts.ts';
import type { ActivityType } from '../fields.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { detailFields as F } from './fields.ts';
import { smbLimits as limits } from './limits.ts';
import { STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS, statusName } from './names.ts';
import { NAME } from './smb2.ts';

export const LOGON: ActivityType = { type: 'smb.logon', protocol: 'smb', help: 'SMB 1 session set-up without a security token (LM or NTLM responses, or a clear-text password).' };

/** Header (MS-CIFS 2.2.3.1); then the word count. */
export const SMB1_HEADER = 32;
const AT = { COMMAND: 4, STATUS: 5, FLAGS: 9, FLAGS2: 10, TREE: 24, USER: 28, MULTIPLEX: 30 } as const;
const FLAG_REPLY = 0x80;
const FLAGS2_NT_STATUS = 0x4000;
const FLAGS2_UNICODE = 0x8000;
/** Commands (2.2.2.1). */
const TRANSACTION = 0x25;
const READ_ANDX = 0x2e;
const WRITE_ANDX = 0x2f;
const NEGOTIATE = 0x72;
const SESSION_SETUP_ANDX = 0x73;
/** Offsets of words, from the first word. */
const SETUP = { BLOB: 14, OEM_PASSWORD: 14, UNICODE_PASSWORD: 16 } as const;
const SETUP_RESPONSE_BLOB = 6;
const EXTENDED_WORDS = 12;
const NT_WORDS = 13;
const LANMAN_WORDS = 10;
const EXTENDED_RESPONSE_WORDS = 4;
const NEGOTIATE_EXTENDED_WORDS = 17;
const CAPABILITIES = 19;
const CAP_EXTENDED_SECURITY = 0x8000_0000;
const GUID_BYTES = 16;
const TRANSACTION_REQUEST = { DATA_COUNT: 22, DATA: 24, SETUP: 28 } as const;
const TRANSACTION_RESPONSE = { DATA_COUNT: 12, DATA: 14 } as const;
const WRITE = { FILE: 4, LENGTH: 20, DATA: 22 } as const;
const READ = { FILE: 4, LENGTH: 10, DATA: 12 } as const;
/** TRANS_TRANSACT_NMPIPE (2.2.5.6). */
const TRANSACT_NMPIPE = 0x26;

/** A set-up in the old style that waits for its answer. */
interface Plain {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly direction: 0 | 1;
  readonly account: Identity;
  readonly clearText: boolean;
  readonly nativeOs: string;
  readonly nativeLanMan: string;
}

export class Smb1 {
  #exchange: AuthExchange | null = null;
  #plain: Plain | null = null;
  readonly #pipes = new Map<number, RpcContexts>();
  /** Pipe that an awaited answer belongs to, by multiplex id. */
  readonly #awaited = new Map<number, RpcContexts>();

  isWorthWhole(bytes: Uint8Array, start: number, end: number, length: number): boolean {
    if (length > limits.messageBytes.value || start + SMB1_HEADER > end) return false;
    const command = u8(bytes, start + AT.COMMAND);
    return command === NEGOTIATE || command === SESSION_SETUP_ANDX || command === TRANSACTION || command === READ_ANDX || command === WRITE_ANDX;
  }

  message(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (end - start < SMB1_HEADER + 3) {
      context.refuse(NAME, SHORT);
      return;
    }
    const words = start + SMB1_HEADER + 1;
    const count = u8(bytes, start + SMB1_HEADER);
    const data = words + count * 2 + 2;
    if (data > end) {
      context.refuse(NAME, OVERRUN);
      return;
    }
    const isReply = (u8(bytes, start + AT.FLAGS) & FLAG_REPLY) !== 0;
    switch (u8(bytes, start + AT.COMMAND)) {
      case NEGOTIATE:
        if (isReply && count === NEGOTIATE_EXTENDED_WORDS && (u32le(bytes, words + CAPABILITIES) & CAP_EXTENDED_SECURITY) !== 0)
          new AuthExchange(NAME).token(bytes, data + GUID_BYTES, end, context);
        break;
      case SESSION_SETUP_ANDX:
        if (isReply) this.#setupResponse(bytes, start, words, count, data, end, context);
        else this.#setupRequest(bytes, start, words, count, data, end, context);
        break;
      case TRANSACTION:
        this.#transaction(bytes, start, words, count, end, isReply, context);
        break;
      case WRITE_ANDX:
        if (!isReply && count >= 12) this.#pipeData(bytes, start, words, WRITE.DATA, WRITE.LENGTH, u16le(bytes, words + WRITE.FILE), end, context);
        break;
      case READ_ANDX:
        this.#read(bytes, start, words, count, end, isReply, context);
        break;
    }
  }

  close(context: Context): void {
    this.#exchange?.abandon(context);
    this.#sayPlain('unanswered', '', context);
    for (const pipe of this.#pipes.values()) pipe.close(context);
    this.#exchange = null;
    this.#pipes.clear();
    this.#awaited.clear();
  }

  #setupRequest(bytes: Uint8Array, start: number, words: number, count: number, data: number, end: number, context: Context): void {
    if (count === EXTENDED_WORDS) {
      this.#exchange ??= new AuthExchange(NAME);
      const until = data + u16le(bytes, words + SETUP.BLOB);
      if (until > end) context.refuse(NAME, OVERRUN);
      this.#exchange.token(bytes, data, Math.min(until, end), context);
    } else if (count === NT_WORDS || count === LANMAN_WORDS) this.#plainRequest(bytes, start, words, count, data, end, context);
  }

  #plainRequest(bytes: Uint8Array, start: number, words: number, count: number, data: number, end: number, context: Context): void {
    const oem = u16le(bytes, words + SETUP.OEM_PASSWORD);
    const unicodePassword = count === NT_WORDS ? u16le(bytes, words + SETUP.UNICODE_PASSWORD) : 0;
    const unicode = (u16le(bytes, start + AT.FLAGS2) & FLAGS2_UNICODE) !== 0;
    let at = data + oem + unicodePassword;
    if (at > end) {
      context.refuse(NAME, OVERRUN);
      return;
    }
    // Unicode strings start at an even offset from the header (2.2.1.1.2).
    if (unicode && (at - start) % 2 === 1) at++;
    const texts: string[] = [];
    for (let i = 0; i < 4; i++) {
      const from = at;
      while (at < end && (u8(bytes, at) !== 0 || (unicode && at + 1 < end && u8(bytes, at + 1) !== 0))) at += unicode ? 2 : 1;
      const until = Math.min(at, end);
      texts.push(names.text(unicode ? 'utf16le' : 'latin1', bytes, from, unicode ? until - ((until - from) % 2) : until));
      at += unicode ? 2 : 1;
    }
    const [name = '', domain = '', nativeOs = '', nativeLanMan = ''] = texts;
    const isAnonymous = name === '' && oem <= 1 && unicodePassword === 0;
    this.#plain = {
      frame: context.frame,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      direction: context.direction,
      account: { name, domain, kind: isAnonymous ? 'anonymous' : name.endsWith('$') ? 'computer' : 'user', ticket: 0 },
      // A response to a challenge has 24 bytes or more; anything else that is there is the password itself.
      clearText: oem > 1 && oem !== 24 && unicodePassword === 0,
      nativeOs,
      nativeLanMan,
    };
  }

  #setupResponse(bytes: Uint8Array, start: number, words: number, count: number, data: number, end: number, context: Context): void {
    const isNt = (u16le(bytes, start + AT.FLAGS2) & FLAGS2_NT_STATUS) !== 0;
    const status = u32le(bytes, start + AT.STATUS);
    const reason = status === STATUS_SUCCESS ? '' : isNt ? statusName(status) : `DOS ${status & 0xff}/${status >>> 16}`;
    if (this.#plain !== null) this.#sayPlain(reason === '' ? 'success' : 'failure', reason, context);
    if (count === EXTENDED_RESPONSE_WORDS) {
      this.#exchange ??= new AuthExchange(NAME);
      this.#exchange.token(bytes, data, Math.min(data + u16le(bytes, words + SETUP_RESPONSE_BLOB), end), context);
    }
    if (isNt && status === STATUS_MORE_PROCESSING_REQUIRED) return;
    this.#exchange?.finish(reason === '' ? 'success' : 'failure', reason, context);
    this.#exchange = null;
  }

  #sayPlain(outcome: 'success' | 'failure' | 'unanswered', reason: string, context: Context): void {
    const plain = this.#plain;
    this.#plain = null;
    if (plain === null || context.activities === null || context.duplicate) return;
    const sink = context.activities;
    const e = sink.envelope(LOGON, context);
    e.seconds = plain.seconds;
    e.nanoseconds = plain.nanoseconds;
    e.firstFrame = plain.frame;
    e.direction = plain.direction;
    e.account = plain.account;
    e.outcome = outcome;
    e.reason = reason;
    e.mdi = outcome === 'success' ? 'Credentials validation' : outcome === 'failure' ? 'Failed logon' : '';
    e.logon = plain.account.kind !== 'anonymous';
    if (outcome !== 'unanswered') {
      e.endSeconds = context.seconds;
      e.endNanoseconds = context.nanoseconds;
    }
    sink.begin(e, context);
    if (plain.account.kind !== 'anonymous') sink.text(F.response, plain.clearText ? 'clear-text' : 'challenge-response');
    if (plain.nativeOs !== '') sink.text(F.nativeOs, plain.nativeOs);
    if (plain.nativeLanMan !== '') sink.text(F.nativeLanMan, plain.nativeLanMan);
    sink.end();
  }

  #transaction(bytes: Uint8Array, start: number, words: number, count: number, end: number, isReply: boolean, context: Context): void {
    if (isReply) {
      const pipe = this.#answered(bytes, start);
      if (pipe === undefined || count < 10) return;
      const from = start + u16le(bytes, words + TRANSACTION_RESPONSE.DATA);
      pipe.message(bytes, from, Math.min(end, from + u16le(bytes, words + TRANSACTION_RESPONSE.DATA_COUNT)), context);
    } else if (count >= 16 && u16le(bytes, words + TRANSACTION_REQUEST.SETUP) === TRANSACT_NMPIPE) {
      const file = u16le(bytes, words + TRANSACTION_REQUEST.SETUP + 2);
      this.#pipeData(bytes, start, words, TRANSACTION_REQUEST.DATA, TRANSACTION_REQUEST.DATA_COUNT, file, end, context);
      const pipe = this.#pipes.get(file);
      if (pipe !== undefined) this.#await(bytes, start, pipe);
    }
  }

  #read(bytes: Uint8Array, start: number, words: number, count: number, end: number, isReply: boolean, context: Context): void {
    if (!isReply) {
      const pipe = count >= 10 ? this.#pipes.get(u16le(bytes, words + READ.FILE)) : undefined;
      if (pipe !== undefined) this.#await(bytes, start, pipe);
      return;
    }
    const pipe = this.#answered(bytes, start);
    if (pipe === undefined || count < 12) return;
    const from = start + u16le(bytes, words + READ.DATA);
    pipe.message(bytes, from, Math.min(end, from + u16le(bytes, words + READ.LENGTH)), context);
  }

  #pipeData(bytes: Uint8Array, start: number, words: number, dataField: number, lengthField: number, file: number, end: number, context: Context): void {
    const from = start + u16le(bytes, words + dataField);
    const until = Math.min(end, from + u16le(bytes, words + lengthField));
    if (from < words || from >= until || !looksLikePdu(bytes, from, until)) return;
    let pipe = this.#pipes.get(file);
    if (pipe === undefined) {
      if (this.#pipes.size >= limits.pipes.value) {
        hit(limits.pipes);
        for (const old of this.#pipes.values()) old.close(context);
        this.#pipes.clear();
      }
      pipe = new RpcContexts();
      this.#pipes.set(file, pipe);
    }
    pipe.message(bytes, from, until, context);
  }

  #await(bytes: Uint8Array, start: number, pipe: RpcContexts): void {
    if (this.#awaited.size >= limits.requests.value) {
      hit(limits.requests);
      this.#awaited.clear();
    }
    this.#awaited.set(u16le(bytes, start + AT.MULTIPLEX), pipe);
  }

  #answered(bytes: Uint8Array, start: number): RpcContexts | undefined {
    const id = u16le(bytes, start + AT.MULTIPLEX);
    const pipe = this.#awaited.get(id);
    this.#awaited.delete(id);
    return pipe;
  }
}
