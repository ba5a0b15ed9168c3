// Commands of SMB1 (MS-CIFS 2.2, MS-SMB 2.2), as far as they carry authentication: session setups with and without extended
// security, and payloads of named pipes. As in smb2.ts, needed() says how much of a message must be held.
import { u8, u16le, u32le } from '../../bytes/read.ts';
import { OVERRUN, SHORT, TOO_MANY } from '../../bytes/reason.ts';
import type { Context } from '../contract.ts';
import { HEADER as PDU_HEADER, startsPdu } from '../dcerpc/wire.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';
import { type Strings, strings } from './logon.ts';
import { Logons } from './logons.ts';
import {
  dosErrorName,
  NAME,
  SMB_COM_CLOSE,
  SMB_COM_LOGOFF_ANDX,
  SMB_COM_NEGOTIATE,
  SMB_COM_READ_ANDX,
  SMB_COM_SESSION_SETUP_ANDX,
  SMB_COM_TRANSACTION,
  SMB_COM_WRITE_ANDX,
  STATUS_BUFFER_OVERFLOW,
  STATUS_MORE_PROCESSING_REQUIRED,
  STATUS_SUCCESS,
  statusName,
  TRANS_TRANSACT_NMPIPE,
} from './names.ts';
import type { Pipes } from './pipes.ts';
import type { Sessions } from './sessions.ts';

/** Header, MS-CIFS 2.2.3.1. */
const COMMAND = 4;
const STATUS = 5;
const DOS_CODE = 7;
const FLAGS = 9;
const FLAGS2 = 10;
const PID_LOW = 26;
const UID = 28;
const MID = 30;
/** Behind the word count. */
const WORDS = 33;
export const SMB1_HEADER = 35;
const FLAGS_REPLY = 0x80;
const FLAGS2_NT_STATUS = 0x4000;
const FLAGS2_UNICODE = 0x8000;

/** AndX blocks, 2.2.3.4: the next command and its offset from the header. */
const ANDX_OFFSET = 2;
const NO_ANDX = 0xff;
const NOTHING_CHAINED = 0;

/** Offsets below are into the words of each command. Session setup: 2.2.4.53, and MS-SMB 2.2.4.6. */
const SETUP_EXTENDED_WORDS = 12;
const SETUP_EXTENDED_BLOB_LENGTH = 14;
const SETUP_NT_WORDS = 13;
const SETUP_LM_WORDS = 10;
const SETUP_PASSWORD_LENGTH = 14;
const SETUP_UNICODE_PASSWORD_LENGTH = 16;
const SETUP_ANSWER_ACTION = 4;
const SETUP_ANSWER_BLOB_LENGTH = 6;
const SETUP_GUEST = 0x01;
/** Negotiate, 2.2.4.52.2. */
const NEGOTIATE_NT_WORDS = 17;
const NEGOTIATE_LM_WORDS = 13;
const NEGOTIATE_SECURITY_MODE = 2;
const NEGOTIATE_CAPABILITIES = 19;
const NEGOTIATE_CHALLENGE_LENGTH = 33;
const ENCRYPT_PASSWORDS = 0x02;
const CAP_UNICODE = 0x04;
const CAP_EXTENDED_SECURITY = 0x8000_0000;
/** Close, 2.2.4.5.1: a file and a time. */
const CLOSE_WORD_BYTES = 6;
/** Read and Write, 2.2.4.42, 2.2.4.43. */
const ANDX_FID = 4;
const WRITE_LENGTH_HIGH = 18;
const WRITE_LENGTH = 20;
const WRITE_OFFSET = 22;
const WRITE_WORD_BYTES = 24;
const READ_ANSWER_LENGTH = 10;
const READ_ANSWER_OFFSET = 12;
const READ_ANSWER_WORD_BYTES = 16;
/** Transaction, 2.2.4.33. */
const TRANS_DATA_COUNT = 22;
const TRANS_DATA_OFFSET = 24;
const TRANS_SETUP = 28;
const TRANS_WORD_BYTES = 32;
const TRANS_ANSWER_DATA_COUNT = 12;
const TRANS_ANSWER_DATA_OFFSET = 14;
const TRANS_ANSWER_WORD_BYTES = 20;

/** Stands for the upper half of ids that SMB1 has not, so that they are no ids of SMB2. */
const SMB1 = 0xffff_ffff;

export class Smb1 {
  readonly #sessions: Sessions;
  readonly #pipes: Pipes;
  readonly #logons = new Logons();

