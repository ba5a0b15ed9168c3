// The hard caps of active look-ups: so many begun in any second, evenly, and so many under way at once.

export interface PaceSettings {
  /** Look-ups begun in any second, at most; a look-up is one method asked of one address. */
  readonly lookupsPerSecond: number;
  /** Look-ups under way at once, at most; each has one socket open at a time. */
  readonly sockets: number;
}

/** How late a look-up may come and still count as in time: timers are coarse, and the mean rate should be the one that is set. */
const SLACK_MS = 25;
const SECOND = 1000;

interface Waiting {
  readonly go: () => void;
}

export class Pace {
  readonly #sockets: number;
  readonly #interval: number;
  /** When each of the last look-ups of a second's worth began. */
  readonly #begun: Float64Array;
  readonly #now: () => number;
  readonly #waiting = new Set<Waiting>();
  #count = 0;
  #due = 0;
  #timer: NodeJS.Timeout | undefined;
  inFlight = 0;

  constructor({ lookupsPerSecond, sockets }: PaceSettings, now: () => number = () => performance.now()) {
    this.#sockets = sockets;
    this.#interval = SECOND / lookupsPerSecond;
    this.#begun = new Float64Array(lookupsPerSecond).fill(Number.NEGATIVE_INFINITY);
    this.#now = now;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for its turn, first come first served. False when cancelled meanwhile; else release() must be called. */
  acquire(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const cancel = (): void => {
        this.#waiting.delete(waiting);
        if (this.#waiting.size === 0) clearTimeout(this.#timer);
        resolve(false);
      };
      const waiting: Waiting = {
        go: () => {
          signal.removeEventListener('abort', cancel);
          resolve(true);
        },
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#waiting.add(waiting);
      this.#grant();
    });
  }

  release(): void {
    this.inFlight--;
    this.#grant();
  }

  #grant(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      if (this.inFlight >= this.#sockets) return;
      const now = this.#now();
      const at = Math.max(this.#due, this.#begun[this.#count % this.#begun.length]! + SECOND);
      if (at > now) {
        // The timer is not unref'd: somebody waits for it.
        this.#timer = setTimeout(() => this.#grant(), Math.ceil(at - now));
        return;
      }
      this.#due = Math.max(this.#due, now - SLACK_MS) + this.#interval;
      this.#begun[this.#count++ % this.#begun.length] = now;
      this.inFlight++;
      this.#waiting.delete(waiting);
      waiting.go();
    }
  }
}
