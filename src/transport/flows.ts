// All flows of a shard: finds or makes a packet's flow, puts TCP in order, asks who speaks, feeds the conversation, and ends
// flows by FIN, RST, idleness (capture time) or eviction.
import { type Packet, PROTOCOL_TCP } from '../ip/packet.ts';
import { type Conversation, type Direction, GIVE_UP } from '../protocols/contract.ts';
import { hit } from '../protocols/limits.ts';
import { PARTITIONS } from '../slots/layout.ts';
import { type Dispatcher, MORE, NOBODY } from './dispatch.ts';
import {
  DECODED_END,
  NO_PAYLOAD,
  NOT_OF_INTEREST,
  OUTSIDE_WINDOW,
  OVER_LIMIT,
  RETRANSMISSION,
  SHED,
  UNIDENTIFIED,
} from './ends.ts';
import type { FlowContext } from './flow-context.ts';
import { CLOSED, DECODED, FlowTable, GIVEN_UP, SHED_FLOW, TCP, UDP, UNDECIDED } from './flow-table.ts';
import { transportLimits as limits } from './limits.ts';
import { OUTSIDE, RETRANSMITTED, type Stream, type StreamReader, TcpStreams } from './stream.ts';
import { systemOf } from './system.ts';

/** TCP flags (RFC 9293 3.1). */
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
/** Bits of FlowTable.handshake, shifted by the direction. */
const SAW_SYN = 1;
const SAW_FIN = 4;

/** Bytes kept of a flow that is not identified yet. */
const UNDECIDED_BYTES = 4096;
/** A second copy of a datagram within so long is the mirror's, not the sender's. */
const COPY_MILLISECONDS = 50;
const STREAM_POOL = 4096;
/** Parts that flows of one worth are divided into to be shed, by bits of the hash that did not choose the partition. */
export const SHED_PARTS = 256;
const SHED_SHIFT = Math.log2(PARTITIONS);

/** Counts of what happened to flows, by name. */
export interface FlowCounter {
  opened: number;
  closed: number;
  evicted: number;
  timedOut: number;
  gaps: number;
  gapBytes: number;
  copies: number;
  shed: number;
}

export class Flows implements StreamReader {
  readonly table = new FlowTable();
  readonly counts: FlowCounter = { opened: 0, closed: 0, evicted: 0, timedOut: 0, gaps: 0, gapBytes: 0, copies: 0, shed: 0 };
  /**
   * How much of new flows is shed: of each worth, from the least on, 256 parts (see Protocol.worth). Flows that are open stay
   * whole, and a shed one stays shed.
   */
  shed = 0;
  readonly #context: FlowContext;
  readonly #dispatcher: Dispatcher;
  readonly #clocks = new Float64Array(PARTITIONS);
  readonly #pool: TcpStreams[] = [];
  #flow = -1;
  /** Set when the flow being read was given up for a limit. */
  #overLimit = false;

  constructor(context: FlowContext, dispatcher: Dispatcher) {
    this.#context = context;
    this.#dispatcher = dispatcher;
  }

  /** One TCP or UDP packet; the context already holds frame and time. Returns how the packet ended. */
  packet(packet: Packet, hash: number, partition: number): number {
    const context = this.#context;
    this.#expire(partition, context.seconds);
    return packet.protocol === PROTOCOL_TCP ? this.#tcp(packet, hash, partition) : this.#udp(packet, hash, partition);
  }

  /** Live capture: time passes for a partition without packets too. */
  tick(partition: number, seconds: number): void {
    this.#context.seconds = Math.max(seconds, this.#clocks[partition]!);
    this.#context.nanoseconds = 0;
    this.#expire(partition, seconds);
  }

  /** Ends all flows of a partition: the capture is over. The time is the partition's own, as everything it says is. */
  finish(partition: number): void {
    this.#context.seconds = this.#clocks[partition]!;
    this.#context.nanoseconds = 0;
    for (const kind of [TCP, UDP, CLOSED])
      for (let flow = this.table.oldest(partition, kind); flow !== -1; flow = this.table.oldest(partition, kind))
        this.#remove(flow);
  }

