// The flows of one shard: records in one typed array and a chained hash index, no object a flow. Each partition has its own
// limits and knows which of its flows was not used for longest: evictions do not depend on how partitions are shared out.
import { u8, u32be } from '../bytes/read.ts';
import { type Packet, PROTOCOL_TCP } from '../ip/packet.ts';
import type { Conversation, Direction, Transport } from '../protocols/contract.ts';
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

const NONE = -1;
/** The lowest bits of the hash chose the partition: inside a shard they tell nothing. */
const PARTITION_BITS = Math.log2(PARTITIONS);
/** Which bucket holds the flows of a hash; there are a power of two of them. */
const bucketOf = (hash: number, buckets: Int32Array): number => (hash >>> PARTITION_BITS) & (buckets.length - 1);

// A flow is one record of 32 words, 128 bytes: two lines of a processor's cache, of which most packets touch the first only.
// A column of its own for each property would touch a line for each.
const RECORD = 32;
const SHIFT = Math.log2(RECORD);
/** First line: what tells flows apart and what each packet looks at. */
const HASH = 0;
const CHAIN = 1;
const PORTS = 2;
const KIND = 3; // IP version and transport
const SECONDS = 4;
/** A word of four octets: state, class, partition, handshake with HOLDS. */
const OCTETS = 5 * 4;
/** The flow has streams: what has none need not be looked for, which is a wait for memory. */
const HOLDS = 0x10;
/** The addresses' words in turn, originator first: what IPv4 needs lies in one line also where memory begins 16 or 32 bytes into one. */
const ENDS = 6;
// Second line. Pieces of data that no protocol recognised; sequence numbers; the protocol that did; the last datagram of each
// direction.
const PROBES = 16;
const ISN = 17;
const PROTOCOL = 19;
const LAST = 20;
const LAST_WORDS = 4;
/** TCP has no use for those; its streams' positions lie there instead: next byte and bytes to pass over, by direction. */
const NEXT = LAST;
const SKIP = LAST + 2;
/** Bits by direction: the positions are valid. */
const STARTED = LAST + 4;

// Which flows were used in which second lies apart, two words a flow: its neighbours in the list of a second. A flow that is used
// again stays in the list until somebody asks for that second; what keeps order is then no part of a packet's cost.
const LINK_SHIFT = 1;
const BEFORE = 0;
const BEHIND = 1;
/** Lists that seconds share in turn. More than tcpIdleSeconds by default: none holds flows of two seconds then. */
const LISTED_SECONDS = 1024;

/** Buckets a flow: behind a flow that has its bucket for itself there is none to wait for. */
const BUCKETS = 4;
const LEAST_INDEXED = 1024;
/** Room for up to so many grows fourfold: records that were never used take addresses and no memory. */
const MANY = 1_048_576;

/** Flows that foresee() is asked for at once: as many as a processor can wait for, few enough to stay in its nearest cache. */
export const FORESEEN = 64;

export class FlowTable {
  readonly conversations: (Conversation | null)[] = [];
  size = 0;

  /** Streams that hold bytes; of all others the record tells where they are. */
  readonly #streams: (TcpStreams | null)[] = [];
  readonly #heads = new Int32Array(FORESEEN);
  #words = new Int32Array(0);
  #links = new Int32Array(0);
  #octets = new Uint8Array(0);
  #capacity = 0;
  #buckets = new Int32Array(0);
  /** Records that were flows, chained; and the first that never was one, whose memory the system need not have given yet. */
  #free = NONE;
  #fresh = 0;
  /** First and last flow of each partition, class and second. */
  readonly #firsts = new Int32Array(PARTITIONS * CLASSES * LISTED_SECONDS).fill(NONE);
  readonly #lasts = new Int32Array(PARTITIONS * CLASSES * LISTED_SECONDS).fill(NONE);
  /** Of each partition and class: its flows, and a second before which none of them was used last. */
  readonly #counts = new Uint32Array(PARTITIONS * CLASSES);
  readonly #since = new Float64Array(PARTITIONS * CLASSES);

