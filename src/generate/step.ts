// What a script yields, one after the other, and where a step puts its frames.
import type { FrameBatch } from './batch.ts';
import type { MessageBuffer } from './message-buffer.ts';
import type { Random } from './random.ts';

/** Where frames go: the batch being filled, and the clock. */
export interface Stage {
  readonly batch: FrameBatch;
  /** Nanoseconds since the start. */
  readonly now: number;
  /** The frame at the batch's end is written; returns its 1-based number. */
  sent(length: number): number;
}

/** What a connection or a flow needs of the script that speaks through it. */
export interface Speaker {
  readonly random: Random;
  /** The message to send. */
  readonly out: MessageBuffer;
  /** Shares of segments. */
  readonly profile: { readonly retransmission: number; readonly reordering: number };
  /** Segments that were meant to look wrong. */
  readonly impaired: { retransmitted: number; reordered: number };
}

export interface Step {
  /** Nanoseconds from the end of the step before to the first frame of this one. */
  readonly lead: number;
  /** Writes at most one frame; returns nanoseconds to the next, or DONE. */
  frame(stage: Stage): number;
}

export const DONE = -1;
export type Script = Generator<Step, void, void>;

export const MICROSECOND = 1_000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;
