// SMB 3.0.2 (MS-SMB2 2.2) as far as a session goes that logs on, reads files and talks through named pipes.
import type { MessageBuffer } from '../message-buffer.ts';
import type { World } from '../world.ts';

export const COMMAND = {
  NEGOTIATE: 0,
  SESSION_SETUP: 1,
  LOGOFF: 2,
  TREE_CONNECT: 3,
  TREE_DISCONNECT: 4,
  CREATE: 5,
  CLOSE: 6,
  READ: 8,
  IOCTL: 11,
} as const;

/** NTSTATUS values (MS-ERREF 2.3.1) and their names. */
export const STATUS = {
  SUCCESS: [0, 'STATUS_SUCCESS'],
  MORE_PROCESSING_REQUIRED: [0xc000_0016, 'STATUS_MORE_PROCESSING_REQUIRED'],
  LOGON_FAILURE: [0xc000_006d, 'STATUS_LOGON_FAILURE'],
  ACCOUNT_LOCKED_OUT: [0xc000_0234, 'STATUS_ACCOUNT_LOCKED_OUT'],
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

const MAGIC = 0x424d_53fe;
const HEADER = 64;
const TO_REDIRECTOR = 0x01;
const SIGNED = 0x08;
const DIALECTS = [0x0202, 0x0210, 0x0300, 0x0302] as const;
const AGREED = 0x0302;
const SIGNING_ENABLED = 1;
const SIGNING_REQUIRED = 3;
const CAPABILITIES = 0x2f;
const MAX_TRANSFER = 0x0080_0000;
const FILETIME_HIGH = 0x01dc_8e2b;
const SHARE_DISK = 1;
const SHARE_PIPE = 2;
const FSCTL_PIPE_TRANSCEIVE = 0x0011_c017;
const IS_FSCTL = 1;
const GENERIC_READ = 0x0012_0089;
const PIPE_ACCESS = 0x0012_019f;
const SHARE_ALL = 7;
const FILE_OPEN = 1;
const CREDITS = 33;
const PROCESS_ID = 0xfeff;

/** A session of one connection: its numbers, and whether its messages are signed. */
export class SmbSession {
  messageId = 0;
  treeId = 0;
  signed = false;
  /** Halves of the session id; 0 until the server gave one. */
  idLow = 0;
  readonly idHigh = 0x0000_2400;
  fileId = 0;
  isPipe = false;
}

export class Smb2Messages {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  // ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  negotiate(out: MessageBuffer, session: SmbSession): void {
    this.#begin(out, session, COMMAND.NEGOTIATE, false, STATUS.SUCCESS);
    out.u16le(36).u16le(DIALECTS.length).u16le(SIGNING_ENABLED).u16le(0).u32le(CAPABILITIES);
    this.#guid(out, 0x1000);
    out.zeros(8);
    for (const dialect of DIALECTS) out.u16le(dialect);
    end(out);
  }

  /** The security token is what `token` appends. */
  sessionSetup(out: MessageBuffer, session: SmbSession, token: () => void): void {
    this.#begin(out, session, COMMAND.SESSION_SETUP, false, STATUS.SUCCESS);
    out.u16le(25).u8(0).u8(SIGNING_ENABLED).u32le(1).u32le(0);
    buffer(out, () => out.zeros(8), token);
    end(out);
  }

  treeConnect(out: MessageBuffer, session: SmbSession, path: string): void {
    this.#begin(out, session, COMMAND.TREE_CONNECT, false, STATUS.SUCCESS);
    out
      .u16le(9)
      .u16le(0)
      .u16le(HEADER + 8)
      .u16le(2 * path.length)
      .utf16(path);
    end(out);
  }

  create(out: MessageBuffer, session: SmbSession, name: string): void {
    this.#begin(out, session, COMMAND.CREATE, false, STATUS.SUCCESS);
    out.u16le(57).u8(0).u8(0).u32le(2).zeros(16);
    out
      .u32le(session.isPipe ? PIPE_ACCESS : GENERIC_READ)
      .u32le(0)
      .u32le(SHARE_ALL)
      .u32le(FILE_OPEN)
      .u32le(0);
    out
      .u16le(HEADER + 56)
      .u16le(2 * name.length)
      .zeros(8)
      .utf16(name);
    end(out);
  }

  read(out: MessageBuffer, session: SmbSession, offset: number, length: number): void {
    this.#begin(out, session, COMMAND.READ, false, STATUS.SUCCESS);
    out.u16le(49).u8(0x50).u8(0).u32le(length).u64le(offset);
    this.#fileId(out, session);
    out.u32le(0).u32le(0).u32le(0).u16le(0).u16le(0).u8(0);
    end(out);
  }

  close(out: MessageBuffer, session: SmbSession): void {
    this.#begin(out, session, COMMAND.CLOSE, false, STATUS.SUCCESS);
    out.u16le(24).u16le(0).u32le(0);
    this.#fileId(out, session);
    end(out);
  }

  /** LOGOFF and TREE_DISCONNECT have the same form, and so have their answers. */
  bare(out: MessageBuffer, session: SmbSession, command: number, isAnswer: boolean): void {
    this.#begin(out, session, command, isAnswer, STATUS.SUCCESS);
    out.u16le(4).u16le(0);
    end(out);
  }

  /** What `payload` appends goes through the pipe that is open. */
  transceive(out: MessageBuffer, session: SmbSession, payload: () => void): void {
    this.#begin(out, session, COMMAND.IOCTL, false, STATUS.SUCCESS);
    out.u16le(57).u16le(0).u32le(FSCTL_PIPE_TRANSCEIVE);
    this.#fileId(out, session);
    const input = out.reserve(8);
    out.u32le(0).u32le(0).u32le(0).u32le(4280).u32le(IS_FSCTL).u32le(0);
    const from = out.length;
    payload();
    out.set32le(input, from - FRAME);
    out.set32le(input + 4, out.length - from);
    end(out);
  }

  // ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  negotiated(out: MessageBuffer, session: SmbSession, token: () => void): void {
    this.#begin(out, session, COMMAND.NEGOTIATE, true, STATUS.SUCCESS);
    out.u16le(65).u16le(SIGNING_REQUIRED).u16le(AGREED).u16le(0);
    this.#guid(out, 0x2000);
    out.u32le(CAPABILITIES).u32le(MAX_TRANSFER).u32le(MAX_TRANSFER).u32le(MAX_TRANSFER);
    out.u64le(0x1234_5678, FILETIME_HIGH).u64le(0);
    buffer(out, () => out.u32le(0), token);
    end(out);
  }

  sessionSet(out: MessageBuffer, session: SmbSession, status: Status, token: () => void): void {
    const isOver = status !== STATUS.SUCCESS && status !== STATUS.MORE_PROCESSING_REQUIRED;
    this.#begin(out, session, COMMAND.SESSION_SETUP, true, status);
    if (isOver) error(out);
    else {
      out.u16le(9).u16le(0);
      buffer(out, () => out, token);
    }
    end(out);
  }

  treeConnected(out: MessageBuffer, session: SmbSession): void {
    this.#begin(out, session, COMMAND.TREE_CONNECT, true, STATUS.SUCCESS);
    out
      .u16le(16)
      .u8(session.isPipe ? SHARE_PIPE : SHARE_DISK)
      .u8(0)
      .u32le(0x30)
      .u32le(0)
      .u32le(0x001f_01ff);
    end(out);
  }

  created(out: MessageBuffer, session: SmbSession, size: number): void {
    this.#begin(out, session, COMMAND.CREATE, true, STATUS.SUCCESS);
    out.u16le(89).u8(0).u8(0).u32le(FILE_OPEN);
    for (let i = 0; i < 4; i++) out.u64le(0, FILETIME_HIGH);
    out.u64le(size).u64le(size).u32le(0x20).u32le(0);
    this.#fileId(out, session);
    out.u32le(0).u32le(0);
    end(out);
  }

  hasRead(out: MessageBuffer, session: SmbSession, length: number, random: number): void {
    this.#begin(out, session, COMMAND.READ, true, STATUS.SUCCESS);
    out
      .u16le(17)
      .u8(HEADER + 16)
      .u8(0)
      .u32le(length)
      .u32le(0)
      .u32le(0);
    out.noise(this.#world.pool, random, length);
    end(out);
  }

  closed(out: MessageBuffer, session: SmbSession): void {
    this.#begin(out, session, COMMAND.CLOSE, true, STATUS.SUCCESS);
    out.u16le(60).u16le(0).u32le(0).zeros(52);
    end(out);
  }

  transceived(out: MessageBuffer, session: SmbSession, payload: () => void): void {
    this.#begin(out, session, COMMAND.IOCTL, true, STATUS.SUCCESS);
    out.u16le(49).u16le(0).u32le(FSCTL_PIPE_TRANSCEIVE);
    this.#fileId(out, session);
    out.u32le(HEADER + 48).u32le(0);
    const output = out.reserve(8);
    out.u32le(0).u32le(0);
    const from = out.length;
    payload();
    out.set32le(output, from - FRAME);
    out.set32le(output + 4, out.length - from);
    end(out);
  }

  /** The header of 2.2.1.2, behind that of direct TCP (2.1). A request draws the next message id, its answer has the same. */
  #begin(out: MessageBuffer, session: SmbSession, command: number, isAnswer: boolean, status: Status): void {
    if (!isAnswer) session.messageId++;
    out.clear().u32be(0).u32le(MAGIC).u16le(HEADER).u16le(1).u32le(status[0]);
    out.u16le(command).u16le(CREDITS);
    out.u32le((isAnswer ? TO_REDIRECTOR : 0) | (session.signed ? SIGNED : 0)).u32le(0);
    out
      .u64le(session.messageId - 1)
      .u32le(PROCESS_ID)
      .u32le(session.treeId);
    out.u64le(session.idLow, session.idLow === 0 ? 0 : session.idHigh);
    if (session.signed) out.noise(this.#world.pool, session.messageId * 977 + session.idLow, 16);
    else out.zeros(16);
  }

  #fileId(out: MessageBuffer, session: SmbSession): void {
    out.u64le(session.fileId, 0x10).u64le(session.fileId ^ 0x5a5a, 0xffff);
  }

  #guid(out: MessageBuffer, offset: number): void {
    out.noise(this.#world.pool, offset, 16);
  }
}

/** Bytes of the frame's own header. */
const FRAME = 4;

/** SecurityBufferOffset and Length, what stands between them and the buffer, and the buffer. */
function buffer(out: MessageBuffer, between: () => unknown, content: () => void): void {
  const at = out.reserve(4);
  between();
  const from = out.length;
  content();
  out.set16le(at, from - FRAME);
  out.set16le(at + 2, out.length - from);
}

/** ERROR response, 2.2.2. */
function error(out: MessageBuffer): void {
  out.u16le(9).u8(0).u8(0).u32le(0).u8(0);
}

/** The frame's length (MS-SMB2 2.1). */
function end(out: MessageBuffer): void {
  const length = out.length - FRAME;
  out.bytes[1] = length >>> 16;
  out.bytes[2] = length >>> 8;
  out.bytes[3] = length;
}
