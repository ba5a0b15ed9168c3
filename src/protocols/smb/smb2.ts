// SMB 2 and 3 (MS-SMB2) as a carrier: session set-ups with their status, and the named pipes that DCE/RPC runs through.
import { u16le, u32le, u64le } from '../../bytes/read.ts';
import { BAD_VALUE, OVERRUN, SHORT } from '../../bytes/reason.ts';
import type { Context } from '../contract.ts';
import { looksLikePdu, RpcContexts } from '../dcerpc/contexts.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';
import { STATUS_MORE_PROCESSING_REQUIRED, STATUS_PENDING, STATUS_SUCCESS, statusName } from './names.ts';

export const NAME = 'smb';
/** Header (2.2.1.2). */
export const SMB2_HEADER = 64;
const AT = { STATUS: 8, COMMAND: 12, FLAGS: 16, NEXT: 20, MESSAGE_ID: 24, SESSION_ID: 40 } as const;
const FLAG_RESPONSE = 1;
/** Commands (2.2.1). */
const NEGOTIATE = 0;
const SESSION_SETUP = 1;
const READ = 8;
const WRITE = 9;
const IOCTL = 11;
const FSCTL_PIPE_TRANSCEIVE = 0x0011_c017;
/** Offsets in the command's structure, from the header's start. */
const SETUP_REQUEST_BLOB = SMB2_HEADER + 12;
const SETUP_RESPONSE_BLOB = SMB2_HEADER + 4;
const NEGOTIATE_RESPONSE_BLOB = SMB2_HEADER + 56;
const WRITE_REQUEST = { DATA: SMB2_HEADER + 2, LENGTH: SMB2_HEADER + 4, FILE: SMB2_HEADER + 16, SIZE: SMB2_HEADER + 48 } as const;
const READ_REQUEST = { FILE: SMB2_HEADER + 16, SIZE: SMB2_HEADER + 48 } as const;
const READ_RESPONSE = { DATA: SMB2_HEADER + 2, LENGTH: SMB2_HEADER + 4, SIZE: SMB2_HEADER + 16 } as const;
const IOCTL_BODY = { CODE: SMB2_HEADER + 4, FILE: SMB2_HEADER + 8, IN: SMB2_HEADER + 24, OUT: SMB2_HEADER + 32, SIZE: SMB2_HEADER + 48 } as const;
/** What must be there to decide whether a message is worth having whole. */
export const SMB2_PEEK = SMB2_HEADER + 64;

/** How much of a message is worth reading. */
export type Worth = 'whole' | 'nothing';

export class Smb2 {
  /** Session set-ups under way, by session id and by the message whose answer is awaited. */
  readonly #sessions = new Map<number, AuthExchange>();
  readonly #setups = new Map<number, AuthExchange>();
  /** Pipes by file id, and the pipe that an awaited READ reads. */
  readonly #pipes = new Map<number, RpcContexts>();
  readonly #reads = new Map<number, RpcContexts>();