  constructor(sessions: Sessions, pipes: Pipes) {
    this.#sessions = sessions;
    this.#pipes = pipes;
  }

  close(context: Context): void {
    this.#logons.close(context);
  }

  /** As Smb2.needed(): SMB1_HEADER bytes are there. */
  needed(bytes: Uint8Array, at: number, end: number, length: number): number {
    const reply = (u8(bytes, at + FLAGS) & FLAGS_REPLY) !== 0;
    switch (u8(bytes, at + COMMAND)) {
      case SMB_COM_SESSION_SETUP_ANDX:
      case SMB_COM_LOGOFF_ANDX:
        return length;
      case SMB_COM_NEGOTIATE:
        return reply ? length : 0;
      case SMB_COM_CLOSE:
        return reply || length < WORDS + CLOSE_WORD_BYTES ? 0 : WORDS + CLOSE_WORD_BYTES;
      case SMB_COM_READ_ANDX:
        if (!reply) return length < WORDS + ANDX_FID + 2 ? 0 : length;
        return this.#pipes.answered(requestOf(bytes, at), SMB1, false) === null ? 0 : length;
      case SMB_COM_WRITE_ANDX:
        return reply ? 0 : this.#neededOfWrite(bytes, at, end, length);
      case SMB_COM_TRANSACTION:
        return reply && this.#pipes.answered(requestOf(bytes, at), SMB1, false) === null ? 0 : length;
      default:
        return 0;
    }
  }

  #neededOfWrite(bytes: Uint8Array, at: number, end: number, length: number): number {
    if (length < WORDS + WRITE_WORD_BYTES) return 0;
    if (at + WORDS + WRITE_WORD_BYTES > end) return WORDS + WRITE_WORD_BYTES;
    if (this.#pipe(u16le(bytes, at + WORDS + ANDX_FID)) !== null) return length;
    const data = u16le(bytes, at + WORDS + WRITE_OFFSET);
    if (data < WORDS + WRITE_WORD_BYTES || data + PDU_HEADER > length) return 0;
    if (at + data + PDU_HEADER > end) return data + PDU_HEADER;
    return startsPdu(bytes, at + data, at + data + PDU_HEADER) ? length : 0;
  }

  /** As much of a message as needed() asked for, [start, end): its command, and those chained to it. */
  message(bytes: Uint8Array, start: number, end: number, context: Context): void {
    let command = u8(bytes, start + COMMAND);
    let words = start + WORDS;
    for (let chained = 0; ; chained++) {
      if (chained >= limits.chain.value) {
        hit(limits.chain);
        context.refuse(NAME, TOO_MANY);
        return;
      }
      const wordBytes = 2 * u8(bytes, words - 1);
      if (words + wordBytes > end) {
        context.refuse(NAME, SHORT);
        return;
      }
      this.#command(command, bytes, start, words, wordBytes, end, context);
      const next = isAndX(command) ? chainedTo(bytes, start, words, wordBytes, end) : NOTHING_CHAINED;
      if (next === NOTHING_CHAINED) return;
      command = u8(bytes, words);
      words = next + 1;
    }
  }

