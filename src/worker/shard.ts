// One shard: reads its packets of each slot in order and says messages, activities and claims. It shares no state with others.
import type { Said } from '../activity/rows.ts';
import { Speaker, type SpeechCounter } from '../activity/speaker.ts';
import type { Reason } from '../bytes/reason.ts';
import { Packet } from '../ip/packet.ts';
import type { Outcome } from '../protocols/contract.ts';
import type { ActivityType } from '../protocols/fields.ts';
import { configureLimits } from '../protocols/limits.ts';
import { protocols } from '../protocols/registry.ts';
import { setRunKey } from '../protocols/run-key.ts';
import {
  ENTRY_END,
  ENTRY_FRAME,
  ENTRY_HASH,
  ENTRY_MISSING,
  ENTRY_NANOSECONDS,
  ENTRY_NETWORK,
  ENTRY_PROTOCOL,
  ENTRY_SECONDS,
  ENTRY_TRANSPORT,
  ENTRY_WORDS,
  HEADER_COUNTS,
  PARTITIONS,
  partitionOf,
} from '../slots/layout.ts';
import type { Slot } from '../slots/ring.ts';
import { Dispatcher } from '../transport/dispatch.ts';
import { FlowContext, type RefusalCounter } from '../transport/flow-context.ts';
import { FORESEEN } from '../transport/flow-table.ts';
import { Flows } from '../transport/flows.ts';
import {
  ACTIVE_FLOWS,
  ACTIVITIES,
  activityIndex,
  allLimits,
  counterMap,
  FLOW_CELLS,
  FLOWS,
  LIMITS,
  MESSAGES,
  OUTCOMES,
  protocolIndex,
  REFUSALS,
  reasonCount,
  SHARD_ENDS,
} from './catalogue.ts';

export interface ShardSettings {
  readonly shard: number;
  readonly shards: number;
  readonly messages: boolean;
  readonly activities: boolean;
  readonly sensor: string;
  readonly runKey: Uint8Array;
  readonly limits: Readonly<Record<string, number>>;
}

/** Sees the bytes of each decoded message; they are only valid during the call. */
export type MessageTap = (frame: number, protocol: string, bytes: Uint8Array, start: number, end: number) => void;

export class Shard implements RefusalCounter, SpeechCounter {
  readonly #settings: ShardSettings;
  readonly #packet = new Packet();
  readonly #context: FlowContext;
  readonly #speaker: Speaker;
  readonly #flows: Flows;
  readonly #counters: Float64Array;
  readonly #ends = counterMap.offset(SHARD_ENDS);
  readonly #messages = counterMap.offset(MESSAGES);
  readonly #activities = counterMap.offset(ACTIVITIES);
  readonly #refusals = counterMap.offset(REFUSALS);
  readonly #hashes = new Uint32Array(FORESEEN);
  /** What #foresee() read comes to; it means nothing: kept so that no compiler leaves the reading out. */
  fetched = 0;
  /** What a shard before this one, lost in a crash, had counted. */
  readonly #base: Float64Array;

  /** `tap` sees the bytes of each message before its line is written. */
  constructor(settings: ShardSettings, counters: Float64Array, tap: MessageTap | null = null) {
    this.#settings = settings;
    this.#counters = counters;
    configureLimits(settings.limits);
    setRunKey(settings.runKey);
    this.#speaker = new Speaker(() => this.#context, settings.sensor, settings.runKey, this);
    this.#context = new FlowContext(this, this.#speaker.claims);
    if (settings.messages) this.#context.messages = this.#speaker.messages;
    if (settings.activities) this.#context.activities = this.#speaker.activities;
    if (tap !== null) this.#context.tap = (protocol, bytes, start, end) => tap(this.#context.frame, protocol, bytes, start, end);
    this.#flows = new Flows(this.#context, new Dispatcher(protocols));
    this.#base = counters.slice();
    const limitsAt = counterMap.offset(LIMITS);
    allLimits.forEach((limit, index) => {
      this.#base[limitsAt + index]! -= limit.hits;
    });
  }

  /** How much of new flows to shed from now on; see Flows.shed. */
  set shed(parts: number) {
    this.#flows.shed = parts;
    this.#context.isPartial = parts > 0;
  }

