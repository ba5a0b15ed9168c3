// Pauses for garbage collection, read from what V8 says with --trace-gc. Performance observers would not do: a worker's thread
// never comes back to its event loop while it runs, and they report from there.

export interface GarbagePauses {
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface Garbage {
  readonly main: GarbagePauses;
  readonly workers: GarbagePauses;
}

/** `[pid:isolate] ... ms: Scavenge ... MB, 0.92 / 0.00 ms`: the first of the last two is the pause. */
const LINE = /^\[\d+:(0x[0-9a-f]+)\]\s+\d+ ms: [^\n]*? MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms/;

export class GarbageLog {
  #rest = '';
  readonly #pauses = new Map<string, number[]>();

  /** Takes a piece of the process's standard output. */
  take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, isolate, pause] = LINE.exec(line) ?? [];
      if (isolate === undefined) continue;
      const pauses = this.#pauses.get(isolate);
      if (pauses === undefined) this.#pauses.set(isolate, [Number(pause)]);
      else pauses.push(Number(pause));
    }
  }

  /** The main thread's isolate is the first to speak: it starts the others. */
  summary(): Garbage {
    const [main = [], ...workers] = this.#pauses.values();
    return { main: summarise(main), workers: summarise(workers.flat()) };
  }
}

function summarise(pauses: readonly number[]): GarbagePauses {
  const sorted = [...pauses].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    count: sorted.length,
    totalMs: sorted.reduce((sum, one) => sum + one, 0),
    longestMs: sorted.at(-1) ?? 0,
    medianMs: at(0.5),
    p99Ms: at(0.99),
  };
}
