// One SMB connection: finds the messages in each direction's stream and hands over the commands that carry authentication.
// What needs not be read is passed over without being held, however long it says it is.
import { encodedNameLength } from '../../bytes/netbios-name.ts';
import { u8, u24be, u32be, u32le } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, SHORT, TOO_LONG, UNSUPPORTED } from '../../bytes/reason.ts';
import type { Context, Conversation, Direction } from '../contract.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';
import { NAME } from './names.ts';
import {
  computerName,
  FRAME_HEADER,
  findFrame,
  isControl,
  isSessionRequest,
  MAGIC,
  POSITIVE_SESSION_RESPONSE,
  SMB1_MAGIC,
  SMB2_MAGIC,
  startsFrame,
  TRANSFORM_MAGIC,
} from './netbios.ts';
import { Pipes } from './pipes.ts';
import { Sessions } from './sessions.ts';
import { SMB1_HEADER, Smb1 } from './smb1.ts';
import { NEXT_COMMAND, SMB2_HEADER, Smb2 } from './smb2.ts';

/** Where one direction's stream stands. */
class Side {
  want = FRAME_HEADER;
  /** Bytes left of the message that is being read: its next SMB2 command starts at the first unconsumed byte. */
  left = 0;
  /** The next bytes may be in the middle of a message. */
  lost = false;

  /** How many bytes tell what comes next, however they come. */
  get least(): number {
    return this.left > 0 ? Math.min(SMB2_HEADER, this.left) : FRAME_HEADER;
  }

  reset(): void {
    this.want = FRAME_HEADER;
    this.left = 0;
    this.lost = false;
  }
}

export class SmbConversation implements Conversation {
  readonly #originator = new Side();
  readonly #responder = new Side();
  readonly #sessions = new Sessions();
  readonly #pipes = new Pipes();
  /** Made when it is needed: few speak it. */
  #smb1: Smb1 | null = null;
  readonly #smb2 = new Smb2(this.#sessions, this.#pipes);
  /** NetBIOS name that the client called the server by. */
  #called = '';

  want(direction: Direction): number {
    return this.#side(direction).want;
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const side = this.#side(context.direction);
    let at = start;
    side.want = side.least;
    // Each step consumes something, or sets `want` to more than there is.
    while (at < end && at + side.want <= end) {
      const used: number =
        side.left > 0 ? this.#smb2Command(side, bytes, at, end, context) : this.#frame(side, bytes, at, end, context);
      at += used;
      if (used > 0) side.want = side.least;
    }
    return at - start;
  }

  gap(_length: number, context: Context): boolean {
    const side = this.#side(context.direction);
    side.reset();
    side.lost = true;
    this.#pipes.lost(context);
    return true;
  }

  close(context: Context): void {
    this.#pipes.close(context);
    this.#sessions.close(context);
    this.#endSmb1(context);
    this.#originator.reset();
    this.#responder.reset();
    this.#called = '';
  }

