// The pipeline over files: source → gate → slots → shards → order → enrich → sink. The main thread fills slots and merges what
// shards say; the only thing that flows back is a slot being free again.
import { createHash } from 'node:crypto';
import type { Source } from '../capture/source.ts';
import type { OrderedReader } from '../order/merge.ts';
import { configureLimits } from '../protocols/limits.ts';
import { Gate, type Pace, type Selection } from '../shard/gate.ts';
import type { CounterBlocks } from '../slots/counters.ts';
import { DEFAULT_SHAPE } from '../slots/layout.ts';
import { allLimits, counterMap, gateCounters, LIMITS } from '../worker/catalogue.ts';
import { Shards, type ShardsSettings } from './shards.ts';

export interface PipelineSettings extends ShardsSettings {
  readonly workers: number;
  /** 16 bytes, or null to derive them from the first frame: the same capture then gives the same ids again. */
  readonly runKey: Uint8Array | null;
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
  /** What ids and addresses are keyed by: set, or made of the first frame once that is read. */
  runKey: Uint8Array = new Uint8Array(16);
  readonly #source: Source;
  readonly #settings: PipelineSettings;
  readonly #shards: Shards;
  readonly #downstream: Downstream;
  #stopping = false;

  constructor(source: Source, settings: PipelineSettings, downstream: Downstream) {
    this.#source = source;
    this.#settings = settings;
    this.#downstream = downstream;
    const { messages, activities, sensor, limits } = settings;
    const shape = { ...DEFAULT_SHAPE, shards: settings.workers };
    this.#shards = new Shards(shape, { messages, activities, sensor, limits }, downstream, null);
    this.counters = this.#shards.counters;
    configureLimits(settings.limits);
    this.gate = new Gate(shape, settings.selection, settings.pace?.due ?? null, gateCounters(this.counters.block(0)));
  }

  /** Ends the run early, after what is in flight. */
  stop(): void {
    this.#stopping = true;
  }

  /** Reads the source to its end. Rejects when a worker fails or the sink does. */
  async run(): Promise<void> {
    const shards = this.#shards;
    let more = await this.#fill();
    this.runKey = this.#settings.runKey ?? this.#keyOfFirstFrame();
    shards.start(this.runKey);
    try {
      for (;;) {
        const last = !more || this.gate.full || this.#stopping;
        this.#publish(last);
        if (last) break;
        await this.#freeSlot();
        more = await this.#fill();
      }
      while (shards.merged < shards.published) await shards.said();
      await this.#downstream.drain(true);
      await shards.finished();
    } finally {
      await shards.stop();
    }
  }

  /** Fills the next slot; false when the source has no more. */
  async #fill(): Promise<boolean> {
    const { gate } = this;
    gate.begin(this.#shards.ring.slot(this.#shards.published));
    const filled = this.#source.fill(gate);
    return typeof filled === 'boolean' ? filled : await filled;
  }

  #publish(last: boolean): void {
    const { gate } = this;
    gate.end(last);
    if (last) {
      gate.fragments.flush();
      this.#shards.ring.lastFrame = gate.frame;
      reportGateLimits(this.counters);
    }
    this.#shards.publish(gate.counts);
  }

  /** Waits until a slot can be filled: its lines are merged and gone. Also where the pace is kept. */
  async #freeSlot(): Promise<void> {
    const shards = this.#shards;
    const wait = this.#settings.pace?.waitMs() ?? 0;
    await new Promise<void>((resolve) => (wait > 0 ? setTimeout(resolve, Math.min(wait, 1000)) : setImmediate(resolve)));
    shards.check();
    await this.#downstream.drain(wait > 0);
    while (shards.published - shards.merged >= shards.ring.slots.length) {
      await shards.said();
      await this.#downstream.drain(false);
    }
  }

  #keyOfFirstFrame(): Uint8Array {
    const { first } = this.gate;
    return createHash('sha256').update('adtap run key').update(first).digest().subarray(0, 16);
  }
}

/** Limits that the main thread's own rooms reached. */
export function reportGateLimits(counters: CounterBlocks): void {
  const block = counters.block(0);
  allLimits.forEach((limit, index) => {
    block[counterMap.offset(LIMITS) + index] = limit.hits;
  });
}
