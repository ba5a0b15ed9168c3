// Counters in shared memory: each thread adds to its own block without locks, whoever wants totals adds the blocks up. A
// counter costs less than a nanosecond; the metrics library only sees the sums.

/** A named family of counters: one cell for each combination of label values. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Goes down too. */
  readonly isGauge?: boolean;
  /** Label values of each cell, in order. */
  readonly cells: readonly (readonly string[])[];
}

/** Where each family's cells lie in a block. Built alike in every thread, from the same tables. */
export class CounterMap {
  readonly families: readonly Family[];
  readonly size: number;
  readonly #offsets = new Map<string, number>();

  constructor(families: readonly Family[]) {
    this.families = families;
    let offset = 0;
    for (const family of families) {
      this.#offsets.set(family.name, offset);
      offset += family.cells.length;
    }
    this.size = offset;
  }

  /** First cell of a family. */
  offset(name: string): number {
    const offset = this.#offsets.get(name);
    if (offset === undefined) throw new RangeError(`no counter family ${name}`);
    return offset;
  }
}

/** Blocks of all threads: the main thread's first, then one a shard. */
export class CounterBlocks {
  readonly memory: SharedArrayBuffer;
  readonly #map: CounterMap;
  readonly #blocks: number;

  constructor(map: CounterMap, blocks: number, memory = new SharedArrayBuffer(map.size * 8 * blocks)) {
    this.#map = map;
    this.#blocks = blocks;
    this.memory = memory;
  }

  block(number: number): Float64Array {
    return new Float64Array(this.memory, number * this.#map.size * 8, this.#map.size);
  }

  /** Sum over all blocks of one family, cell by cell. */
  totals(name: string): number[] {
    const offset = this.#map.offset(name);
    const family = this.#map.families.find((one) => one.name === name);
    const sums = new Array<number>(family?.cells.length ?? 0).fill(0);
    for (let number = 0; number < this.#blocks; number++) {
      const block = this.block(number);
      for (let cell = 0; cell < sums.length; cell++) sums[cell]! += block[offset + cell]!;
    }
    return sums;
  }
}