  #side(direction: Direction): Side {
    return direction === 0 ? this.#originator : this.#responder;
  }

  /** At the start of a frame, or of what should be one. Returns the bytes done with. */
  #frame(side: Side, bytes: Uint8Array, at: number, end: number, context: Context): number {
    const starts = startsFrame(bytes, at, end);
    if (starts === 'more') {
      side.want = at + FRAME_HEADER > end ? FRAME_HEADER : FRAME_HEADER + MAGIC;
      return 0;
    }
    const type = u8(bytes, at);
    // Four bytes that look like a keep-alive are no proof of being in step again: a message is.
    if (starts === 'no' || (side.lost && isControl(type))) return this.#search(side, bytes, at, end, context);
    const length = u24be(bytes, at + 1);
    const frame = FRAME_HEADER + length;
    if (isControl(type)) {
      if (at + frame > end) {
        side.want = frame;
        return 0;
      }
      side.lost = false;
      this.#control(type, bytes, at + FRAME_HEADER, at + frame, context);
      return frame;
    }
    side.lost = false;
    const magic = u32be(bytes, at + FRAME_HEADER);
    if (magic === SMB2_MAGIC) {
      if (context.direction === 1) this.#endSmb1(context);
      side.left = length;
      return FRAME_HEADER;
    }
    if (magic === SMB1_MAGIC) return this.#smb1Message(side, bytes, at, end, length, context);
    // Nothing can be read of what is encrypted, which is as it should be, nor of what is compressed.
    if (magic !== TRANSFORM_MAGIC) context.refuse(NAME, UNSUPPORTED);
    return frame;
  }

  /** Not in step with the frames: looks for the next one. */
  #search(side: Side, bytes: Uint8Array, at: number, end: number, context: Context): number {
    // An empty message is legal and without meaning.
    if (u32be(bytes, at) === 0 && !side.lost) return FRAME_HEADER;
    if (!side.lost) {
      context.refuse(NAME, BAD_TAG);
      side.lost = true;
    }
    return findFrame(bytes, at + 1, end) - at;
  }

  /** RFC 1002 4.3.2: the names of both ends. */
  #control(type: number, bytes: Uint8Array, start: number, end: number, context: Context): void {
    if (isSessionRequest(type)) {
      const called = encodedNameLength(bytes, start, end);
      const calling = called === 0 ? 0 : encodedNameLength(bytes, start + called, end);
      if (calling === 0) {
        context.refuse(NAME, BAD_VALUE);
        return;
      }
      this.#called = computerName(bytes, start);
      const name = computerName(bytes, start + called);
      if (name !== '') context.claims.sender(context.direction, name, '', 'netbios-session', context);
    } else if (type === POSITIVE_SESSION_RESPONSE && this.#called !== '')
      context.claims.sender(context.direction, this.#called, '', 'netbios-session', context);
  }

  #smb1Message(side: Side, bytes: Uint8Array, at: number, end: number, length: number, context: Context): number {
    const frame = FRAME_HEADER + length;
    const message = at + FRAME_HEADER;
    if (message + SMB1_HEADER > end) {
      side.want = FRAME_HEADER + SMB1_HEADER;
      return 0;
    }
    this.#smb1 ??= new Smb1(this.#sessions, this.#pipes);
    const needed = this.#smb1.needed(bytes, message, end, length);
    if (needed === 0) return frame;
    if (needed > limits.commandBytes.value) return this.#tooLong(frame, context);
    if (message + needed > end) {
      side.want = FRAME_HEADER + needed;
      return 0;
    }
    this.#smb1.message(bytes, message, message + needed, context);
    return frame;
  }

  /** Clients offer SMB2 in an SMB1 message; once the server speaks it no SMB1 follows (MS-SMB2 3.3.5.3). */
  #endSmb1(context: Context): void {
    this.#smb1?.close(context);
    this.#smb1 = null;
  }

  /** At one command of a message that may be a compound (MS-SMB2 3.3.5.2.7). */
  #smb2Command(side: Side, bytes: Uint8Array, at: number, end: number, context: Context): number {
    const { left } = side;
    if (left < SMB2_HEADER) return this.#abort(side, SHORT, context);
    if (at + SMB2_HEADER > end) {
      side.want = SMB2_HEADER;
      return 0;
    }
    if (u32be(bytes, at) !== SMB2_MAGIC) return this.#abort(side, BAD_TAG, context);
    const next = u32le(bytes, at + NEXT_COMMAND);
    const isBad = next !== 0 && (next < SMB2_HEADER || next > left);
    const length = next === 0 || isBad ? left : next;
    const needed = this.#smb2.needed(bytes, at, end, length);
    if (needed > limits.commandBytes.value) {
      side.left -= length;
      return this.#tooLong(length, context);
    }
    if (at + needed > end) {
      side.want = needed;
      return 0;
    }
    if (isBad) context.refuse(NAME, BAD_VALUE);
    side.left -= length;
    if (needed > 0) this.#smb2.command(bytes, at, at + needed, context);
    return length;
  }

  /** Passes over the rest of a message. */
  #abort(side: Side, reason: typeof SHORT | typeof BAD_TAG, context: Context): number {
    context.refuse(NAME, reason);
    const { left } = side;
    side.left = 0;
    return left;
  }

  #tooLong(length: number, context: Context): number {
    hit(limits.commandBytes);
    context.refuse(NAME, TOO_LONG);
    return length;
  }
}
