// The gate between a source and the shards, on the main thread: numbers the frames, walks each packet's headers once, puts IP
// fragments together, and writes the packet's entry into the list of the shard that owns its flow.
//
// Fragments are reassembled here, before sharding, so that every flow is hashed by its five-tuple and a tunnel's inner flows
// by theirs, fragmented or not.
import type { SlotWriter } from '../capture/source.ts';
import { Defragmenter } from '../ip/fragments.ts';
import { Packet } from '../ip/packet.ts';
import { FRAGMENT, TCP_OR_UDP, TOO_MANY_HEADERS } from '../ip/verdict.ts';
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
  partitionOf,
  type RingShape,
} from '../slots/layout.ts';
import type { Slot } from '../slots/ring.ts';
import type { Filter } from './filter.ts';
import { flowHash } from './flow-hash.ts';

const LINKTYPE_RAW = 101;
/** Room a reassembled datagram may need: the largest IP datagram and its header. */
const DATAGRAM_BYTES = 65_535 + 64;

/** What the user asked to be left out. Times are seconds since 1970. */
export interface Selection {
  readonly from: number;
  readonly to: number;
  /** Frames to read at most. */
  readonly limit: number;
  readonly filter: Filter | null;
}

export const EVERYTHING: Selection = { from: 0, to: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY, filter: null };

/** Paces a replay: false when a packet of that time is not due yet. */
export type Pace = (seconds: number, nanoseconds: number) => boolean;

/** Sees every packet with an IP header that was let in. */
export interface PacketWatch {
  see(packet: Packet, wirelen: number, seconds: number): void;
}

/** Cells of the main thread's counters that the gate adds to. */
export interface GateCounters {
  readonly block: Float64Array;
  readonly verdicts: number;
  readonly filtered: number;
  readonly bytes: number;
}

export class Gate implements SlotWriter {
  bytes: Uint8Array = new Uint8Array(0);
  readonly capacity: number;
  /** Number of the last frame taken, and its time. */
  frame = 0;
  seconds = 0;
  nanoseconds = 0;
  firstSeconds = 0;
  firstNanoseconds = 0;
  /** Bytes of the first frame: what tells this capture from others. */
  first: Uint8Array = new Uint8Array(0);
  readonly fragments = new Defragmenter();
  /** Datagrams put together from fragments. */
  datagrams = 0;
  readonly #shape: RingShape;
  readonly #selection: Selection;
  readonly #pace: Pace | null;
  readonly #counters: GateCounters;
  /** Packets of a live slot cannot be put off to the next. */
  readonly #isLive: boolean;
  readonly #watch: PacketWatch | null;
  readonly #packet = new Packet();
  readonly #inner = new Packet();
  readonly #counts: Uint32Array;
  #slot: Slot | null = null;
  #entry = 0;
  #scratch = 0;

  constructor(
    shape: RingShape,
    selection: Selection,
    pace: Pace | null,
    counters: GateCounters,
    live: { readonly watch: PacketWatch | null } | null = null,
  ) {
    this.#shape = shape;
    this.#selection = selection;
    this.#pace = pace;
    this.#counters = counters;
    this.#isLive = live !== null;
    this.#watch = live?.watch ?? null;
    this.capacity = shape.slotBytes;
    this.#counts = new Uint32Array(shape.shards);
  }

  /** Begins an empty slot. */
  begin(slot: Slot): void {
    this.#slot = slot;
    this.bytes = slot.bytes;
    this.#entry = 0;
    this.#scratch = this.#shape.slotBytes;
    this.#counts.fill(0);
    slot.firstFrame = this.frame + 1;
    slot.last = false;
    slot.tick = 0;
  }

