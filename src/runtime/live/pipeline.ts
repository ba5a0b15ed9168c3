// The pipeline over adapters: capture threads fill slots, the main thread indexes what they filled, shards decode, the order
// stage merges, and a merged slot goes back to the capture threads. Nothing here ever makes them wait: without a free slot they
// drop, and count.
import { randomBytes } from 'node:crypto';
import {
  type CaptureBackend,
  type CapturePool,
  MAX_CAPTURES,
  READY_BYTES,
  READY_CAPTURE,
  READY_PACKETS,
  READY_SLOT,
} from '../../capture/live/backend.ts';
import { walkRecords } from '../../capture/live/records.ts';
import { AdtapError } from '../../errors.ts';
import type { OrderedReader } from '../../order/merge.ts';
import { configureLimits } from '../../protocols/limits.ts';
import { EVERYTHING, Gate, type PacketWatch, type Selection } from '../../shard/gate.ts';
import type { CounterBlocks } from '../../slots/counters.ts';
import { DEFAULT_SHAPE } from '../../slots/layout.ts';
import { slotStride } from '../../slots/ring.ts';
import { gateCounters } from '../../worker/catalogue.ts';
import { type PipelineState, reportGateLimits } from '../pipeline.ts';
import { Shards, type ShardsSettings, type Supervision } from '../shards.ts';

export interface LiveSettings extends ShardsSettings {
  readonly workers: number;
  /** Slots of 1 MiB that capture may fill before it must drop. */
  readonly slots: number;
  readonly selection?: Selection;
  readonly watch: PacketWatch | null;
  readonly supervision: Supervision;
}

/** Slots indexed in one go before what shards said is heard. */
const SLOTS_A_TURN = 4;
/** How far behind the clock a tick is: packets stamped before it may still be on their way. */
const TICK_LAG_SECONDS = 2;

export class LivePipeline implements PipelineState {
  readonly counters: CounterBlocks;
  readonly gate: Gate;
  readonly pool: CapturePool;
  /** Packets indexed of each capture, by its place. */
  readonly taken = new Float64Array(MAX_CAPTURES);
  /** Slots that hold packets on their way, of how many. */
  readonly slots: number;
  /** Keys ids and addresses; drawn anew each time. */
  readonly runKey: Uint8Array = randomBytes(16);
  readonly shards: Shards;
  /** Packets in slots that were filled and not taken when the pipeline was closed. */
  untaken = 0;
  readonly #linktypes = new Int32Array(MAX_CAPTURES).fill(-1);
  readonly #words: readonly Uint32Array[];
  readonly #ready = new Uint32Array(4);
  /** A slot of the main thread's own, that brings time and no packets. */
  readonly #tickSlot: number;
  #isTickFree = true;
  #released = 0;
  #isPumping = false;
  #isClosed = false;

  constructor(backend: CaptureBackend, settings: LiveSettings, reader: OrderedReader) {
    this.slots = settings.slots;
    this.#tickSlot = settings.slots;
    const shape = { ...DEFAULT_SHAPE, slots: settings.slots + 1, shards: settings.workers };
    const { messages, activities, sensor, limits } = settings;
    this.shards = new Shards(shape, { messages, activities, sensor, limits }, reader, settings.supervision);
    this.shards.onProgress = () => this.#release();
    this.counters = this.shards.counters;
    configureLimits(limits);
    const block = gateCounters(this.counters.block(0));
    this.gate = new Gate(shape, settings.selection ?? EVERYTHING, null, block, { watch: settings.watch });
    const stride = slotStride(shape);
    const { data } = this.shards.memory;
    this.#words = Array.from({ length: shape.slots }, (_, slot) => new Uint32Array(data, slot * stride, shape.slotBytes >> 2));
    const pooled = { stride, slots: settings.slots, slotBytes: shape.slotBytes, slotPackets: shape.slotPackets };
    this.pool = backend.pool(new Uint8Array(data), pooled, () => this.#pump());
    for (let slot = 0; slot < settings.slots; slot++) this.pool.give(slot);
  }

  /** Starts the shards. Ids of tickets and challenges are keyed by chance: nobody can link them to another run's. */
  start(): void {
    this.shards.start(this.runKey);
  }

  /** What the packets of the capture at place `id` are. */
  setLinktype(id: number, linktype: number): void {
    this.#linktypes[id] = linktype;
  }

  /** Slots that are filled and not yet merged. */
  get slotsInUse(): number {
    return this.shards.published - this.#released - (this.#isTickFree ? 0 : 1);
  }

  /** Tells the shards what time it is, so that idle flows end and unanswered requests are said. */
  tick(seconds: number): void {
    if (!this.#isTickFree || this.#isClosed) return;
    this.#isTickFree = false;
    reportGateLimits(this.counters);
    this.#begin(this.#tickSlot);
    this.gate.tick(seconds - TICK_LAG_SECONDS);
    this.#end(false);
  }

  /** Once no capture runs: reads what is left, ends all flows, and waits until all is said or `milliseconds` are over. */
  async finish(milliseconds: number): Promise<void> {
    const { shards, gate } = this;
    const deadline = AbortSignal.timeout(Math.ceil(milliseconds));
    const late = new Promise<never>((_, reject) => {
      deadline.addEventListener('abort', () => {
        reject(
          new AdtapError('ADTAP_E_DRAIN', `what was in flight could not be read within ${milliseconds} ms; the rest is lost`),
        );
      });
    });
    late.catch(() => undefined);
    const done = async (): Promise<void> => {
      while (this.#take()) await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#isClosed) return;
      while (!this.#isTickFree) await shards.said();
      this.#isTickFree = false;
      this.#begin(this.#tickSlot);
      gate.fragments.flush();
      shards.ring.lastFrame = gate.frame;
      reportGateLimits(this.counters);
      this.#end(true);
      while (shards.merged < shards.published) await shards.said();
      await shards.finished();
    };
    await Promise.race([done(), late]);
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.pool.take(this.#ready)) this.untaken += this.#ready[READY_PACKETS]!;
    this.pool.close();
    await this.shards.stop();
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    for (let turn = 0; turn < SLOTS_A_TURN; turn++) if (!this.#take()) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  /** Indexes one filled slot; false when there is none. */
  #take(): boolean {
    const ready = this.#ready;
    if (this.#isClosed || !this.pool.take(ready)) return false;
    const slot = ready[READY_SLOT]!;
    const capture = ready[READY_CAPTURE]!;
    const { gate } = this;
    const before = gate.frame;
    this.#begin(slot);
    walkRecords(gate, this.#words[slot]!, 0, ready[READY_BYTES]!, this.#linktypes[capture]!);
    this.taken[capture]! += gate.frame - before;
    this.#end(false);
    return true;
  }

  #begin(slot: number): void {
    const { ring, published } = this.shards;
    ring.assign(published, slot);
    this.gate.begin(ring.slot(published));
  }

  #end(last: boolean): void {
    this.gate.end(last);
    this.shards.publish(this.gate.counts);
  }

  /** Gives merged slots back. */
  #release(): void {
    const { ring, merged } = this.shards;
    for (; this.#released < merged; this.#released++) {
      const slot = ring.number(this.#released);
      if (slot === this.#tickSlot) this.#isTickFree = true;
      else this.pool.give(slot);
    }
  }
}
