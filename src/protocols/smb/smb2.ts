// Commands of SMB2 and SMB3 (MS-SMB2 2.2), as far as they carry authentication: session setups, and payloads of named pipes.
// needed() says how much of a command must be held; all else is passed over without being held.
import { u8, u16le, u32le } from '../../bytes/read.ts';
import { OVERRUN, SHORT } from '../../bytes/reason.ts';
import type { Context } from '../contract.ts';
import { HEADER as PDU_HEADER, startsPdu } from '../dcerpc/wire.ts';
import {
  FSCTL_PIPE_TRANSCEIVE,
  NAME,
  SMB2_CLOSE,
  SMB2_IOCTL,
  SMB2_LOGOFF,
  SMB2_READ,
  SMB2_SESSION_SETUP,
  SMB2_WRITE,
  STATUS_BUFFER_OVERFLOW,
  STATUS_MORE_PROCESSING_REQUIRED,
  STATUS_PENDING,
  STATUS_SUCCESS,
  statusName,
} from './names.ts';
import type { Pipes } from './pipes.ts';
import type { Sessions } from './sessions.ts';

/** SMB2 header, 2.2.1.2. */
const STATUS = 8;
const COMMAND = 12;
const FLAGS = 16;
export const NEXT_COMMAND = 20;
const MESSAGE_ID = 24;
const SESSION_ID = 40;
export const SMB2_HEADER = 64;
const FLAGS_SERVER_TO_REDIR = 0x01;

/** SESSION_SETUP, 2.2.5 and 2.2.6: offsets from the header, as all below. */
const SETUP_REQUEST_BUFFER = 76;
const SETUP_REQUEST_BYTES = 88;
const SETUP_RESPONSE_FLAGS = 66;
const SETUP_RESPONSE_BUFFER = 68;
const SETUP_RESPONSE_BYTES = 72;
const SESSION_FLAG_IS_GUEST = 0x01;
/** CLOSE, 2.2.15. */
const CLOSE_FILE_ID = 72;
const CLOSE_BYTES = 88;
/** READ, 2.2.19 and 2.2.20; WRITE, 2.2.21. */
const READ_WRITE_FILE_ID = 80;
const READ_WRITE_BYTES = 112;
const WRITE_DATA_OFFSET = 66;
const WRITE_LENGTH = 68;
const READ_RESPONSE_OFFSET = 66;
const READ_RESPONSE_LENGTH = 68;
const READ_RESPONSE_BYTES = 80;
/** IOCTL, 2.2.31 and 2.2.32. */
const IOCTL_CODE = 68;
const IOCTL_FILE_ID = 72;
const IOCTL_INPUT_OFFSET = 88;
const IOCTL_INPUT_COUNT = 92;
const IOCTL_OUTPUT_OFFSET = 96;
const IOCTL_OUTPUT_COUNT = 100;
const IOCTL_REQUEST_BYTES = 120;
const IOCTL_RESPONSE_BYTES = 112;

const isResponse = (bytes: Uint8Array, at: number): boolean => (u32le(bytes, at + FLAGS) & FLAGS_SERVER_TO_REDIR) !== 0;

export class Smb2 {
  readonly #sessions: Sessions;
  readonly #pipes: Pipes;

  constructor(sessions: Sessions, pipes: Pipes) {
    this.#sessions = sessions;
    this.#pipes = pipes;
  }

  /**
   * How much of the command of `length` bytes at `at` must be there before command() is called, or before this can tell; 0: none,
   * it is of no interest. The header is there; the bytes seen end at `end`.
   */
  needed(bytes: Uint8Array, at: number, end: number, length: number): number {
    const response = isResponse(bytes, at);
    switch (u16le(bytes, at + COMMAND)) {
      case SMB2_SESSION_SETUP:
      case SMB2_LOGOFF:
        return length;
      case SMB2_CLOSE:
        return response || length < CLOSE_BYTES ? 0 : CLOSE_BYTES;
      case SMB2_WRITE:
        return response ? 0 : this.#neededOfWrite(bytes, at, end, length);
      case SMB2_READ:
        if (response)
          return this.#pipes.answered(u32le(bytes, at + MESSAGE_ID), u32le(bytes, at + MESSAGE_ID + 4), false) === null
            ? 0
            : length;
        return length < READ_WRITE_BYTES ? 0 : READ_WRITE_BYTES;
      case SMB2_IOCTL: {
        const head = response ? IOCTL_RESPONSE_BYTES : IOCTL_REQUEST_BYTES;
        if (length < head) return 0;
        if (at + head > end) return head;
        return u32le(bytes, at + IOCTL_CODE) === FSCTL_PIPE_TRANSCEIVE ? length : 0;
      }
      default:
        return 0;
    }
  }

  /** A write is held when it goes to a pipe, or when what it writes starts as only DCE/RPC does. */
  #neededOfWrite(bytes: Uint8Array, at: number, end: number, length: number): number {
    if (length < READ_WRITE_BYTES) return 0;
    if (at + READ_WRITE_BYTES > end) return READ_WRITE_BYTES;
    if (this.#pipe(bytes, at + READ_WRITE_FILE_ID) !== null) return length;
    const data = u16le(bytes, at + WRITE_DATA_OFFSET);
    if (data < READ_WRITE_BYTES || data + PDU_HEADER > length) return 0;
    if (at + data + PDU_HEADER > end) return data + PDU_HEADER;
    return startsPdu(bytes, at + data, at + data + PDU_HEADER) ? length : 0;
  }

