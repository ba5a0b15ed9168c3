// The shards as the main thread sees them: the ring that they read, the piscina workers that run them, and the order stage that
// takes what they say. A replay ends when a worker fails; a sensor goes on with a new one and counts what was lost.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { AdtapError } from '../errors.ts';
import { Merger, type OrderedReader } from '../order/merge.ts';
import { CounterBlocks } from '../slots/counters.ts';
import { HEADER_COUNTS, type RingShape } from '../slots/layout.ts';
import { allocateRing, Ring, type RingMemory } from '../slots/ring.ts';
import { NOT_READ, WORKER_LOST } from '../transport/ends.ts';
import { ACTIVE_FLOWS, counterMap, SHARD_ENDS, shardEndCount, WORKER_BUSY } from '../worker/catalogue.ts';
import type { Fault, ShardTask } from '../worker/main.ts';
import { saidOf, type Word } from '../worker/word.ts';

export interface ShardsSettings {
  readonly messages: boolean;
  readonly activities: boolean;
  readonly sensor: string;
  readonly limits: Readonly<Record<string, number>>;
}

/** How a sensor lives with workers that crash. */
export interface Supervision {
  /** So many crashes within a minute end the run. */
  readonly crashesPerMinute: number;
  /** Megabytes of JavaScript heap that a worker may have; beyond it crashes. */
  readonly heapMegabytes: number;
  /** What runs as a worker instead of worker/main.ts: tests have one with a defect. */
  readonly entry?: URL;
  /** Told of each crash. */
  crashed(shard: number, reason: string, lostPackets: number, lostFlows: number): void;
}

const MINUTE = 60_000;
/** What a worker makes it lets go of at once: more room for it than this costs memory and saves no time. */
const YOUNG_MEGABYTES = 6;

export class Shards {
  readonly ring: Ring;
  readonly memory: RingMemory;
  readonly counters: CounterBlocks;
  /** Slots published so far. */
  published = 0;
  readonly #shape: RingShape;
  readonly #settings: ShardsSettings;
  readonly #supervision: Supervision | null;
  readonly #merger: Merger;
  /** Per shard: the slot whose word comes next, and packets placed for it so far. */
  readonly #next: number[];
  readonly #placed: Float64Array;
  readonly #crashes: number[] = [];
  readonly #faults = new Map<number, string>();
  #pool: Piscina | null = null;
  #runKey: Uint8Array = new Uint8Array(16);
  #done: Promise<unknown>[] = [];
  #failure: unknown = null;
  #wake: (() => void) | null = null;
  #isStopped = false;
  /** Called after shards have said something, slots may be free. */
  onProgress: (() => void) | null = null;

  constructor(shape: RingShape, settings: ShardsSettings, reader: OrderedReader, supervision: Supervision | null) {
    this.#shape = shape;
    this.#settings = settings;
    this.#supervision = supervision;
    this.memory = allocateRing(shape);
    this.ring = new Ring(this.memory);
    this.counters = new CounterBlocks(counterMap, shape.shards + 1);
    this.#merger = new Merger(shape.shards, reader);
    this.#next = new Array<number>(shape.shards).fill(0);
    this.#placed = new Float64Array(shape.shards);
  }

  /** The first slot whose lines are not merged yet: those before it are free. */
  get merged(): number {
    return this.#merger.next;
  }

  /** Seconds that each worker was busy. */
  busySeconds(): number[] {
    const busy = counterMap.offset(WORKER_BUSY);
    return Array.from({ length: this.#shape.shards }, (_, shard) => this.counters.block(shard + 1)[busy]!);
  }

  start(runKey: Uint8Array): void {
    const { shards } = this.#shape;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#runKey = runKey;
    this.#pool = new Piscina({
      filename: (this.#supervision?.entry ?? new URL(`../worker/main.${extension}`, import.meta.url)).href,
      name: 'shard',
      minThreads: shards,
      maxThreads: shards,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_MEGABYTES,
        ...(this.#supervision === null ? {} : { maxOldGenerationSizeMb: this.#supervision.heapMegabytes }),
      },
    });
    this.#watch(this.#pool);
    this.#done = Array.from({ length: shards }, (_, shard) => this.#run(this.#pool as Piscina, shard, 0));
  }

  /** Hands the slot of sequence `published` to the shards; `counts` are its packets for each. */
  publish(counts: Readonly<Uint32Array>): void {
    for (let shard = 0; shard < counts.length; shard++) this.#placed[shard]! += counts[shard]!;
    this.ring.publish(++this.published);
  }

  /** Waits until a shard has said something. Rejects when the run has failed. */
  async said(): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.check();
  }

  /** Throws what made the run fail, if anything did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Makes the run fail. */
  fail(cause: unknown): void {
    this.#failure ??= cause;
    this.#rouse();
  }

