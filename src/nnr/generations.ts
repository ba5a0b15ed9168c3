// A bounded map: two generations, the older one forgotten when the younger is full. What is in use moves to the younger.

export class Generations<K, V> {
  readonly #capacity: () => number;
  readonly #dropped: ((key: K, value: V) => void) | null;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** A capacity that is set later is given as a function. `dropped` is told of every entry that is forgotten. */
  constructor(capacity: number | (() => number), dropped: ((key: K, value: V) => void) | null = null) {
    this.#capacity = typeof capacity === 'number' ? () => capacity : capacity;
    this.#dropped = dropped;
  }

  /** Entries held; those that moved lately are held twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** The same, but it does not count as use. */
  peek(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V): void {
    if (!this.#young.has(key) && this.#young.size >= Math.max(1, Math.floor(this.#capacity() / 2))) {
      const forgotten = this.#old;
      this.#old = this.#young;
      this.#young = new Map();
      if (this.#dropped !== null)
        for (const [one, its] of forgotten) if (one !== key && !this.#old.has(one)) this.#dropped(one, its);
    }
    this.#young.set(key, value);
  }

  /** Takes one out, untold. */
  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Every value once. */
  *values(): IterableIterator<V> {
    yield* this.#young.values();
    for (const [key, value] of this.#old) if (!this.#young.has(key)) yield value;
  }
}