  /** Direction of the packet that find() or add() was last asked about. */
  direction: Direction = 0;

  /** `capacity` flows, a power of two, find room before anything must be moved. */
  constructor(capacity = 65_536) {
    this.#grow(capacity);
    this.#index(Math.min(capacity, LEAST_INDEXED));
  }

  /**
   * Reads ahead what find() will need for `count` flows, FORESEEN at most: loads that do not wait for one another.
   * Returns a number that means nothing.
   */
  foresee(hashes: Readonly<Uint32Array>, count: number): number {
    const records = this.#words;
    const buckets = this.#buckets;
    const heads = this.#heads;
    let seen = 0;
    for (let i = 0; i < count; i++) heads[i] = buckets[bucketOf(hashes[i]!, buckets)]!;
    for (let i = 0; i < count; i++) {
      const at = heads[i]! << SHIFT;
      if (at >= 0) seen = (seen + records[at + PORTS]! + records[at + PROBES]!) | 0;
    }
    return seen;
  }

  /** The packet's flow, or -1; `direction` tells which way the packet goes. */
  find(packet: Packet, hash: number): number {
    const { bytes, source, destination, sourcePort, destinationPort } = packet;
    const forward = (sourcePort << 16) | destinationPort;
    const backward = (destinationPort << 16) | sourcePort;
    const kind = (packet.version << 8) | packet.protocol;
    const words = packet.version === 4 ? 1 : 4;
    const records = this.#words;
    let flow = this.#buckets[bucketOf(hash, this.#buckets)]!;
    while (flow !== NONE) {
      const at = flow << SHIFT;
      if (records[at + HASH] === (hash | 0) && records[at + KIND] === kind) {
        const ports = records[at + PORTS]!;
        if (ports === forward && sameEnds(records, at, bytes, source, destination, words)) {
          this.direction = 0;
          return flow;
        }
        if (ports === backward && sameEnds(records, at, bytes, destination, source, words)) {
          this.direction = 1;
          return flow;
        }
      }
      flow = records[at + CHAIN]!;
    }
    return NONE;
  }

