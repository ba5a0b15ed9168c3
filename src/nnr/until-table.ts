// Addresses with a time until which something holds; bounded, the ones set longest ago go first.
import { hit, type Limit } from '../protocols/limits.ts';

export class UntilTable {
  readonly #until = new Map<string, number>();
  readonly #limit: Limit;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#until.size;
  }

  set(address: string, until: number): void {
    this.#until.delete(address);
    if (this.#until.size >= this.#limit.value) {
      hit(this.#limit);
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    this.#until.set(address, until);
  }

  holds(address: string, now: number): boolean {
    const until = this.#until.get(address);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(address);
    return false;
  }
}