  /** Reads the shard's packets of one slot, and says what they mean in the slot's room for it if that is enough; with the capture's last slot, ends all flows at `lastFrame`. */
  read(slot: Slot, sequence: number, lastFrame: number): Said {
    const list = slot.lists[this.#settings.shard]!;
    const count = slot.header[HEADER_COUNTS + this.#settings.shard]!;
    const { firstFrame } = slot;
    const room = slot.rooms[this.#settings.shard]!;
    this.#speaker.into(room.lines, room.rows);
    this.#packet.bytes = slot.bytes;
    for (let from = 0; from < count; from += FORESEEN)
      this.#batch(slot, list, from, Math.min(from + FORESEEN, count), firstFrame);
    if (slot.tick !== 0) this.#tick(firstFrame - 1, slot.tick);
    if (slot.last) this.#finish(lastFrame);
    this.#report();
    return this.#speaker.said(sequence);
  }

  /** Packets [from, to) of the shard's list. A method of its own: a hot loop inside read() would be compiled anew in its midst. */
  #batch(slot: Slot, list: Uint16Array, from: number, to: number, firstFrame: number): void {
    const { entries, bytes } = slot;
    const context = this.#context;
    const packet = this.#packet;
    const flows = this.#flows;
    const counters = this.#counters;
    const ends = this.#ends;
    this.#foresee(entries, list, from, to, bytes);
    for (let i = from; i < to; i++) {
      const entry = list[i]! * ENTRY_WORDS;
      const frame = firstFrame + entries[entry + ENTRY_FRAME]!;
      context.frame = frame;
      context.order = frame;
      context.seconds = entries[entry + ENTRY_SECONDS]!;
      context.nanoseconds = entries[entry + ENTRY_NANOSECONDS]!;
      packet.missing = entries[entry + ENTRY_MISSING]!;
      packet.resume(
        entries[entry + ENTRY_NETWORK]!,
        entries[entry + ENTRY_PROTOCOL]!,
        entries[entry + ENTRY_TRANSPORT]!,
        entries[entry + ENTRY_END]!,
      );
      const hash = entries[entry + ENTRY_HASH]!;
      counters[ends + flows.packet(packet, hash, partitionOf(hash))]!++;
    }
  }

  /** Has the processor fetch what the batch is about to read, all at once: one packet at a time, each would wait for memory. */
  #foresee(entries: Uint32Array, list: Uint16Array, from: number, to: number, bytes: Uint8Array): void {
    const hashes = this.#hashes;
    let seen = 0;
    for (let i = from; i < to; i++) {
      const entry = list[i]! * ENTRY_WORDS;
      hashes[i - from] = entries[entry + ENTRY_HASH]!;
      seen += bytes[entries[entry + ENTRY_NETWORK]!]! + bytes[entries[entry + ENTRY_TRANSPORT]!]!;
    }
    this.fetched = seen + this.#flows.table.foresee(hashes, to - from);
  }

  /** Time passes though no packet came: what is idle ends, and says so. */
  #tick(frame: number, seconds: number): void {
    const { shard, shards } = this.#settings;
    this.#context.frame = frame;
    this.#context.order = frame;
    for (let partition = shard; partition < PARTITIONS; partition += shards) this.#flows.tick(partition, seconds);
  }

  /** Partition by partition, each with a place of its own in the order: the same whatever the number of shards. */
  #finish(lastFrame: number): void {
    const { shard, shards } = this.#settings;
    for (let partition = shard; partition < PARTITIONS; partition += shards) {
      this.#context.frame = lastFrame;
      this.#context.order = lastFrame + 1 + partition;
      this.#flows.finish(partition);
    }
  }

  refused(protocol: string, reason: Reason): void {
    const index = protocolIndex.get(protocol);
    if (index !== undefined) this.#counters[this.#refusals + index * reasonCount + reason]!++;
  }

  message(protocol: string): void {
    const index = protocolIndex.get(protocol);
    if (index !== undefined) this.#counters[this.#messages + index]!++;
  }

  activity(type: ActivityType, outcome: Outcome): void {
    const index = activityIndex.get(type);
    if (index !== undefined) this.#counters[this.#activities + index * OUTCOMES.length + OUTCOMES.indexOf(outcome)]!++;
  }

  /** Copies what others count into the shared block. */
  #report(): void {
    const limitsAt = counterMap.offset(LIMITS);
    allLimits.forEach((limit, index) => {
      this.#counters[limitsAt + index] = this.#base[limitsAt + index]! + limit.hits;
    });
    const flowsAt = counterMap.offset(FLOWS);
    FLOW_CELLS.forEach((cell, index) => {
      this.#counters[flowsAt + index] = this.#base[flowsAt + index]! + this.#flows.counts[cell];
    });
    this.#counters[counterMap.offset(ACTIVE_FLOWS)] = this.#flows.table.size;
  }
}
