// SMB over TCP: session service frames (RFC 1002 4.3.1; on port 445 MS-SMB2 2.1), and behind them SMB 1 or SMB 2. What is bulk
// is passed over unbuffered.
import { u8, u24be, u32be } from '../../bytes/read.ts';
import { BAD_TAG } from '../../bytes/reason.ts';
import type { Context, Conversation, Direction } from '../contract.ts';
import { SMB1_HEADER, Smb1 } from './smb1.ts';
import { NAME, SMB2_PEEK, Smb2 } from './smb2.ts';

/** Header of a session service frame: type and length. */
export const FRAME = 4;
/** Protocol ids that start a message: SMB 1, SMB 2, encrypted, compressed. */
export const SMB1_ID = 0xff53_4d42;
export const SMB2_ID = 0xfe53_4d42;
export const TRANSFORM_ID = 0xfd53_4d42;
export const COMPRESSION_ID = 0xfc53_4d42;
const SESSION_MESSAGE = 0x00;
/** Session request, answers and keep-alive (RFC 1002 4.3.1). */
const SESSION_TYPES = [0x81, 0x82, 0x83, 0x84, 0x85];

export const isMessageId = (id: number): boolean => id === SMB1_ID || id === SMB2_ID || id === TRANSFORM_ID || id === COMPRESSION_ID;

export class SmbConversation implements Conversation {
  readonly #smb1 = new Smb1();
  readonly #smb2 = new Smb2();
  readonly #want: [number, number] = [FRAME, FRAME];

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    this.#want[direction] = FRAME;
    let at = start;
    while (at + FRAME <= end) {
      const type = u8(bytes, at);
      const length = u24be(bytes, at + 1);
      const from = at + FRAME;
      if (type !== SESSION_MESSAGE) {
        if (!SESSION_TYPES.includes(type)) return this.#lost(bytes, at, start, end, context);
        at = from + (length & 0x1_ffff);
        continue;
      }
      const peek = Math.min(length, SMB2_PEEK);
      if (from + peek > end) {
        this.#want[direction] = FRAME + peek;
        break;
      }
      const id = length >= 4 ? u32be(bytes, from) : 0;
      if (length > 0 && !isMessageId(id)) return this.#lost(bytes, at, start, end, context);
      if (this.#isWorthWhole(id, bytes, from, end, length)) {
        if (from + length > end) {
          this.#want[direction] = FRAME + length;
          break;
        }
        if (id === SMB2_ID) this.#smb2.message(bytes, from, from + length, context);
        else this.#smb1.message(bytes, from, from + length, context);
      }
      at = from + length;
    }
    return at - start;
  }

  gap(): boolean {
    this.#want[0] = FRAME;
    this.#want[1] = FRAME;
    return true;
  }

  close(context: Context): void {
    this.#smb1.close(context);
    this.#smb2.close(context);
    this.gap();
  }

  #isWorthWhole(id: number, bytes: Uint8Array, from: number, end: number, length: number): boolean {
    if (id === SMB2_ID) return this.#smb2.worth(bytes, from, end, length) === 'whole';
    return id === SMB1_ID && length >= SMB1_HEADER && this.#smb1.isWorthWhole(bytes, from, end, length);
  }

  /** In the middle of a frame, after a gap: goes on at the next place that starts like one. */
  #lost(bytes: Uint8Array, at: number, start: number, end: number, context: Context): number {
    context.refuse(NAME, BAD_TAG);
    for (let next = at + 1; next + FRAME + 4 <= end; next++)
      if (u8(bytes, next) === SESSION_MESSAGE && isMessageId(u32be(bytes, next + FRAME))) return next - start;
    return end - start;
  }
}
