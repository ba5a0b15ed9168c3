// What became of active look-ups, by method: totals for the metrics, and the last minutes for health.
import { LagHistogram } from '../metrics/lag.ts';
import type { ActiveMethod, Answer, NoNameReason } from './answer.ts';

export const ACTIVE_METHODS: readonly ActiveMethod[] = ['ntlm-rpc', 'netbios', 'rdp', 'reverse-dns'];
/** Answers that tell nothing of the method: the look-up was not made, or not to its end. */
const NOT_MADE: ReadonlySet<string> = new Set<NoNameReason>(['out-of-scope', 'rate-limited', 'cancelled']);
const MINUTES = 10;
const MINUTE = 60;

export class MethodTally {
  attempts = 0;
  answers = 0;
  inFlight = 0;
  readonly failures = new Map<NoNameReason, number>();
  readonly latency = new LagHistogram();
  /** Look-ups made and names said, a cell a minute of the last ten. */
  readonly #made = new Float64Array(MINUTES);
  readonly #named = new Float64Array(MINUTES);
  #minute = 0;

  begun(): void {
    this.attempts++;
    this.inFlight++;
  }

  ended({ names, reason, milliseconds, at }: Answer): void {
    this.inFlight--;
    if (names === null && reason !== '') this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
    else this.answers++;
    if (NOT_MADE.has(reason)) return;
    this.latency.observe(milliseconds / 1000);
    this.#turn(at);
    const cell = this.#minute % MINUTES;
    this.#made[cell]!++;
    if (names !== null) this.#named[cell]!++;
  }

  /** Look-ups of the last ten minutes before `now` (seconds since 1970), and those that gave a name. */
  recent(now: number): { readonly made: number; readonly named: number } {
    this.#turn(now);
    const sum = (cells: Float64Array): number => cells.reduce((total, value) => total + value, 0);
    return { made: sum(this.#made), named: sum(this.#named) };
  }

  /** Empties the cells of the minutes that have passed. */
  #turn(seconds: number): void {
    const minute = Math.floor(seconds / MINUTE);
    for (let passed = Math.max(this.#minute + 1, minute - MINUTES + 1); passed <= minute; passed++) {
      this.#made[passed % MINUTES] = 0;
      this.#named[passed % MINUTES] = 0;
    }
    this.#minute = Math.max(this.#minute, minute);
  }
}

export class Tally {
  readonly #methods = new Map(ACTIVE_METHODS.map((method) => [method, new MethodTally()]));

  of(method: ActiveMethod): MethodTally {
    return this.#methods.get(method)!;
  }

  entries(): IterableIterator<[ActiveMethod, MethodTally]> {
    return this.#methods.entries();
  }
}
