// Puts the lines of all shards back into the order of the frames that finished them. A slot is merged when every shard has
// spoken, so the order never depends on which thread was faster.
import { type Claim, COLUMNS, ORDER, type Said } from '../activity/rows.ts';

/** What takes the ordered lines: claims of a frame come before its lines. */
export interface OrderedReader {
  claim(claim: Claim): void;
  line(said: Said, row: number): void;
}

export class Merger {
  readonly #shards: number;
  readonly #waiting = new Map<number, Said[]>();
  readonly #reader: OrderedReader;
  /** The next slot to merge. */
  next = 0;

  constructor(shards: number, reader: OrderedReader) {
    this.#shards = shards;
    this.#reader = reader;
  }

  /** Takes one shard's word on one slot; merges all slots that are complete by now. Returns how many that were. */
  take(said: Said): number {
    const group = this.#waiting.get(said.sequence);
    if (group === undefined) this.#waiting.set(said.sequence, [said]);
    else group.push(said);
    const before = this.next;
    for (let ready = this.#waiting.get(this.next); ready?.length === this.#shards; ready = this.#waiting.get(this.next)) {
      this.#waiting.delete(this.next);
      this.#merge(ready);
      this.next++;
    }
    return this.next - before;
  }

  #merge(group: readonly Said[]): void {
    const claims = group.flatMap((said) => said.claims).sort((a, b) => a.order - b.order);
    const at = new Array<number>(group.length).fill(0);
    let claim = 0;
    for (;;) {
      let from = -1;
      let first = Number.POSITIVE_INFINITY;
      for (let i = 0; i < group.length; i++) {
        const { rows } = group[i]!;
        const row = at[i]!;
        if (row < rows.length && rows[row + ORDER]! < first) {
          first = rows[row + ORDER]!;
          from = i;
        }
      }
      while (claim < claims.length && claims[claim]!.order <= first) this.#reader.claim(claims[claim++]!);
      if (from === -1) return;
      this.#reader.line(group[from]!, at[from]!);
      at[from]! += COLUMNS;
    }
  }
}