  /** A new flow for the packet; `reversed` makes its sender the responder. */
  add(packet: Packet, hash: number, partition: number, kind: number, seconds: number, reversed: boolean): number {
    const flow = this.#take();
    const at = flow << SHIFT;
    const records = this.#words;
    records.fill(0, at, at + RECORD);
    const words = packet.version === 4 ? 1 : 4;
    const from = reversed ? packet.destination : packet.source;
    const to = reversed ? packet.source : packet.destination;
    for (let i = 0; i < words; i++) {
      records[at + ENDS + 2 * i] = u32be(packet.bytes, from + 4 * i);
      records[at + ENDS + 2 * i + 1] = u32be(packet.bytes, to + 4 * i);
    }
    records[at + PORTS] = reversed
      ? (packet.destinationPort << 16) | packet.sourcePort
      : (packet.sourcePort << 16) | packet.destinationPort;
    records[at + KIND] = (packet.version << 8) | packet.protocol;
    this.direction = reversed ? 1 : 0;
    records[at + HASH] = hash;
    const bucket = bucketOf(hash, this.#buckets);
    records[at + CHAIN] = this.#buckets[bucket]!;
    this.#buckets[bucket] = flow;
    records[at + SECONDS] = seconds;
    const octets = (flow << (SHIFT + 2)) + OCTETS;
    this.#octets[octets] = UNDECIDED;
    this.#octets[octets + 1] = kind;
    this.#octets[octets + 2] = partition;
    if (flow === this.conversations.length) {
      this.conversations.push(null);
      this.#streams.push(null);
    }
    this.size++;
    this.#list(flow);
    return flow;
  }

  /** Forgets a flow. Its conversation and streams are the caller's to have closed and taken from it. */
  remove(flow: number): void {
    const records = this.#words;
    this.#unlist(flow);
    const own = flow << SHIFT;
    const bucket = bucketOf(records[own + HASH]!, this.#buckets);
    let at = this.#buckets[bucket]!;
    if (at === flow) this.#buckets[bucket] = records[own + CHAIN]!;
    else {
      while (records[(at << SHIFT) + CHAIN] !== flow) at = records[(at << SHIFT) + CHAIN]!;
      records[(at << SHIFT) + CHAIN] = records[own + CHAIN]!;
    }
    records[own + CHAIN] = this.#free;
    this.#free = flow;
    this.size--;
  }

  /** UNDECIDED, DECODED, GIVEN_UP or SHED_FLOW. */
  state(flow: number): number {
    return this.#octets[(flow << (SHIFT + 2)) + OCTETS]!;
  }
  setState(flow: number, state: number): void {
    this.#octets[(flow << (SHIFT + 2)) + OCTETS] = state;
  }

  /** TCP, UDP or CLOSED. */
  kind(flow: number): number {
    return this.#octets[(flow << (SHIFT + 2)) + OCTETS + 1]!;
  }

  partition(flow: number): number {
    return this.#octets[(flow << (SHIFT + 2)) + OCTETS + 2]!;
  }

  /** Streams of a flow that hold bytes, or null. */
  streams(flow: number): TcpStreams | null {
    return (this.#octets[(flow << (SHIFT + 2)) + OCTETS + 3]! & HOLDS) === 0 ? null : this.#streams[flow]!;
  }
  setStreams(flow: number, streams: TcpStreams | null): void {
    this.#streams[flow] = streams;
    const octet = (flow << (SHIFT + 2)) + OCTETS + 3;
    if (streams === null) this.#octets[octet]! &= ~HOLDS;
    else this.#octets[octet]! |= HOLDS;
  }

  /** Which SYNs were seen (bit 0: originator's, bit 1: responder's) and FINs (bits 2, 3). */
  handshake(flow: number): number {
    return this.#octets[(flow << (SHIFT + 2)) + OCTETS + 3]! & ~HOLDS;
  }
  addHandshake(flow: number, bits: number): void {
    this.#octets[(flow << (SHIFT + 2)) + OCTETS + 3]! |= bits;
  }

  /** When the flow was used last, seconds since 1970. */
  seconds(flow: number): number {
    return this.#words[(flow << SHIFT) + SECONDS]! >>> 0;
  }

  /** Sequence number of a direction's first byte, valid where `handshake` says so. */
  isn(flow: number, direction: Direction): number {
    return this.#words[(flow << SHIFT) + ISN + direction]! >>> 0;
  }
  setIsn(flow: number, direction: Direction, sequence: number): void {
    this.#words[(flow << SHIFT) + ISN + direction] = sequence;
  }

  /** Counts a piece of data that no protocol recognised; returns how many that makes. */
  probed(flow: number): number {
    return ++this.#words[(flow << SHIFT) + PROBES]!;
  }

  /** Which protocol the flow was last seen to speak, by its place in the list. */
  protocol(flow: number): number {
    return this.#words[(flow << SHIFT) + PROTOCOL]!;
  }
  setProtocol(flow: number, protocol: number): void {
    this.#words[(flow << SHIFT) + PROTOCOL] = protocol;
  }

  /** Stream.passOver() of a flow whose streams hold nothing. */
  passOver(flow: number, direction: Direction, sequence: number, length: number): boolean {
    const records = this.#words;
    const at = flow << SHIFT;
    if ((records[at + STARTED]! & (1 << direction)) === 0 || records[at + NEXT + direction] !== (sequence | 0)) return false;
    const skip = records[at + SKIP + direction]! >>> 0;
    if (skip < length) return false;
    records[at + NEXT + direction] = sequence + length;
    records[at + SKIP + direction] = skip - length;
    return true;
  }

  /** Puts streams that hold nothing where the flow's are. */
  resume(flow: number, streams: TcpStreams): void {
    const records = this.#words;
    const at = flow << SHIFT;
    const started = records[at + STARTED]!;
    streams.of(0).resume((started & 1) !== 0, records[at + NEXT]! >>> 0, records[at + SKIP]! >>> 0);
    streams.of(1).resume((started & 2) !== 0, records[at + NEXT + 1]! >>> 0, records[at + SKIP + 1]! >>> 0);
  }

  /** Remembers where streams that hold nothing are. */
  park(flow: number, streams: TcpStreams): void {
    const records = this.#words;
    const at = flow << SHIFT;
    const originator = streams.of(0);
    const responder = streams.of(1);
    records[at + NEXT] = originator.next;
    records[at + NEXT + 1] = responder.next;
    records[at + SKIP] = originator.skip;
    records[at + SKIP + 1] = responder.skip;
    records[at + STARTED] = (originator.started ? 1 : 0) | (responder.started ? 2 : 0);
  }

  /** The flow was used. */
  touch(flow: number, seconds: number): void {
    const at = (flow << SHIFT) + SECONDS;
    if (seconds > this.#words[at]! >>> 0) this.#words[at] = seconds;
  }

  /** Moves a flow to another class. */
  reclass(flow: number, kind: number): void {
    this.#unlist(flow);
    this.#octets[(flow << (SHIFT + 2)) + OCTETS + 1] = kind;
    this.#list(flow);
  }

  /** Flow of this partition and class that was not used for longest, to the second, if that was before `before`; or -1. */
  oldest(partition: number, kind: number, before = Number.POSITIVE_INFINITY): number {
    const group = partition * CLASSES + kind;
    if (this.#counts[group] === 0) return NONE;
    let second = this.#since[group]!;
    for (let looked = 1; second < before; looked++) {
      const flow = this.#usedIn(group, second);
      if (flow !== NONE) {
        this.#since[group] = second;
        return flow;
      }
      second = looked % LISTED_SECONDS === 0 ? this.#earliest(group) : second + 1;
    }
    this.#since[group] = second;
    return NONE;
  }

  /** Flows of a partition. */
  sizeOf(partition: number): number {
    const group = partition * CLASSES;
    return this.#counts[group + TCP]! + this.#counts[group + UDP]! + this.#counts[group + CLOSED]!;
  }

  /** Ports as (originator << 16) | responder. */
  ports(flow: number): number {
    return this.#words[(flow << SHIFT) + PORTS]!;
  }

  transport(flow: number): Transport {
    return (this.#words[(flow << SHIFT) + KIND]! & 0xff) === PROTOCOL_TCP ? 'tcp' : 'udp';
  }

  /** IP version of a flow. */
  version(flow: number): number {
    return this.#words[(flow << SHIFT) + KIND]! >> 8;
  }

  /** Writes both addresses, originator first, 16 bytes apart. */
  addresses(flow: number, out: Uint8Array): void {
    const from = (flow << SHIFT) + ENDS;
    const words = this.version(flow) === 4 ? 1 : 4;
    for (let word = 0; word < words; word++) {
      putWord(out, word * 4, this.#words[from + 2 * word]!);
      putWord(out, 16 + word * 4, this.#words[from + 2 * word + 1]!);
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
    const at = (flow << SHIFT) + LAST + direction * LAST_WORDS;
    const last = this.#words;
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

  /** A flow of the group whose last use was in this second, or NONE. Others in the second's list go where they belong. */
  #usedIn(group: number, second: number): number {
    const list = listOf(group, second);
    const last = this.#lasts[list]!;
    for (let flow = this.#firsts[list]!; flow !== NONE; ) {
      if (this.seconds(flow) === second) return flow;
      const next = flow === last ? NONE : this.#links[(flow << LINK_SHIFT) + BEHIND]!;
      // Behind all others: also in this list, where the second of its last use may have it too.
      this.#unlist(flow);
      this.#list(flow);
      flow = next;
    }
    return NONE;
  }

  /** The second of the longest unused flow, of a group that has one: each list was found to hold later ones only. */
  #earliest(group: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let list = group * LISTED_SECONDS; list < (group + 1) * LISTED_SECONDS; list++)
      for (let flow = this.#firsts[list]!; flow >= 0; flow = this.#links[(flow << LINK_SHIFT) + BEHIND]!)
        earliest = Math.min(earliest, this.seconds(flow));
    return earliest;
  }

  #list(flow: number): void {
    const group = this.partition(flow) * CLASSES + this.kind(flow);
    const seconds = this.seconds(flow);
    if (this.#counts[group]!++ === 0 || seconds < this.#since[group]!) this.#since[group] = seconds;
    const list = listOf(group, seconds);
    const last = this.#lasts[list]!;
    const at = flow << LINK_SHIFT;
    // At the ends stands which list it is, as a number below zero.
    this.#links[at + BEHIND] = ~list;
    if (last === NONE) {
      this.#links[at + BEFORE] = ~list;
      this.#firsts[list] = flow;
    } else {
      this.#links[at + BEFORE] = last;
      this.#links[(last << LINK_SHIFT) + BEHIND] = flow;
    }
    this.#lasts[list] = flow;
  }

  #unlist(flow: number): void {
    const before = this.#links[(flow << LINK_SHIFT) + BEFORE]!;
    const behind = this.#links[(flow << LINK_SHIFT) + BEHIND]!;
    if (before >= 0) this.#links[(before << LINK_SHIFT) + BEHIND] = behind;
    else this.#firsts[~before] = behind >= 0 ? behind : NONE;
    if (behind >= 0) this.#links[(behind << LINK_SHIFT) + BEFORE] = before;
    else this.#lasts[~behind] = before >= 0 ? before : NONE;
    this.#counts[this.partition(flow) * CLASSES + this.kind(flow)]!--;
  }

  /** A record for a new flow. */
  #take(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = this.#words[(free << SHIFT) + CHAIN]!;
      return free;
    }
    if (this.#fresh === this.#capacity) this.#grow(this.#capacity * (this.#capacity < MANY ? 4 : 2));
    if (this.#fresh * BUCKETS === this.#buckets.length) this.#index(this.#fresh * 2);
    return this.#fresh++;
  }

  /** Moves all records to where there is room for more. While they are moved packets wait, so it is seldom done. */
  #grow(capacity: number): void {
    this.#words = grown(this.#words, capacity * RECORD);
    this.#octets = new Uint8Array(this.#words.buffer);
    this.#links = grown(this.#links, capacity << LINK_SHIFT);
    this.#capacity = capacity;
  }

  /** Buckets for so many flows. Every record that was one must be one now. */
  #index(flows: number): void {
    const records = this.#words;
    const buckets = new Int32Array(flows * BUCKETS).fill(NONE);
    for (let flow = 0; flow < this.#fresh; flow++) {
      const bucket = bucketOf(records[(flow << SHIFT) + HASH]!, buckets);
      records[(flow << SHIFT) + CHAIN] = buckets[bucket]!;
      buckets[bucket] = flow;
    }
    this.#buckets = buckets;
  }
}

const listOf = (group: number, second: number): number => group * LISTED_SECONDS + (second % LISTED_SECONDS);

function grown(words: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(words);
  return larger;
}

function putWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}

function sameEnds(records: Int32Array, at: number, bytes: Uint8Array, a: number, b: number, words: number): boolean {
  for (let i = 0; i < words; i++) {
    if (records[at + ENDS + 2 * i] !== (u32be(bytes, a + 4 * i) | 0)) return false;
    if (records[at + ENDS + 2 * i + 1] !== (u32be(bytes, b + 4 * i) | 0)) return false;
  }
  return true;
}