  /** Makes the slot, which is empty, one that brings time. */
  tick(seconds: number): void {
    if (this.#slot !== null) this.#slot.tick = seconds;
  }

  /** Ends the slot: from now on workers may read it. Returns how many packets it indexes. */
  end(last: boolean): number {
    const slot = this.#slot;
    if (slot === null) return 0;
    slot.header.set(this.#counts, HEADER_COUNTS);
    slot.last = last;
    return this.#entry;
  }

  /** Packets of the slot that each shard is to read. */
  get counts(): Readonly<Uint32Array> {
    return this.#counts;
  }

  /** Whether the user's limit of frames is reached. */
  get full(): boolean {
    return this.frame >= this.#selection.limit;
  }

  add(offset: number, caplen: number, wirelen: number, seconds: number, nanoseconds: number, linktype: number): boolean {
    if (this.full) return false;
    if (this.#entry >= this.#shape.slotPackets) return false;
    if (this.#pace !== null && !this.#pace(seconds, nanoseconds)) return false;
    const packet = this.#packet;
    const verdict = packet.walk(this.bytes, offset, offset + caplen, linktype);
    const hasRoom = this.#scratch + DATAGRAM_BYTES <= this.bytes.length;
    if (verdict === FRAGMENT && !hasRoom && !this.#isLive) return false;
    if (this.frame === 0) this.#begin(offset, caplen, seconds, nanoseconds);
    this.frame++;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    const { block, verdicts, filtered, bytes } = this.#counters;
    block[bytes]! += caplen;
    const { filter, from, to } = this.#selection;
    const time = seconds + nanoseconds / 1e9;
    if (time < from || time > to) {
      block[filtered + 1]!++;
      return true;
    }
    if (filter !== null && !filter(packet, wirelen, offset, offset + caplen, linktype)) {
      block[filtered]!++;
      return true;
    }
    if (this.#watch !== null && packet.version !== 0) this.#watch.see(packet, wirelen, seconds);
    block[verdicts + verdict]!++;
    if (verdict === TCP_OR_UDP) this.#place(packet, seconds, nanoseconds);
    else if (verdict === FRAGMENT) {
      if (hasRoom) this.#reassemble(packet, seconds, nanoseconds);
      else this.fragments.refuse();
    }
    return true;
  }

  #begin(offset: number, caplen: number, seconds: number, nanoseconds: number): void {
    this.first = this.bytes.slice(offset, offset + caplen);
    this.firstSeconds = seconds;
    this.firstNanoseconds = nanoseconds;
  }

  #reassemble(packet: Packet, seconds: number, nanoseconds: number): void {
    const length = this.fragments.add(packet, seconds);
    if (length <= 0) return;
    this.datagrams++;
    const at = this.#scratch;
    this.bytes.set(this.fragments.datagram.subarray(0, length), at);
    this.#scratch += length;
    const inner = this.#inner;
    const verdict = inner.walk(this.bytes, at, at + length, LINKTYPE_RAW);
    if (verdict === TCP_OR_UDP) this.#place(inner, seconds, nanoseconds);
    // A datagram that is a fragment again, once put together, is made to confuse.
    else this.#counters.block[this.#counters.verdicts + (verdict === FRAGMENT ? TOO_MANY_HEADERS : verdict)]!++;
  }

  /** Lists a packet for its shard, with what the walk found, so that no shard walks it again. */
  #place(packet: Packet, seconds: number, nanoseconds: number): void {
    const slot = this.#slot;
    if (slot === null) return;
    const hash = flowHash(packet);
    const number = this.#entry++;
    const entry = number * ENTRY_WORDS;
    const { entries } = slot;
    entries[entry + ENTRY_FRAME] = this.frame - slot.firstFrame;
    entries[entry + ENTRY_SECONDS] = seconds;
    entries[entry + ENTRY_NANOSECONDS] = nanoseconds;
    entries[entry + ENTRY_HASH] = hash;
    entries[entry + ENTRY_NETWORK] = packet.network;
    entries[entry + ENTRY_TRANSPORT] = packet.transport;
    entries[entry + ENTRY_END] = packet.end;
    entries[entry + ENTRY_MISSING] = packet.missing;
    entries[entry + ENTRY_PROTOCOL] = packet.protocol;
    const shard = partitionOf(hash) % this.#shape.shards;
    slot.lists[shard]![this.#counts[shard]!++] = number;
  }
}
