// Who is busy: activities by source address over the last full window. Exact while a window has fewer addresses than there is
// room for; what comes later is summed up as others.

/** Seconds of a window. */
export const TALKER_SECONDS = 10;
const ROOM = 4096;

export interface Talker {
  readonly ip: string;
  /** Activities a second. */
  readonly rate: number;
}

export class Talkers {
  #current = new Map<number, { readonly ip: string; count: number }>();
  #last: readonly Talker[] = [];
  #others = 0;
  #lastOthers = 0;

  /** `text` is only asked for what is new in this window. */
  see(key: number, text: () => string): void {
    const known = this.#current.get(key);
    if (known !== undefined) known.count++;
    else if (this.#current.size < ROOM) this.#current.set(key, { ip: text(), count: 1 });
    else this.#others++;
  }

  /** Ends a window; to be called every TALKER_SECONDS. */
  turn(top: number): void {
    const rate = (count: number): number => count / TALKER_SECONDS;
    const sorted = [...this.#current.values()].sort((a, b) => b.count - a.count);
    this.#last = sorted.slice(0, top).map(({ ip, count }) => ({ ip, rate: rate(count) }));
    this.#lastOthers = rate(sorted.slice(top).reduce((sum, { count }) => sum + count, this.#others));
    this.#current = new Map();
    this.#others = 0;
  }

  /** The busiest of the last window, and the rate of all others together. */
  get top(): { readonly talkers: readonly Talker[]; readonly others: number } {
    return { talkers: this.#last, others: this.#lastOthers };
  }
}
