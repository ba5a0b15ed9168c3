// Addresses that wait to be asked: the more important first, then the one that has waited longest; each only once.
import { hit, type Limit } from '../protocols/limits.ts';

/** Why an address is of interest; the higher the sooner. */
export const IMPORTANCE = { seen: 0, activity: 1, logon: 2 } as const;
export type Importance = (typeof IMPORTANCE)[keyof typeof IMPORTANCE];

export class ImportanceQueue {
  /** One a level, in order of arrival. */
  readonly #levels: readonly Set<string>[] = Object.values(IMPORTANCE).map(() => new Set());
  readonly #limit: Limit;
  /** Addresses that were turned away or had to give way. */
  dropped = 0;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#levels.reduce((sum, level) => sum + level.size, 0);
  }

  /** Addresses waiting, by importance. */
  sizes(): readonly number[] {
    return this.#levels.map((level) => level.size);
  }

  /** False when the address was turned away: the queue is full of what is at least as important. */
  offer(address: string, importance: Importance): boolean {
    const known = this.#levels.findIndex((level) => level.has(address));
    if (known >= importance) return true;
    if (known !== -1) this.#levels[known]!.delete(address);
    else if (this.size >= this.#limit.value && !this.#makeRoom(importance)) return false;
    this.#levels[importance]!.add(address);
    return true;
  }

  /** The next address, or null. */
  take(): string | null {
    for (const level of this.#levels.toReversed())
      for (const address of level) {
        level.delete(address);
        return address;
      }
    return null;
  }

  clear(): void {
    for (const level of this.#levels) level.clear();
  }

  /** Whatever happens, one address is lost: the oldest of the least important, which is the likeliest to be gone by now. */
  #makeRoom(importance: Importance): boolean {
    hit(this.#limit);
    this.dropped++;
    const least = this.#levels.findIndex((level) => level.size > 0);
    if (least === -1 || least > importance || (least === importance && importance !== IMPORTANCE.seen)) return false;
    for (const address of this.#levels[least]!) {
      this.#levels[least]!.delete(address);
      break;
    }
    return true;
  }
}