  // ── UDP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #udp(packet: Packet, hash: number, partition: number): number {
    const { table } = this;
    const context = this.#context;
    if (packet.payload >= packet.end) return NO_PAYLOAD;
    let flow = table.find(packet, hash);
    if (flow === -1) {
      const reversed =
        this.#dispatcher.isHinted('udp', packet.sourcePort) && !this.#dispatcher.isHinted('udp', packet.destinationPort);
      flow = this.#open(packet, hash, partition, UDP, reversed);
    } else table.touch(flow, context.seconds);
    const direction = table.direction;
    if (table.state(flow) === GIVEN_UP) return NOT_OF_INTEREST;
    if (table.state(flow) === SHED_FLOW) return SHED;
    this.#enter(flow, direction);
    const { bytes, payload, end } = packet;
    context.duplicate = table.isCopy(flow, direction, packet, context.seconds, context.nanoseconds, COPY_MILLISECONDS);
    if (context.duplicate) this.counts.copies++;
    let conversation = table.conversations[flow] ?? null;
    if (conversation === null) {
      const protocol = this.#dispatcher.identify(bytes, payload, end, direction, 'udp', table.ports(flow));
      if (protocol === NOBODY || protocol === MORE) return this.#unrecognised(flow) ? UNIDENTIFIED : NOT_OF_INTEREST;
      conversation = this.#converse(flow, protocol);
    }
    if (conversation.data(bytes, payload, end, context) === GIVE_UP) this.#giveUp(flow);
    else if (conversation.isIdle === true) this.#letGo(flow, conversation);
    context.duplicate = false;
    return DECODED_END;
  }

  // ── TCP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #tcp(packet: Packet, hash: number, partition: number): number {
    const { table } = this;
    const context = this.#context;
    const { flags } = packet;
    const size = packet.end - packet.payload + packet.missing;
    let flow = table.find(packet, hash);
    if (flow !== -1 && (flags & (SYN | ACK | RST)) === SYN && !this.#isRepeatedSyn(flow, packet)) {
      this.#remove(flow);
      flow = -1;
    }
    if (flow === -1) {
      if (size === 0 && (flags & SYN) === 0) return NO_PAYLOAD;
      flow = this.#open(packet, hash, partition, TCP, this.#isFromResponder(packet));
    } else table.touch(flow, context.seconds);
    const direction = table.direction;
    if ((flags & SYN) !== 0) this.#sawSyn(flow, direction, packet.sequence);
    let end = size === 0 ? NO_PAYLOAD : NOT_OF_INTEREST;
    if (table.state(flow) === SHED_FLOW) end = SHED;
    else if (table.state(flow) !== GIVEN_UP) {
      if ((flags & (SYN | ACK)) === SYN) this.#claimSystem(flow, direction, packet);
      const streams = table.streams(flow);
      if (streams !== null && (flags & ACK) !== 0) this.#acknowledge(flow, streams, direction, packet.acknowledgment);
      if (size > 0) {
        // Most packets of a bulk transfer end here, without anything being set up for a decoder.
        const isPassedOver =
          (flags & SYN) === 0 &&
          (streams === null
            ? table.passOver(flow, direction, packet.sequence, size)
            : streams.of(direction).passOver(packet.sequence, size));
        if (isPassedOver) end = DECODED_END;
        else if (table.state(flow) !== GIVEN_UP) {
          this.#enter(flow, direction);
          end = this.#segment(flow, direction, packet);
        }
      }
    }
    if ((flags & RST) !== 0) this.#finishTcp(flow);
    else if ((flags & FIN) !== 0) {
      table.addHandshake(flow, SAW_FIN << direction);
      if ((table.handshake(flow) & (SAW_FIN * 3)) === SAW_FIN * 3) this.#finishTcp(flow);
    }
    return end;
  }

  /** A SYN tells the family of its sender's system. */
  #claimSystem(flow: number, direction: Direction, packet: Packet): void {
    const system = systemOf(packet);
    if (system === '') return;
    this.#enter(flow, direction);
    this.#context.claims.sender(direction, '', '', 'tcp-syn', this.#context, system);
  }

  #segment(flow: number, direction: Direction, packet: Packet): number {
    const { table } = this;
    const wasDecided = table.state(flow) === DECODED;
    let streams = table.streams(flow);
    if (streams === null) {
      streams = this.#pool.pop() ?? new TcpStreams();
      table.resume(flow, streams);
      table.setStreams(flow, streams);
    }
    const stream = streams.of(direction);
    if (!stream.started && (table.handshake(flow) & (SAW_SYN << direction)) !== 0) {
      stream.started = true;
      stream.next = table.isn(flow, direction);
    }
    const sequence = (packet.flags & SYN) !== 0 ? (packet.sequence + 1) >>> 0 : packet.sequence;
    this.#overLimit = false;
    const became = stream.segment(sequence, packet.bytes, packet.payload, packet.end, packet.missing, this);
    // Most streams hold nothing between two packets: an object each, with its buffer, would be most of a flow's memory.
    if (streams.isEmpty && table.streams(flow) === streams) {
      table.park(flow, streams);
      this.#putBack(flow, streams);
    }
    if (this.#overLimit) return OVER_LIMIT;
    if (became === RETRANSMITTED) return RETRANSMISSION;
    if (became === OUTSIDE) return OUTSIDE_WINDOW;
    if (table.state(flow) === DECODED || wasDecided) return DECODED_END;
    return table.state(flow) === UNDECIDED ? UNIDENTIFIED : NOT_OF_INTEREST;
  }

  #acknowledge(flow: number, streams: TcpStreams, direction: Direction, acknowledgment: number): void {
    const other: Direction = direction === 0 ? 1 : 0;
    const stream = streams.of(other);
    if (!stream.waiting) return;
    this.#enter(flow, other);
    stream.acknowledged(acknowledgment, this);
  }

  #isRepeatedSyn(flow: number, packet: Packet): boolean {
    const { table } = this;
    if (table.kind(flow) === CLOSED) return false;
    const saw = (table.handshake(flow) & (SAW_SYN << table.direction)) !== 0;
    return saw && table.isn(flow, table.direction) === (packet.sequence + 1) >>> 0;
  }

  #sawSyn(flow: number, direction: Direction, sequence: number): void {
    this.table.addHandshake(flow, SAW_SYN << direction);
    this.table.setIsn(flow, direction, sequence + 1);
  }

  /** Whether the sender of a flow's first packet is its responder. */
  #isFromResponder(packet: Packet): boolean {
    if ((packet.flags & SYN) !== 0) return (packet.flags & ACK) !== 0;
    const from = this.#dispatcher.isHinted('tcp', packet.sourcePort);
    const to = this.#dispatcher.isHinted('tcp', packet.destinationPort);
    return from === to ? packet.sourcePort < packet.destinationPort : from;
  }

  /** FIN both ways, or RST: what is held is read, the conversation closed, the flow remembered a little while. */
  #finishTcp(flow: number): void {
    const { table } = this;
    if (table.kind(flow) === CLOSED) return;
    this.#close(flow);
    table.setState(flow, GIVEN_UP);
    table.reclass(flow, CLOSED);
  }

  // ── StreamReader: ordered bytes ──────────────────────────────────────────────────────────────────────────────────────────

  deliver(stream: Stream, piece: Uint8Array, pieceStart: number, pieceEnd: number): boolean {
    const { table } = this;
    const flow = this.#flow;
    let bytes = piece;
    let start = pieceStart;
    let end = pieceEnd;
    if (stream.length > 0) {
      if (!this.#keep(flow, stream, piece, pieceStart, pieceEnd)) return false;
      bytes = stream.buffer as Uint8Array;
      start = 0;
      end = stream.length;
    }
    let conversation = table.conversations[flow] ?? null;
    if (conversation === null) {
      const { direction } = this.#context;
      const protocol = this.#dispatcher.identify(bytes, start, end, direction, 'tcp', table.ports(flow));
      if (protocol === MORE && end - start < UNDECIDED_BYTES)
        return stream.length > 0 || this.#keep(flow, stream, bytes, start, end);
      if (protocol === NOBODY || protocol === MORE) {
        stream.length = 0;
        return this.#unrecognised(flow);
      }
      conversation = this.#converse(flow, protocol);
      if (!this.#catchUp(flow, conversation, direction)) return false;
    }
    return this.#feed(flow, conversation, stream, bytes, start, end);
  }

  lose(stream: Stream, length: number): boolean {
    this.counts.gaps++;
    this.counts.gapBytes += length;
    stream.length = 0;
    const conversation = this.table.conversations[this.#flow] ?? null;
    if (conversation === null || conversation.gap(length, this.#context)) return true;
    this.#giveUp(this.#flow);
    return false;
  }

  /** The other direction's bytes came before the protocol was known: they are read first. */
  #catchUp(flow: number, conversation: Conversation, direction: Direction): boolean {
    const other: Direction = direction === 0 ? 1 : 0;
    const stream = this.table.streams(flow)?.of(other);
    if (stream === undefined || stream.length === 0) return true;
    this.#context.direction = other;
    const alive = this.#feed(flow, conversation, stream, stream.buffer as Uint8Array, 0, stream.length);
    this.#context.direction = direction;
    return alive;
  }

  #feed(flow: number, conversation: Conversation, stream: Stream, bytes: Uint8Array, start: number, end: number): boolean {
    const context = this.#context;
    let at = start;
    while (at < end && end - at >= conversation.want(context.direction)) {
      const used = conversation.data(bytes, at, end, context);
      if (used === GIVE_UP) {
        this.#giveUp(flow);
        return false;
      }
      if (used <= 0) break;
      if (used > end - at) stream.skip = used - (end - at);
      at = Math.min(at + used, end);
    }
    if (at < end) return this.#keepRest(flow, stream, bytes, at, end);
    stream.length = 0;
    stream.trim();
    return true;
  }

  #keepRest(flow: number, stream: Stream, bytes: Uint8Array, at: number, end: number): boolean {
    if (bytes === stream.buffer) {
      bytes.copyWithin(0, at, end);
      stream.length = end - at;
      return true;
    }
    stream.length = 0;
    return this.#keep(flow, stream, bytes, at, end);
  }

  /** Appends to the stream's buffer; at the limit the flow is given up. */
  #keep(flow: number, stream: Stream, bytes: Uint8Array, start: number, end: number): boolean {
    const needed = stream.length + end - start;
    if (needed > limits.bufferedBytes.value) {
      hit(limits.bufferedBytes);
      this.#overLimit = true;
      this.#giveUp(flow);
      return false;
    }
    let buffer = stream.buffer;
    if (buffer === null || buffer.length < needed) {
      let size = 512;
      while (size < needed) size *= 2;
      const larger = new Uint8Array(size);
      if (buffer !== null) larger.set(buffer.subarray(0, stream.length));
      buffer = larger;
      stream.buffer = larger;
    }
    buffer.set(bytes.subarray(start, end), stream.length);
    stream.length = needed;
    return true;
  }

  // ── Flows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #open(packet: Packet, hash: number, partition: number, kind: number, reversed: boolean): number {
    const { table } = this;
    const bound = Math.max(1, Math.floor(limits.flows.value / PARTITIONS));
    if (table.sizeOf(partition) >= bound) {
      hit(limits.flows);
      this.counts.evicted++;
      for (const from of [CLOSED, UDP, TCP]) {
        const flow = table.oldest(partition, from);
        if (flow === -1) continue;
        this.#remove(flow);
        break;
      }
    }
    this.counts.opened++;
    const flow = table.add(packet, hash, partition, kind, this.#context.seconds, reversed);
    if (this.shed > 0 && this.#isShed(packet, hash, kind)) {
      table.setState(flow, SHED_FLOW);
      this.counts.shed++;
    }
    return flow;
  }

  /** By hash, so that every part of a conversation that comes again is shed again. */
  #isShed(packet: Packet, hash: number, kind: number): boolean {
    const worth = this.#dispatcher.worth(kind === TCP ? 'tcp' : 'udp', packet.sourcePort, packet.destinationPort);
    return ((hash >>> SHED_SHIFT) & (SHED_PARTS - 1)) < this.shed - worth * SHED_PARTS;
  }

  /** Points the context at a flow. */
  #enter(flow: number, direction: Direction): void {
    const context = this.#context;
    const ports = this.table.ports(flow);
    this.#flow = flow;
    context.flow++;
    context.direction = direction;
    context.transport = this.table.transport(flow);
    context.partition = this.table.partition(flow);
    context.originatorPort = ports >>> 16;
    context.responderPort = ports & 0xffff;
    context.serverPort = ports & 0xffff;
    context.addressLength = this.table.version(flow) === 4 ? 4 : 16;
    this.table.addresses(flow, context.addresses);
  }

  #converse(flow: number, protocol: number): Conversation {
    const conversation = this.#dispatcher.open(protocol, this.table.transport(flow));
    this.table.conversations[flow] = conversation;
    this.table.setProtocol(flow, protocol);
    this.table.setState(flow, DECODED);
    return conversation;
  }

  /** The flow has no use for the conversation any more, nothing waits in it: another one may have it. */
  #letGo(flow: number, conversation: Conversation): void {
    this.table.conversations[flow] = null;
    this.#dispatcher.giveBack(conversation, this.table.protocol(flow), this.table.transport(flow));
  }

  /** No protocol knew this piece; false when the flow is given up for it. */
  #unrecognised(flow: number): boolean {
    const tried = this.table.probed(flow);
    if (tried < limits.probes.value) return true;
    hit(limits.probes);
    this.#giveUp(flow);
    return false;
  }

  #giveUp(flow: number): void {
    const conversation = this.table.conversations[flow] ?? null;
    this.table.setState(flow, GIVEN_UP);
    if (conversation !== null) {
      conversation.close(this.#context);
      this.#letGo(flow, conversation);
    }
    const streams = this.table.streams(flow);
    if (streams !== null) {
      streams.reset();
      this.#putBack(flow, streams);
    }
  }

  /** The flow has no use for the streams, which hold nothing, until something comes. */
  #putBack(flow: number, streams: TcpStreams): void {
    this.table.setStreams(flow, null);
    streams.trim();
    if (this.#pool.length < STREAM_POOL) this.#pool.push(streams);
  }

  /** Reads what is held of a flow and closes its conversation. */
  #close(flow: number): void {
    const { table } = this;
    if (table.state(flow) === GIVEN_UP) return;
    this.#enter(flow, 0);
    const streams = table.streams(flow);
    if (streams !== null)
      for (const direction of [0, 1] as const) {
        if (table.streams(flow) !== streams) break;
        this.#context.direction = direction;
        streams.of(direction).drain(this);
      }
    this.#context.direction = 0;
    this.#giveUp(flow);
  }

  #remove(flow: number): void {
    this.#close(flow);
    this.table.remove(flow);
    this.counts.closed++;
  }

  /** Ends the partition's idle flows, once a second of its own clock. */
  #expire(partition: number, seconds: number): void {
    if (seconds <= this.#clocks[partition]!) return;
    this.#clocks[partition] = seconds;
    this.#expireClass(partition, TCP, seconds - limits.tcpIdleSeconds.value);
    this.#expireClass(partition, UDP, seconds - limits.udpIdleSeconds.value);
    this.#expireClass(partition, CLOSED, seconds - limits.closedSeconds.value);
  }

  #expireClass(partition: number, kind: number, before: number): void {
    const { table } = this;
    for (let flow = table.oldest(partition, kind, before); flow !== -1; flow = table.oldest(partition, kind, before)) {
      this.counts.timedOut++;
      this.#remove(flow);
    }
  }
}