  #command(command: number, bytes: Uint8Array, start: number, words: number, wordBytes: number, end: number, context: Context) {
    const reply = (u8(bytes, start + FLAGS) & FLAGS_REPLY) !== 0;
    switch (command) {
      case SMB_COM_SESSION_SETUP_ANDX:
        if (reply) this.#setupAnswer(bytes, start, words, wordBytes, end, context);
        else this.#setupRequest(bytes, start, words, wordBytes, end, context);
        break;
      case SMB_COM_LOGOFF_ANDX:
        if (!reply) this.#sessions.logoff(u16le(bytes, start + UID), SMB1, context);
        break;
      case SMB_COM_NEGOTIATE:
        if (reply) this.#negotiated(bytes, start, words, wordBytes, end, context);
        break;
      case SMB_COM_CLOSE:
        if (!reply && wordBytes >= 2) this.#pipes.shut(SMB1, u16le(bytes, words), 0, context);
        break;
      case SMB_COM_WRITE_ANDX:
        if (!reply && wordBytes >= WRITE_WORD_BYTES) {
          const length = u16le(bytes, words + WRITE_LENGTH_HIGH) * 0x1_0000 + u16le(bytes, words + WRITE_LENGTH);
          const from = start + u16le(bytes, words + WRITE_OFFSET);
          this.#payload(bytes, u16le(bytes, words + ANDX_FID), from, length, end, context);
        }
        break;
      case SMB_COM_READ_ANDX:
        if (reply) this.#answer(bytes, start, words, wordBytes, end, READ_ANSWER_WORD_BYTES, context);
        else if (wordBytes >= ANDX_FID + 2) {
          const pipe = this.#pipe(u16le(bytes, words + ANDX_FID));
          if (pipe !== null) this.#pipes.asked(requestOf(bytes, start), SMB1, pipe);
        }
        break;
      case SMB_COM_TRANSACTION:
        if (reply) this.#answer(bytes, start, words, wordBytes, end, TRANS_ANSWER_WORD_BYTES, context);
        else if (wordBytes >= TRANS_WORD_BYTES && u16le(bytes, words + TRANS_SETUP) === TRANS_TRANSACT_NMPIPE) {
          const fid = u16le(bytes, words + TRANS_SETUP + 2);
          const from = start + u16le(bytes, words + TRANS_DATA_OFFSET);
          this.#payload(bytes, fid, from, u16le(bytes, words + TRANS_DATA_COUNT), end, context);
          const pipe = this.#pipe(fid);
          if (pipe !== null) this.#pipes.asked(requestOf(bytes, start), SMB1, pipe);
        }
        break;
    }
  }

  #setupRequest(bytes: Uint8Array, start: number, words: number, wordBytes: number, end: number, context: Context): void {
    const data = words + wordBytes + 2;
    if (wordBytes === 2 * SETUP_EXTENDED_WORDS) {
      const until = data + u16le(bytes, words + SETUP_EXTENDED_BLOB_LENGTH);
      if (until > end) {
        context.refuse(NAME, OVERRUN);
        return;
      }
      const uid = u16le(bytes, start + UID);
      this.#sessions.request(uid, uid === 0 ? 0 : SMB1, requestOf(bytes, start), SMB1, bytes, data, until, context);
      return;
    }
    const isNt = wordBytes === 2 * SETUP_NT_WORDS;
    if (!isNt && wordBytes !== 2 * SETUP_LM_WORDS) return;
    const oem = u16le(bytes, words + SETUP_PASSWORD_LENGTH);
    const unicode = isNt ? u16le(bytes, words + SETUP_UNICODE_PASSWORD_LENGTH) : 0;
    if (data + oem + unicode > end) {
      context.refuse(NAME, OVERRUN);
      return;
    }
    this.#logons.request(requestOf(bytes, start), oem, unicode, isUnicode(bytes, start), bytes, start, data, end, context);
  }

  #setupAnswer(bytes: Uint8Array, start: number, words: number, wordBytes: number, end: number, context: Context): void {
    const request = requestOf(bytes, start);
    // The status is that of the command where the chain stopped: where another was answered behind the setup, that went well.
    const isChained = chainedTo(bytes, start, words, wordBytes, end) !== NOTHING_CHAINED;
    const reason = isChained ? '' : reasonOf(bytes, start);
    const action = wordBytes >= SETUP_ANSWER_ACTION + 2 ? u16le(bytes, words + SETUP_ANSWER_ACTION) : 0;
    const isGuest = (action & SETUP_GUEST) !== 0;
    if (this.#logons.has(request)) {
      let said: Strings | null = null;
      const data = words + wordBytes + 2;
      if (reason === '' && wordBytes >= SETUP_ANSWER_ACTION + 2 && data <= end)
        said = strings.read(bytes, start, data, end, isUnicode(bytes, start));
      this.#logons.answer(request, reason, isGuest, said, context);
      return;
    }
    const uid = u16le(bytes, start + UID);
    const session = this.#sessions.answered(uid, uid === 0 ? 0 : SMB1, request, SMB1, context);
    const status = isNtStatus(bytes, start) ? u32le(bytes, start + STATUS) : STATUS_SUCCESS;
    const goesOn = status === STATUS_MORE_PROCESSING_REQUIRED;
    if (reason !== '' && !goesOn) {
      this.#sessions.fail(session, reason, context);
      return;
    }
    if (wordBytes >= SETUP_ANSWER_BLOB_LENGTH + 2) {
      const from = words + wordBytes + 2;
      const until = from + u16le(bytes, words + SETUP_ANSWER_BLOB_LENGTH);
      if (until <= end) session.exchange.token(bytes, from, until, context);
      else context.refuse(NAME, OVERRUN);
    }
    if (!goesOn) this.#sessions.succeed(session, isGuest, context);
  }

  /** What the server wants of passwords, and, without extended security, who it is. */
  #negotiated(bytes: Uint8Array, start: number, words: number, wordBytes: number, end: number, context: Context): void {
    if (wordBytes !== 2 * NEGOTIATE_NT_WORDS && wordBytes !== 2 * NEGOTIATE_LM_WORDS) return;
    this.#logons.encrypted = (u8(bytes, words + NEGOTIATE_SECURITY_MODE) & ENCRYPT_PASSWORDS) !== 0;
    if (wordBytes !== 2 * NEGOTIATE_NT_WORDS) return;
    const capabilities = u32le(bytes, words + NEGOTIATE_CAPABILITIES);
    if ((capabilities & CAP_EXTENDED_SECURITY) !== 0) return;
    const data = words + wordBytes + 2 + u8(bytes, words + NEGOTIATE_CHALLENGE_LENGTH);
    if (data > end) return;
    // Servers that know Unicode write these in it to clients that do not, too. They stand without padding before them.
    const isWide = isUnicode(bytes, start) || (capabilities & CAP_UNICODE) !== 0;
    const [domain, server] = strings.read(bytes, data, data, end, isWide).texts;
    // A lone letter is more likely the half of one in UTF-16 than a name.
    if (server.length > (isWide ? 0 : 1)) context.claims.sender(context.direction, server, domain, 'smb-negotiate', context);
  }

  /** An answer out of a pipe, to a read or a transaction. */
  #answer(
    bytes: Uint8Array,
    start: number,
    words: number,
    wordBytes: number,
    end: number,
    leastWordBytes: number,
    context: Context,
  ): void {
    const pipe = this.#pipes.answered(requestOf(bytes, start), SMB1, true);
    if (pipe === null || wordBytes < leastWordBytes) return;
    const isRead = leastWordBytes === READ_ANSWER_WORD_BYTES;
    const status = isNtStatus(bytes, start) ? u32le(bytes, start + STATUS) : STATUS_SUCCESS;
    if (status !== STATUS_SUCCESS && status !== STATUS_BUFFER_OVERFLOW) return;
    const from = start + u16le(bytes, words + (isRead ? READ_ANSWER_OFFSET : TRANS_ANSWER_DATA_OFFSET));
    const until = from + u16le(bytes, words + (isRead ? READ_ANSWER_LENGTH : TRANS_ANSWER_DATA_COUNT));
    if (until <= end) pipe.data(bytes, from, until, context);
    else {
      context.refuse(NAME, OVERRUN);
      pipe.lost(context);
    }
  }

  #payload(bytes: Uint8Array, fid: number, from: number, length: number, end: number, context: Context): void {
    if (length === 0) return;
    if (from + length > end) {
      context.refuse(NAME, OVERRUN);
      this.#pipe(fid)?.lost(context);
      return;
    }
    this.#pipes.open(SMB1, fid, 0, context).data(bytes, from, from + length, context);
  }

  #pipe(fid: number) {
    return this.#pipes.find(SMB1, fid, 0);
  }
}

