// What a worker sends of one slot: next to nothing, because lines and rows lie in memory that both sides see. Where they outgrew
// their room it is other memory, as shared as the room.
import type { Claim, Said } from '../activity/rows.ts';
import type { SaidRoom } from '../slots/ring.ts';

export interface Word {
  readonly sequence: number;
  /** Numbers in use of the rows. */
  readonly numbers: number;
  /** What outgrew the slot's room, else null. */
  readonly lines: Uint8Array | null;
  readonly rows: Float64Array | null;
  readonly claims: readonly Claim[];
}

export function wordOf(said: Said, room: SaidRoom): Word {
  return {
    sequence: said.sequence,
    numbers: said.rows.length,
    lines: said.lines === room.lines ? null : said.lines,
    rows: said.rows.buffer === room.rows.buffer ? null : said.rows,
    claims: said.claims,
  };
}

/** What the word stands for, given the room of the same slot and shard. */
export function saidOf(word: Word, room: SaidRoom): Said {
  return {
    sequence: word.sequence,
    lines: word.lines ?? room.lines,
    rows: word.rows ?? room.rows.subarray(0, word.numbers),
    claims: word.claims,
  };
}