  /** Looks at the first SMB2_PEEK bytes (or all there are) of a message of `length` bytes. */
  worth(bytes: Uint8Array, start: number, end: number, length: number): Worth {
    if (length < SMB2_HEADER || length > limits.messageBytes.value) return 'nothing';
    const command = u16le(bytes, start + AT.COMMAND);
    if (u32le(bytes, start + AT.NEXT) !== 0) return 'whole';
    const isResponse = (u32le(bytes, start + AT.FLAGS) & FLAG_RESPONSE) !== 0;
    if (command === NEGOTIATE || command === SESSION_SETUP) return 'whole';
    if (command === IOCTL) return start + IOCTL_BODY.SIZE <= end && u32le(bytes, start + IOCTL_BODY.CODE) === FSCTL_PIPE_TRANSCEIVE ? 'whole' : 'nothing';
    if (command === READ) return isResponse ? (this.#reads.has(u64le(bytes, start + AT.MESSAGE_ID)) ? 'whole' : 'nothing') : this.#pipes.size > 0 ? 'whole' : 'nothing';
    if (command !== WRITE || isResponse || start + WRITE_REQUEST.SIZE > end) return 'nothing';
    const data = start + u16le(bytes, start + WRITE_REQUEST.DATA);
    return data < end && looksLikePdu(bytes, data, end) ? 'whole' : 'nothing';
  }

  /** A whole message: one command, or several in a chain (3.2.4.1.4). */
  message(bytes: Uint8Array, start: number, end: number, context: Context): void {
    for (let at = start, links = 0; ; links++) {
      if (end - at < SMB2_HEADER) {
        context.refuse(NAME, SHORT);
        return;
      }
      const next = u32le(bytes, at + AT.NEXT);
      const until = next === 0 ? end : at + next;
      if (until > end || (next !== 0 && next < SMB2_HEADER) || links > 64) {
        context.refuse(NAME, BAD_VALUE);
        this.#command(bytes, at, end, context);
        return;
      }
      this.#command(bytes, at, until, context);
      if (next === 0) return;
      at = until;
    }
  }

  close(context: Context): void {
    for (const exchange of this.#setups.values()) exchange.abandon(context);
    for (const exchange of this.#sessions.values()) exchange.abandon(context);
    for (const pipe of this.#pipes.values()) pipe.close(context);
    this.#sessions.clear();
    this.#setups.clear();
    this.#pipes.clear();
    this.#reads.clear();
  }

  #command(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const command = u16le(bytes, start + AT.COMMAND);
    const isResponse = (u32le(bytes, start + AT.FLAGS) & FLAG_RESPONSE) !== 0;
    if (command === SESSION_SETUP) {
      if (isResponse) this.#setupResponse(bytes, start, end, context);
      else this.#setupRequest(bytes, start, end, context);
    } else if (command === NEGOTIATE && isResponse) this.#negotiateResponse(bytes, start, end, context);
    else if (command === WRITE && !isResponse) this.#write(bytes, start, end, context);
    else if (command === READ) {
      if (isResponse) this.#readResponse(bytes, start, end, context);
      else this.#readRequest(bytes, start, end);
    } else if (command === IOCTL) this.#ioctl(bytes, start, end, isResponse, context);
  }

  #setupRequest(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const sessionId = u64le(bytes, start + AT.SESSION_ID);
    const exchange = (sessionId === 0 ? undefined : this.#sessions.get(sessionId)) ?? new AuthExchange(NAME);
    bounded(this.#setups, limits.sessions);
    this.#setups.set(u64le(bytes, start + AT.MESSAGE_ID), exchange);
    if (start + SETUP_REQUEST_BLOB + 4 <= end) token(exchange, bytes, start, end, SETUP_REQUEST_BLOB, context);
  }

  #setupResponse(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const messageId = u64le(bytes, start + AT.MESSAGE_ID);
    const sessionId = u64le(bytes, start + AT.SESSION_ID);
    const status = u32le(bytes, start + AT.STATUS);
    if (status === STATUS_PENDING) return;
    // A capture may begin between request and answer, and some servers change the session id on the way.
    const exchange = this.#setups.get(messageId) ?? this.#sessions.get(sessionId) ?? new AuthExchange(NAME);
    this.#setups.delete(messageId);
    if (start + SETUP_RESPONSE_BLOB + 4 <= end) token(exchange, bytes, start, end, SETUP_RESPONSE_BLOB, context);
    if (status === STATUS_MORE_PROCESSING_REQUIRED) {
      bounded(this.#sessions, limits.sessions);
      this.#sessions.set(sessionId, exchange);
      return;
    }
    this.#sessions.delete(sessionId);
    if (status === STATUS_SUCCESS) exchange.finish('success', '', context);
    else exchange.finish('failure', statusName(status), context);
  }

  /** The server's hints: its mechanisms, and with them nothing that is waited for. */
  #negotiateResponse(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (start + NEGOTIATE_RESPONSE_BLOB + 4 <= end) token(new AuthExchange(NAME), bytes, start, end, NEGOTIATE_RESPONSE_BLOB, context);
  }

  #write(bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (start + WRITE_REQUEST.SIZE > end) return;
    const data = start + u16le(bytes, start + WRITE_REQUEST.DATA);
    const until = Math.min(end, data + u32le(bytes, start + WRITE_REQUEST.LENGTH));
    if (data >= until || !looksLikePdu(bytes, data, until)) return;
    this.#pipe(u64le(bytes, start + WRITE_REQUEST.FILE + 8), context).message(bytes, data, until, context);
  }

  #readRequest(bytes: Uint8Array, start: number, end: number): void {
    if (start + READ_REQUEST.SIZE > end) return;
    const pipe = this.#pipes.get(u64le(bytes, start + READ_REQUEST.FILE + 8));
    if (pipe === undefined) return;
    bounded(this.#reads, limits.requests);
    this.#reads.set(u64le(bytes, start + AT.MESSAGE_ID), pipe);
  }

  #readResponse(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const messageId = u64le(bytes, start + AT.MESSAGE_ID);
    const pipe = this.#reads.get(messageId);
    if (pipe === undefined || u32le(bytes, start + AT.STATUS) === STATUS_PENDING) return;
    this.#reads.delete(messageId);
    if (start + READ_RESPONSE.SIZE > end) return;
    const data = start + (u16le(bytes, start + READ_RESPONSE.DATA) & 0xff);
    pipe.message(bytes, data, Math.min(end, data + u32le(bytes, start + READ_RESPONSE.LENGTH)), context);
  }

  /** FSCTL_PIPE_TRANSCEIVE writes a PDU and reads the answer in one go (2.2.31, 2.2.32). */
  #ioctl(bytes: Uint8Array, start: number, end: number, isResponse: boolean, context: Context): void {
    if (start + IOCTL_BODY.SIZE > end || u32le(bytes, start + IOCTL_BODY.CODE) !== FSCTL_PIPE_TRANSCEIVE) return;
    const field = isResponse ? IOCTL_BODY.OUT : IOCTL_BODY.IN;
    const data = start + u32le(bytes, start + field);
    const until = Math.min(end, data + u32le(bytes, start + field + 4));
    if (data < start + SMB2_HEADER || data >= until || !looksLikePdu(bytes, data, until)) return;
    this.#pipe(u64le(bytes, start + IOCTL_BODY.FILE + 8), context).message(bytes, data, until, context);
  }

