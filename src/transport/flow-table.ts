// The flows of one shard: columns of typed arrays and a chained hash index, no object a flow. Each partition has its own
// limits and its own order of last use, so that evictions do not depend on how partitions are shared out.
import { u8, u32be } from '../bytes/read.ts';
import type { Packet } from '../ip/packet.ts';
import type { Conversation, Direction } from '../protocols/contract.ts';
import { PARTITIONS } from '../slots/layout.ts';
import type { TcpStreams } from './stream.ts';

/** Classes of flows, each with its own idle time. */
export const TCP = 0;
export const UDP = 1;
export const CLOSED = 2;
const CLASSES = 3;

/** States of a flow. */
export const UNDECIDED = 0;
export const DECODED = 1;
export const GIVEN_UP = 2;
/** Not looked at from its first packet on, to spare the machine. */
export const SHED_FLOW = 3;

/** Words of a key: two addresses of four words, both ports, IP version and transport. */
const KEY_WORDS = 10;
const NONE = -1;
/** The lowest bits of the hash chose the partition: inside a shard they tell nothing. */
const PARTITION_BITS = Math.log2(PARTITIONS);

/** Words of a flow's memory of one direction's last datagram. */
const LAST_WORDS = 4;

export class FlowTable {
  /** Columns, by flow. */
  keys = new Int32Array(0);
  state = new Uint8Array(0);
  /** TCP or UDP or CLOSED. */
  kind = new Uint8Array(0);
  partition = new Uint8Array(0);
  seconds = new Float64Array(0);
  /** Pieces of data that no protocol recognised. */
  probes = new Uint16Array(0);
  /** Which SYNs were seen (bit 0: originator's, bit 1: responder's) and FINs (bits 2, 3). */
  handshake = new Uint8Array(0);
  /** Sequence number of each direction's first byte, valid where `handshake` says so. */
  isn = new Uint32Array(0);
  /** What the last datagram of each direction looked like, to recognise its copy. */
  last = new Int32Array(0);
  readonly conversations: (Conversation | null)[] = [];
  readonly streams: (TcpStreams | null)[] = [];
  size = 0;

  #capacity = 0;
  #hash = new Int32Array(0);
  #chain = new Int32Array(0);
  #older = new Int32Array(0);
  #newer = new Int32Array(0);
  #buckets = new Int32Array(0);
  #free = NONE;
  /** Oldest and newest flow of each partition and class. */
  readonly #oldest = new Int32Array(PARTITIONS * CLASSES).fill(NONE);
  readonly #newest = new Int32Array(PARTITIONS * CLASSES).fill(NONE);
  readonly #sizes = new Uint32Array(PARTITIONS);

  /** Direction of the packet that find() or add() was last asked about. */
  direction: Direction = 0;

  constructor(capacity = 1024) {
    this.#grow(capacity);
  }