  /** As much of a command as needed() asked for, [start, end). */
  command(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const response = isResponse(bytes, start);
    switch (u16le(bytes, start + COMMAND)) {
      case SMB2_SESSION_SETUP:
        if (response) this.#setupResponse(bytes, start, end, context);
        else this.#setupRequest(bytes, start, end, context);
        break;
      case SMB2_LOGOFF:
        if (!response) this.#sessions.logoff(u32le(bytes, start + SESSION_ID), u32le(bytes, start + SESSION_ID + 4), context);
        break;
      case SMB2_CLOSE: {
        const id = start + CLOSE_FILE_ID;
        this.#pipes.shut(u32le(bytes, id), u32le(bytes, id + 8), u32le(bytes, id + 12), context);
        break;
      }
      case SMB2_WRITE: {
        const data = start + u16le(bytes, start + WRITE_DATA_OFFSET);
        this.#payload(bytes, start + READ_WRITE_FILE_ID, data, u32le(bytes, start + WRITE_LENGTH), end, context);
        break;
      }
      case SMB2_READ:
        if (response) this.#readResponse(bytes, start, end, context);
        else {
          const pipe = this.#pipe(bytes, start + READ_WRITE_FILE_ID);
          if (pipe !== null) this.#pipes.asked(u32le(bytes, start + MESSAGE_ID), u32le(bytes, start + MESSAGE_ID + 4), pipe);
        }
        break;
      case SMB2_IOCTL: {
        const offset = response ? IOCTL_OUTPUT_OFFSET : IOCTL_INPUT_OFFSET;
        const count = response ? IOCTL_OUTPUT_COUNT : IOCTL_INPUT_COUNT;
        const data = start + u32le(bytes, start + offset);
        this.#payload(bytes, start + IOCTL_FILE_ID, data, u32le(bytes, start + count), end, context);
        break;
      }
    }
  }

  #setupRequest(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (start + SETUP_REQUEST_BYTES > end) {
      context.refuse(NAME, SHORT);
      return;
    }
    const from = start + u16le(bytes, start + SETUP_REQUEST_BUFFER);
    const until = from + u16le(bytes, start + SETUP_REQUEST_BUFFER + 2);
    if (until > end) {
      context.refuse(NAME, OVERRUN);
      return;
    }
    this.#sessions.request(
      u32le(bytes, start + SESSION_ID),
      u32le(bytes, start + SESSION_ID + 4),
      u32le(bytes, start + MESSAGE_ID),
      u32le(bytes, start + MESSAGE_ID + 4),
      bytes,
      from,
      until,
      context,
    );
  }

  #setupResponse(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const status = u32le(bytes, start + STATUS);
    if (status === STATUS_PENDING) return;
    const session = this.#sessions.answered(
      u32le(bytes, start + SESSION_ID),
      u32le(bytes, start + SESSION_ID + 4),
      u32le(bytes, start + MESSAGE_ID),
      u32le(bytes, start + MESSAGE_ID + 4),
      context,
    );
    if (status !== STATUS_SUCCESS && status !== STATUS_MORE_PROCESSING_REQUIRED) {
      this.#sessions.fail(session, statusName(status), context);
      return;
    }
    const whole = start + SETUP_RESPONSE_BYTES <= end;
    if (whole) {
      const from = start + u16le(bytes, start + SETUP_RESPONSE_BUFFER);
      const until = from + u16le(bytes, start + SETUP_RESPONSE_BUFFER + 2);
      if (until <= end) session.exchange.token(bytes, from, until, context);
      else context.refuse(NAME, OVERRUN);
    } else context.refuse(NAME, SHORT);
    if (status === STATUS_MORE_PROCESSING_REQUIRED) return;
    const flags = whole ? u16le(bytes, start + SETUP_RESPONSE_FLAGS) : 0;
    this.#sessions.succeed(session, (flags & SESSION_FLAG_IS_GUEST) !== 0, context);
  }

  #readResponse(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const status = u32le(bytes, start + STATUS);
    const low = u32le(bytes, start + MESSAGE_ID);
    const pipe = this.#pipes.answered(low, u32le(bytes, start + MESSAGE_ID + 4), status !== STATUS_PENDING);
    if (pipe === null || !(status === STATUS_SUCCESS || status === STATUS_BUFFER_OVERFLOW)) return;
    if (start + READ_RESPONSE_BYTES > end) return;
    const from = start + u8(bytes, start + READ_RESPONSE_OFFSET);
    const until = from + u32le(bytes, start + READ_RESPONSE_LENGTH);
    if (until <= end) pipe.data(bytes, from, until, context);
    else {
      context.refuse(NAME, OVERRUN);
      pipe.lost(context);
    }
  }

  /** What goes into the pipe, or comes out of it, by the handle at `id`. */
  #payload(bytes: Uint8Array, id: number, from: number, length: number, end: number, context: Context): void {
    if (length === 0) return;
    if (from + length > end) {
      context.refuse(NAME, OVERRUN);
      this.#pipe(bytes, id)?.lost(context);
      return;
    }
    const pipe = this.#pipes.open(u32le(bytes, id), u32le(bytes, id + 8), u32le(bytes, id + 12), context);
    pipe.data(bytes, from, from + length, context);
  }

  #pipe(bytes: Uint8Array, id: number) {
    return this.#pipes.find(u32le(bytes, id), u32le(bytes, id + 8), u32le(bytes, id + 12));
  }
}
