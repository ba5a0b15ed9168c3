// Delays from packet to emitted activity: counted in plain buckets on the hot path, shown as a Prometheus histogram when asked.

/** Upper bounds in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class LagHistogram {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    // The clock of the packets may be ahead of ours.
    const value = Math.max(seconds, 0);
    let bucket = 0;
    while (bucket < BOUNDS.length && value > BOUNDS[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.sum += value;
    this.count++;
  }

  /** Cumulated counts by upper bound, as Prometheus has them. */
  buckets(): { readonly le: number | '+Inf'; readonly count: number }[] {
    let sum = 0;
    return [...this.#counts].map((count, index) => {
      sum += count;
      return { le: BOUNDS[index] ?? '+Inf', count: sum };
    });
  }

  /** Upper bound, in seconds, of the bucket where the share `q` of all is reached; 0 when there is nothing yet. */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    const found = this.buckets().find(({ count }) => count >= q * this.count);
    return found === undefined || found.le === '+Inf' ? Number.POSITIVE_INFINITY : found.le;
  }
}
