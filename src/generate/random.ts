// A seeded source of random numbers: xoshiro128** (Blackman and Vigna), seeded by splitmix32. The same seed gives the same
// numbers on every machine; nothing here is fit for secrets.

const POOL_BYTES = 1 << 16;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /** 32 bits. */
  next(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** In [0, 1). */
  unit(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  /** Time to the next event of a Poisson process. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** Random bytes that look like ciphertext: drawn once, handed out from anywhere, two times over so that no range wraps. */
export class BytePool {
  readonly #bytes = new Uint8Array(2 * POOL_BYTES);

  constructor(random: Random) {
    for (let i = 0; i < POOL_BYTES; i++) this.#bytes[i] = random.next() >>> 24;
    this.#bytes.copyWithin(POOL_BYTES, 0, POOL_BYTES);
  }

  /** Copies up to 64 KiB that begin at `offset` of the pool into `out`. */
  copy(offset: number, out: Uint8Array, at: number, length: number): void {
    const from = offset & (POOL_BYTES - 1);
    out.set(this.#bytes.subarray(from, from + length), at);
  }
}