/** What pairs an answer with its request: MID and PID. */
const requestOf = (bytes: Uint8Array, start: number): number =>
  u16le(bytes, start + MID) + u16le(bytes, start + PID_LOW) * 0x1_0000;

const isUnicode = (bytes: Uint8Array, start: number): boolean => (u16le(bytes, start + FLAGS2) & FLAGS2_UNICODE) !== 0;
const isNtStatus = (bytes: Uint8Array, start: number): boolean => (u16le(bytes, start + FLAGS2) & FLAGS2_NT_STATUS) !== 0;

const isAndX = (command: number): boolean =>
  command === SMB_COM_SESSION_SETUP_ANDX ||
  command === SMB_COM_LOGOFF_ANDX ||
  command === SMB_COM_READ_ANDX ||
  command === SMB_COM_WRITE_ANDX;

/** Where the next command of the chain begins, at its word count. */
function chainedTo(bytes: Uint8Array, start: number, words: number, wordBytes: number, end: number): number {
  if (wordBytes < ANDX_OFFSET + 2 || u8(bytes, words) === NO_ANDX) return NOTHING_CHAINED;
  const next = start + u16le(bytes, words + ANDX_OFFSET);
  // Chains go forward only; anything else is a lie, or the rubbish that old clients leave behind NO_ANDX.
  return next < words + wordBytes || next >= end ? NOTHING_CHAINED : next;
}

/** Name of the failure; empty for success. */
function reasonOf(bytes: Uint8Array, start: number): string {
  const status = u32le(bytes, start + STATUS);
  if (status === 0) return '';
  if (isNtStatus(bytes, start)) return statusName(status);
  return dosErrorName(u8(bytes, start + STATUS), u16le(bytes, start + DOS_CODE));
}