  /** Pipes are known by the volatile half of their file id. */
  #pipe(fileId: number, context: Context): RpcContexts {
    let pipe = this.#pipes.get(fileId);
    if (pipe !== undefined) return pipe;
    const dropped = bounded(this.#pipes, limits.pipes);
    dropped?.close(context);
    pipe = new RpcContexts();
    this.#pipes.set(fileId, pipe);
    return pipe;
  }
}

/** Hands over the blob that offset and length fields at `field` name; offsets count from the header's start. */
function token(exchange: AuthExchange, bytes: Uint8Array, start: number, end: number, field: number, context: Context): void {
  const from = start + u16le(bytes, start + field);
  const until = from + u16le(bytes, start + field + 2);
  if (until === from) return;
  if (from < start + SMB2_HEADER || until > end) context.refuse(NAME, OVERRUN);
  if (from >= start + SMB2_HEADER && from < end) exchange.token(bytes, from, Math.min(until, end), context);
}

/** Makes room for one more entry; returns the oldest if it had to go. */
function bounded<V>(map: Map<number, V>, limit: (typeof limits)[keyof typeof limits]): V | undefined {
  if (map.size < limit.value) return undefined;
  hit(limit);
  for (const [key, value] of map) {
    map.delete(key);
    return value;
  }
  return undefined;
}
