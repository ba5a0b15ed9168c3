// Lines of a sensor on their way to its sink. The sink may be slow, never so the capture: what gathers beyond a bound is thrown
// away line by line, and counted.
import type { Said } from '../../activity/rows.ts';
import { ACTIVITY, KIND, NANOSECONDS, SECONDS } from '../../activity/rows.ts';
import type { Enricher } from '../../entity/enrich.ts';
import type { LineSink } from '../../entity/line-sink.ts';
import type { OrderedReader } from '../../order/merge.ts';
import type { LineBuffer } from '../../sink/line-buffer.ts';

/** What is noted of each activity: its delay, and whose it is. */
export interface ActivityWatch {
  lag(seconds: number): void;
  activity(said: Said, row: number): void;
}

/** A bounded buffer in front of a sink. */
export class BoundedLines implements LineSink {
  /** Lines thrown away because the sink was too slow. */
  dropped = 0;
  readonly #buffer: LineBuffer;
  readonly #bound: number;
  #isInLine = false;
  #isDropping = false;

  constructor(buffer: LineBuffer, bound: number) {
    this.#buffer = buffer;
    this.#bound = bound;
  }

  append(from: Uint8Array, start: number, end: number): void {
    if (!this.#isInLine) {
      this.#isInLine = true;
      this.#isDropping = this.#buffer.pending > this.#bound;
    }
    if (!this.#isDropping) this.#buffer.append(from, start, end);
  }

  endLine(): void {
    if (this.#isDropping) this.dropped++;
    else this.#buffer.endLine();
    this.#isInLine = false;
    this.#isDropping = false;
  }
}

/** Enriches lines as they come, notes how late they are, and keeps the sink busy. */
export class LiveOutput implements OrderedReader {
  readonly #enricher: Enricher;
  readonly #buffer: LineBuffer;
  readonly #watch: ActivityWatch;
  readonly #failed: (cause: unknown) => void;
  #flushing: Promise<void> | null = null;
  #isStopped = false;

  constructor(enricher: Enricher, buffer: LineBuffer, watch: ActivityWatch, failed: (cause: unknown) => void) {
    this.#enricher = enricher;
    this.#buffer = buffer;
    this.#watch = watch;
    this.#failed = failed;
  }

  claim(claim: Parameters<OrderedReader['claim']>[0]): void {
    this.#enricher.claim(claim);
  }

  line(said: Said, row: number): void {
    this.#enricher.line(said, row);
    const { rows } = said;
    if (rows[row + KIND] === ACTIVITY) {
      const now = (performance.timeOrigin + performance.now()) / 1000;
      this.#watch.lag(now - rows[row + SECONDS]! - rows[row + NANOSECONDS]! / 1e9);
      this.#watch.activity(said, row);
    }
    this.#flushing ??= this.#flush();
  }

  /** What was asked of an address and answered. */
  answered(...told: Parameters<Enricher['answered']>): void {
    this.#enricher.answered(...told);
    this.#flushing ??= this.#flush();
  }

  /** Resolves when all lines are with the sink. */
  async drained(): Promise<void> {
    while (!this.#isStopped && (this.#buffer.pending > 0 || this.#flushing !== null)) {
      this.#flushing ??= this.#flush();
      await this.#flushing;
    }
  }

  /** Hands nothing more to the sink. */
  stop(): void {
    this.#isStopped = true;
  }

  async #flush(): Promise<void> {
    // Lines of the same slot go out together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      while (!this.#isStopped && this.#buffer.pending > 0) await this.#buffer.flush(true);
    } catch (cause) {
      this.#failed(cause);
    } finally {
      this.#flushing = null;
    }
  }
}
