// Lines on their way from a shard to the order stage: the bytes, and beside them one row of numbers a line, so that the main
// thread can order and enrich lines without parsing them.
import { moreMemory } from '../bytes/memory.ts';

export const MESSAGE = 0;
export const ACTIVITY = 1;

/** Columns of a row. Offsets are into the shard's line bytes. */
export const ORDER = 0;
export const FRAME = 1;
export const KIND = 2;
export const START = 3;
export const END = 4;
/** Address keys (see address-key.ts) of source and destination. */
export const SOURCE = 5;
export const DESTINATION = 6;
/** Where the `null` of source.computer and destination.computer stands. */
export const SOURCE_COMPUTER = 7;
export const DESTINATION_COMPUTER = 8;
/** Range of the account value: an object or `null`. */
export const ACCOUNT = 9;
export const ACCOUNT_END = 10;
/** Ticket that names the account, ticket issued to the account (ids, 0: none), and what became of a logon. */
export const TICKET = 11;
export const ISSUES = 12;
export const LOGON = 13;
/** Values of LOGON: none was tried, a session began, or none came of it. */
export const NO_LOGON = 0;
export const LOGGED_ON = 1;
export const NOT_LOGGED_ON = 2;
/** Time, for the entities that come of it. */
export const SECONDS = 14;
export const NANOSECONDS = 15;
/** Range of the target's text, quotes left out; empty when there is none. */
export const TARGET = 16;
export const TARGET_END = 17;
/** Range of the account that the issued ticket bears, before the line; empty where it is the activity's own. */
export const BEARER = 18;
export const BEARER_END = 19;
export const COLUMNS = 20;

/** Rows of one slot. */
export class Rows {
  values: Float64Array = new Float64Array(0);
  count = 0;

  /** Numbers in use. */
  get length(): number {
    return this.count * COLUMNS;
  }

  /** Offset of a new row, cleared. */
  add(): number {
    const at = this.count * COLUMNS;
    if (at + COLUMNS > this.values.length) {
      const length = Math.max(this.values.length, COLUMNS * 512) * 2;
      const grown = new Float64Array(moreMemory(this.values.buffer, length * Float64Array.BYTES_PER_ELEMENT));
      grown.set(this.values);
      this.values = grown;
    }
    const { values } = this;
    // So few numbers are cleared faster one by one than by a call.
    for (let column = at; column < at + COLUMNS; column++) values[column] = 0;
    this.count++;
    return at;
  }
}

/** One claim that an address is a computer, as it leaves a shard. */
export interface Claim {
  readonly order: number;
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Address key and its text. */
  readonly address: number;
  readonly ip: string;
  /** Empty when the claim is only about the system, or, with nothing else in it, ends what was claimed before. */
  readonly name: string;
  readonly domain: string;
  readonly os: string;
  /** MAC address, in lower case with colons; empty when it is not known. */
  readonly mac: string;
  /** How it is known, such as `ntlm-challenge`. */
  readonly method: string;
}

/** What a shard says of one slot. */
export interface Said {
  readonly sequence: number;
  /** The lines' bytes, as far as rows reach into them. */
  readonly lines: Uint8Array;
  readonly rows: Float64Array;
  readonly claims: readonly Claim[];
}
