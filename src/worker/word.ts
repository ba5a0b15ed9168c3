// What a worker sends of one slot: next to nothing, because lines and rows lie in memory that both sides see. Where they outgrow
// their room it is larger memory, as shared as the room, which the worker keeps as its room of that slot.
import type { Claim, Said } from '../activity/rows.ts';
import type { SaidRoom } from '../slots/ring.ts';

export interface Word {
  readonly sequence: number;
  /** Numbers in use of the rows. */
  readonly numbers: number;
  /** What lies elsewhere than in the ring's room, else null. */
  readonly lines: Uint8Array | null;
  readonly rows: Float64Array | null;
  readonly claims: readonly Claim[];
}

/** `shared` is the memory that the ring's rooms lie in. */
export function wordOf(said: Said, shared: ArrayBufferLike): Word {
  return {
    sequence: said.sequence,
    numbers: said.rows.length,
    lines: said.lines.buffer === shared ? null : said.lines,
    rows: said.rows.buffer === shared ? null : new Float64Array(said.rows.buffer),
    claims: said.claims,
  };
}

/**
 * Has the worker write where its lines lie again when the room's slot comes back: what outgrew the room would else be new memory each time,
 * which V8 does not count.
 */
export function keepRoom(word: Word, room: SaidRoom): void {
  if (word.lines !== null) room.lines = word.lines;
  if (word.rows !== null) room.rows = word.rows;
}

/** What the word stands for, given the ring's room of the same slot and shard. */
export function saidOf(word: Word, room: SaidRoom): Said {
  return {
    sequence: word.sequence,
    lines: word.lines ?? room.lines,
    rows: (word.rows ?? room.rows).subarray(0, word.numbers),
    claims: word.claims,
  };
}
