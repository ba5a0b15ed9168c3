// When an activity began and ended: what every protocol writes into its envelope.
import type { Context, Direction, Envelope } from './contract.ts';

/** What a transaction remembers of its first message. */
export interface Start {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly direction: Direction;
}

/** The activity began with that message. */
export function began(envelope: Envelope, start: Start): void {
  envelope.seconds = start.seconds;
  envelope.nanoseconds = start.nanoseconds;
  envelope.firstFrame = start.frame;
  envelope.direction = start.direction;
}

/** The activity ended now, with the packet being read. */
export function endedNow(envelope: Envelope, context: Context): void {
  envelope.endSeconds = context.seconds;
  envelope.endNanoseconds = context.nanoseconds;
}