  /** The packet's flow, or -1; `direction` tells which way the packet goes. */
  find(packet: Packet, hash: number): number {
    const { bytes, source, destination, sourcePort, destinationPort } = packet;
    const forward = (sourcePort << 16) | destinationPort;
    const backward = (destinationPort << 16) | sourcePort;
    const tail = (packet.version << 8) | packet.protocol;
    const words = packet.version === 4 ? 1 : 4;
    const keys = this.keys;
    for (
      let flow = this.#buckets[(hash >>> PARTITION_BITS) & (this.#buckets.length - 1)]!;
      flow !== NONE;
      flow = this.#chain[flow]!
    ) {
      if (this.#hash[flow] !== (hash | 0)) continue;
      const key = flow * KEY_WORDS;
      if (keys[key + 9] !== tail) continue;
      const ports = keys[key + 8]!;
      if (ports === forward && sameEnds(keys, key, bytes, source, destination, words)) {
        this.direction = 0;
        return flow;
      }
      if (ports === backward && sameEnds(keys, key, bytes, destination, source, words)) {
        this.direction = 1;
        return flow;
      }
    }
    return NONE;
  }

  /** A new flow for the packet; `reversed` makes its sender the responder. */
  add(packet: Packet, hash: number, partition: number, kind: number, seconds: number, reversed: boolean): number {
    if (this.#free === NONE) this.#grow(this.#capacity * 2);
    const flow = this.#free;
    this.#free = this.#chain[flow]!;
    const key = flow * KEY_WORDS;
    const keys = this.keys;
    const words = packet.version === 4 ? 1 : 4;
    const from = reversed ? packet.destination : packet.source;
    const to = reversed ? packet.source : packet.destination;
    for (let i = 0; i < 4; i++) {
      keys[key + i] = i < words ? u32be(packet.bytes, from + 4 * i) : 0;
      keys[key + 4 + i] = i < words ? u32be(packet.bytes, to + 4 * i) : 0;
    }
    keys[key + 8] = reversed
      ? (packet.destinationPort << 16) | packet.sourcePort
      : (packet.sourcePort << 16) | packet.destinationPort;
    keys[key + 9] = (packet.version << 8) | packet.protocol;
    this.direction = reversed ? 1 : 0;
    this.#hash[flow] = hash;
    const bucket = (hash >>> PARTITION_BITS) & (this.#buckets.length - 1);
    this.#chain[flow] = this.#buckets[bucket]!;
    this.#buckets[bucket] = flow;
    this.state[flow] = UNDECIDED;
    this.kind[flow] = kind;
    this.partition[flow] = partition;
    this.seconds[flow] = seconds;
    this.probes[flow] = 0;
    this.handshake[flow] = 0;
    this.last.fill(0, flow * 2 * LAST_WORDS, (flow + 1) * 2 * LAST_WORDS);
    this.conversations[flow] = null;
    this.streams[flow] = null;
    this.size++;
    this.#sizes[partition]!++;
    this.#append(flow);
    return flow;
  }

  /** Forgets a flow. Its conversation and streams are the caller's to have closed. */
  remove(flow: number): void {
    this.#unlink(flow);
    const bucket = (this.#hash[flow]! >>> PARTITION_BITS) & (this.#buckets.length - 1);
    let at = this.#buckets[bucket]!;
    if (at === flow) this.#buckets[bucket] = this.#chain[flow]!;
    else {
      while (this.#chain[at] !== flow) at = this.#chain[at]!;
      this.#chain[at] = this.#chain[flow]!;
    }
    this.conversations[flow] = null;
    this.streams[flow] = null;
    this.#chain[flow] = this.#free;
    this.#free = flow;
    this.size--;
    this.#sizes[this.partition[flow]!]!--;
  }

  /** The flow was used: it becomes its class's newest. */
  touch(flow: number, seconds: number): void {
    if (seconds > this.seconds[flow]!) this.seconds[flow] = seconds;
    if (this.#newer[flow] === NONE) return;
    this.#unlink(flow);
    this.#append(flow);
  }

  /** Moves a flow to another class. */
  reclass(flow: number, kind: number): void {
    this.#unlink(flow);
    this.kind[flow] = kind;
    this.#append(flow);
  }

  /** Flow of this partition and class that was not used for longest, or -1. */
  oldest(partition: number, kind: number): number {
    return this.#oldest[partition * CLASSES + kind]!;
  }

  /** Flows of a partition. */
  sizeOf(partition: number): number {
    return this.#sizes[partition]!;
  }

  /** Ports as (originator << 16) | responder. */
  ports(flow: number): number {
    return this.keys[flow * KEY_WORDS + 8]!;
  }

  /** IP version of a flow. */
  version(flow: number): number {
    return this.keys[flow * KEY_WORDS + 9]! >> 8;
  }

  /** Writes both addresses, originator first, 16 bytes apart. */
  addresses(flow: number, out: Uint8Array): void {
    const view = this.keys;
    for (let end = 0; end < 2; end++)
      for (let word = 0; word < 4; word++) {
        const value = view[flow * KEY_WORDS + end * 4 + word]!;
        const at = end * 16 + word * 4;
        out[at] = value >>> 24;
        out[at + 1] = value >>> 16;
        out[at + 2] = value >>> 8;
        out[at + 3] = value;
      }
  }

  /**
   * Whether this datagram is a copy of the one before it in its direction: same length, IP identification, checksum and first
   * payload bytes, within `milliseconds`. Remembers it either way.
   */
  isCopy(
    flow: number,
    direction: Direction,
    packet: Packet,
    seconds: number,
    nanoseconds: number,
    milliseconds: number,
  ): boolean {
    const at = (flow * 2 + direction) * LAST_WORDS;
    const last = this.last;
    const length = packet.end - packet.payload;
    const look = (length << 16) | packet.id;
    let sum = packet.checksum;
    for (let i = 0; i < 8 && packet.payload + i < packet.end; i++)
      sum = Math.imul(sum, 31) + u8(packet.bytes, packet.payload + i);
    const now = (seconds % 1_000_000) * 1000 + Math.floor(nanoseconds / 1_000_000);
    const since = now - last[at + 2]!;
    const copy = last[at + 3] === 1 && last[at] === look && last[at + 1] === (sum | 0) && since >= 0 && since <= milliseconds;
    last[at] = look;
    last[at + 1] = sum;
    last[at + 2] = now;
    last[at + 3] = 1;
    return copy;
  }

  #append(flow: number): void {
    const list = this.partition[flow]! * CLASSES + this.kind[flow]!;
    const newest = this.#newest[list]!;
    this.#older[flow] = newest;
    this.#newer[flow] = NONE;
    if (newest === NONE) this.#oldest[list] = flow;
    else this.#newer[newest] = flow;
    this.#newest[list] = flow;
  }

  #unlink(flow: number): void {
    const list = this.partition[flow]! * CLASSES + this.kind[flow]!;
    const older = this.#older[flow]!;
    const newer = this.#newer[flow]!;
    if (older === NONE) this.#oldest[list] = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest[list] = older;
    else this.#older[newer] = older;
  }

  #grow(capacity: number): void {
    const before = this.#capacity;
    this.keys = grown(this.keys, new Int32Array(capacity * KEY_WORDS));
    this.state = grown(this.state, new Uint8Array(capacity));
    this.kind = grown(this.kind, new Uint8Array(capacity));
    this.partition = grown(this.partition, new Uint8Array(capacity));
    this.seconds = grown(this.seconds, new Float64Array(capacity));
    this.probes = grown(this.probes, new Uint16Array(capacity));
    this.handshake = grown(this.handshake, new Uint8Array(capacity));
    this.isn = grown(this.isn, new Uint32Array(capacity * 2));
    this.last = grown(this.last, new Int32Array(capacity * 2 * LAST_WORDS));
    this.#hash = grown(this.#hash, new Int32Array(capacity));
    this.#chain = grown(this.#chain, new Int32Array(capacity));
    this.#older = grown(this.#older, new Int32Array(capacity));
    this.#newer = grown(this.#newer, new Int32Array(capacity));
    for (let flow = capacity - 1; flow >= before; flow--) {
      this.#chain[flow] = this.#free;
      this.#free = flow;
    }
    this.#capacity = capacity;
    this.#rehash(capacity);
  }

  /** As many buckets as flows: chains stay about one long. */
  #rehash(capacity: number): void {
    this.#buckets = new Int32Array(capacity).fill(NONE);
    for (const oldest of this.#oldest)
      for (let flow = oldest; flow !== NONE; flow = this.#newer[flow]!) {
        const bucket = (this.#hash[flow]! >>> PARTITION_BITS) & (capacity - 1);
        this.#chain[flow] = this.#buckets[bucket]!;
        this.#buckets[bucket] = flow;
      }
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

function sameEnds(keys: Int32Array, key: number, bytes: Uint8Array, a: number, b: number, words: number): boolean {
  for (let i = 0; i < words; i++) {
    if (keys[key + i] !== (u32be(bytes, a + 4 * i) | 0)) return false;
    if (keys[key + 4 + i] !== (u32be(bytes, b + 4 * i) | 0)) return false;
  }
  return true;
}