  /** Waits until all workers have read the last slot. */
  async finished(): Promise<void> {
    for (let settled = 0; settled < this.#done.length; settled++) await this.#done[settled];
    this.check();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.ring.stop();
    await this.#pool?.destroy();
    for (let shard = 0; shard < this.#shape.shards; shard++) {
      const rest = this.#placed[shard]! - this.#ended(shard);
      if (rest > 0) this.#endsOf(shard)[NOT_READ]! += rest;
    }
  }

  /** A shard's counts of how packets ended. */
  #endsOf(shard: number): Float64Array {
    const ends = counterMap.offset(SHARD_ENDS);
    return this.counters.block(shard + 1).subarray(ends, ends + shardEndCount);
  }

  #ended(shard: number): number {
    return this.#endsOf(shard).reduce((sum, packets) => sum + packets, 0);
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
    this.onProgress?.();
  }

  /** Piscina makes no worker in place of one that ended before it was ready: its shard would never be read, and nobody be told. */
  #watch(pool: Piscina): void {
    const fail = (reason: string, cause?: unknown): void => {
      if (!this.#isStopped) this.fail(new AdtapError('ADTAP_E_WORKER', `a worker ended before it was ready${reason}`, { cause }));
    };
    pool.on('error', (cause: Error) => fail(`: ${cause.message}`, cause));
    // Those that it does replace are replaced by then.
    pool.on('workerDestroy', () => setImmediate(() => pool.threads.length < this.#shape.shards && fail('')));
  }

  async #run(pool: Piscina, shard: number, from: number): Promise<void> {
    const { shards } = this.#shape;
    const { port1, port2 } = new MessageChannel();
    const closed = this.#listen(port1, shard);
    const task: ShardTask = {
      settings: { ...this.#settings, shard, shards, runKey: this.#runKey },
      ring: this.memory,
      counters: this.counters.memory,
      port: port2,
      from,
      isSupervised: this.#supervision !== null,
    };
    try {
      await pool.run(task, { transferList: [port2] });
    } catch (cause) {
      if (this.#isStopped) return;
      const message = cause instanceof Error ? cause.message : String(cause);
      if (this.#supervision === null) {
        this.fail(new AdtapError('ADTAP_E_WORKER', `a worker failed: ${message}`, { cause }));
        return;
      }
      // All that it said, its last word too, is here only when its port is closed.
      await closed;
      const reason = this.#faults.get(shard) ?? message;
      this.#faults.delete(shard);
      this.#replace(pool, shard, reason, this.#supervision);
    }
  }

  /** Goes on behind the slot that a shard crashed on: what lay there for it, and its flows, are lost and counted. */
  #replace(pool: Piscina, shard: number, reason: string, supervision: Supervision): void {
    const now = performance.now();
    this.#crashes.push(now);
    while (now - (this.#crashes[0] ?? now) > MINUTE) this.#crashes.shift();
    const { lostPackets, lostFlows } = this.#writeOff(shard);
    supervision.crashed(shard, reason, lostPackets, lostFlows);
    if (this.#crashes.length > supervision.crashesPerMinute) {
      const count = this.#crashes.length;
      this.fail(
        new AdtapError('ADTAP_E_WORKER', `workers crashed ${count} times within a minute, the last time with: ${reason}`),
      );
      return;
    }
    // Behind the last slot there is nothing to read.
    const next = this.#next[shard]!;
    const isOver = next > 0 && next === this.published && this.ring.slot(next - 1).last;
    if (!isOver) this.#done.push(this.#run(pool, shard, next));
    this.#rouse();
  }

  #writeOff(shard: number): { lostPackets: number; lostFlows: number } {
    const poisoned = this.#next[shard]!;
    const block = this.counters.block(shard + 1);
    let lostPackets = 0;
    if (poisoned < this.published) {
      let placed = this.#placed[shard]!;
      for (let later = poisoned + 1; later < this.published; later++)
        placed -= this.ring.slot(later).header[HEADER_COUNTS + shard]!;
      lostPackets = Math.max(0, placed - this.#ended(shard));
      this.#endsOf(shard)[WORKER_LOST]! += lostPackets;
      this.#next[shard]!++;
      this.#merger.take({ sequence: poisoned, lines: new Uint8Array(0), rows: new Float64Array(0), claims: [] });
    }
    const active = counterMap.offset(ACTIVE_FLOWS);
    const lostFlows = block[active]!;
    block[active] = 0;
    return { lostPackets, lostFlows };
  }

  /** Takes what a shard says; resolves when its port is closed. */
  #listen(port: MessagePort, shard: number): Promise<void> {
    port.on('message', (word: Word | Fault) => {
      if ('fault' in word) {
        this.#faults.set(shard, word.fault);
        return;
      }
      this.#next[shard] = word.sequence + 1;
      try {
        this.#merger.take(saidOf(word, this.ring.slot(word.sequence).rooms[shard]!));
      } catch (error) {
        this.#failure ??= error;
      }
      this.#rouse();
    });
    return new Promise((resolve) => {
      port.once('close', resolve);
    });
  }
}
