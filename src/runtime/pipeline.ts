// The pipeline that replay and live capture share: source → gate → slots → shards → order → enrich → sink. The main thread
// fills slots and merges what shards say; the only thing that flows back is a slot being free again.
import { createHash } from 'node:crypto';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Said } from '../activity/rows.ts';
import type { Source } from '../capture/source.ts';
import { AdtapError } from '../errors.ts';
import { Merger, type OrderedReader } from '../order/merge.ts';
import { configureLimits } from '../protocols/limits.ts';
import { Gate, type Pace, type Selection } from '../shard/gate.ts';
import { CounterBlocks } from '../slots/counters.ts';
import { DEFAULT_SHAPE } from '../slots/layout.ts';
import { allocateRing, Ring } from '../slots/ring.ts';
import { allLimits, BYTES, counterMap, FILTERED, GATE_ENDS, LIMITS } from '../worker/catalogue.ts';
import type { ShardTask } from '../worker/main.ts';

export interface PipelineSettings {
  readonly workers: number;
  readonly messages: boolean;
  readonly activities: boolean;
  readonly sensor: string;
  /** 16 bytes, or null to derive them from the first frame: the same capture then gives the same ids again. */
  readonly runKey: Uint8Array | null;
  readonly limits: Readonly<Record<string, number>>;
  readonly selection: Selection;
  readonly pace: PaceClock | null;
}

/** A pace that can tell how long to wait for what it refused. */
export interface PaceClock {
  readonly due: Pace;
  /** Milliseconds until the refused packet is due. */
  waitMs(): number;
}

/** What goes on, readable at any time. */
export interface PipelineState {
  readonly counters: CounterBlocks;
  readonly gate: Gate;
}

/** The reader of ordered lines, which may make the pipeline wait. */
export interface Downstream extends OrderedReader {
  /** Called between slots; resolves when more lines may come. */
  drain(all: boolean): Promise<void>;
}

export class Pipeline implements PipelineState {
  readonly counters: CounterBlocks;
  readonly gate: Gate;
  readonly #source: Source;
  readonly #settings: PipelineSettings;
  readonly #ring: Ring;
  readonly #memory;
  readonly #merger: Merger;
  readonly #downstream: Downstream;
  #published = 0;
  #failure: unknown = null;
  #wake: (() => void) | null = null;
  #stopping = false;

  constructor(source: Source, settings: PipelineSettings, downstream: Downstream) {
    this.#source = source;
    this.#settings = settings;
    this.#downstream = downstream;
    const shape = { ...DEFAULT_SHAPE, shards: settings.workers };
    this.#memory = allocateRing(shape);
    this.#ring = new Ring(this.#memory);
    this.counters = new CounterBlocks(counterMap, settings.workers + 1);
    configureLimits(settings.limits);
    this.gate = new Gate(shape, settings.selection, settings.pace?.due ?? null, {
      block: this.counters.block(0),
      verdicts: counterMap.offset(GATE_ENDS),
      filtered: counterMap.offset(FILTERED),
      bytes: counterMap.offset(BYTES),
    });
    this.#merger = new Merger(settings.workers, downstream);
  }

  /** Ends the run early, after what is in flight. */
  stop(): void {
    this.#stopping = true;
  }

  /** Reads the source to its end. Rejects when a worker fails or the sink does. */
  async run(): Promise<void> {
    const { gate } = this;
    let more = await this.#fill();
    const { pool, done } = this.#startWorkers();
    try {
      for (;;) {
        const last = !more || gate.full || this.#stopping;
        this.#publish(last);
        if (last) break;
        await this.#freeSlot();
        more = await this.#fill();
      }
      while (this.#merger.next < this.#published) await this.#said();
      await this.#downstream.drain(true);
      await done;
      this.#check();
    } finally {
      this.#ring.stop();
      await pool.destroy();
    }
  }

  /** Fills the next slot; false when the source has no more. */
  async #fill(): Promise<boolean> {
    const { gate } = this;
    gate.begin(this.#ring.slot(this.#published));
    const filled = this.#source.fill(gate);
    return typeof filled === 'boolean' ? filled : await filled;
  }

  #publish(last: boolean): void {
    const { gate } = this;
    gate.end(last);
    if (last) {
      gate.fragments.flush();
      this.#ring.lastFrame = gate.frame;
      const block = this.counters.block(0);
      allLimits.forEach((limit, index) => {
        block[counterMap.offset(LIMITS) + index] = limit.hits;
      });
    }
    this.#published++;
    this.#ring.publish(this.#published);
  }

  /** Waits until a slot can be filled: its lines are merged and gone. Also where the pace is kept. */
  async #freeSlot(): Promise<void> {
    const wait = this.#settings.pace?.waitMs() ?? 0;
    await new Promise<void>((resolve) => (wait > 0 ? setTimeout(resolve, Math.min(wait, 1000)) : setImmediate(resolve)));
    this.#check();
    await this.#downstream.drain(wait > 0);
    while (this.#published - this.#merger.next >= this.#ring.slots.length) {
      await this.#said();
      await this.#downstream.drain(false);
    }
  }

  /** Waits for a word from any shard. */
  async #said(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#check();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #startWorkers(): { pool: Piscina; done: Promise<unknown> } {
    const { workers } = this.#settings;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const pool = new Piscina({
      filename: new URL(`../worker/main.${extension}`, import.meta.url).href,
      name: 'shard',
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    const runKey = this.#settings.runKey ?? this.#keyOfFirstFrame();
    const tasks = Array.from({ length: workers }, (_, shard) => this.#startShard(pool, shard, runKey));
    const done = Promise.all(tasks).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#failure ??= new AdtapError('ADTAP_E_WORKER', `a worker failed: ${reason}`, { cause });
      this.#rouse();
    });
    return { pool, done };
  }

  #startShard(pool: Piscina, shard: number, runKey: Uint8Array): Promise<unknown> {
    const { messages, activities, sensor, workers } = this.#settings;
    const { port1, port2 } = new MessageChannel();
    this.#listen(port1);
    const task: ShardTask = {
      settings: { shard, shards: workers, messages, activities, sensor, runKey, limits: this.#settings.limits },
      ring: this.#memory,
      counters: this.counters.memory,
      port: port2,
    };
    return pool.run(task, { transferList: [port2] });
  }

  #listen(port: MessagePort): void {
    port.on('message', (said: Said) => {
      try {
        this.#merger.take(said);
      } catch (error) {
        this.#failure ??= error;
      }
      this.#rouse();
    });
  }

  #keyOfFirstFrame(): Uint8Array {
    const { first } = this.gate;
    return createHash('sha256').update('adtap run key').update(first).digest().subarray(0, 16);
  }
}
