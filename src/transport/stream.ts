// One direction of a TCP flow put in order (RFC 9293). In-order segments pass straight through; what comes early is held,
// within limits, until the hole before it is filled or known to be lost. Overlap: the first copy of a byte wins.
import type { Direction } from '../protocols/contract.ts';
import { hit } from '../protocols/limits.ts';
import { transportLimits as limits } from './limits.ts';

/** A segment held because something before it is missing. */
interface Held {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Bytes that the capture cut from the segment's end (snaplen). */
  readonly missing: number;
}

/** Where ordered bytes go. */
export interface StreamReader {
  /** The next bytes of the stream; false: stop reading this flow. */
  deliver(stream: Stream, bytes: Uint8Array, start: number, end: number): boolean;
  /** `length` bytes are lost for good; false: stop. */
  lose(stream: Stream, length: number): boolean;
}

/** What became of a segment. */
export const DELIVERED = 0;
export const HELD = 1;
export const RETRANSMITTED = 2;
export const STOPPED = 3;
/** So far from what is expected that it is no part of this stream. */
export const OUTSIDE = 4;

/** A segment further ahead than any window reaches belongs to another connection or is damaged. */
const FARTHEST = 1 << 30;
/** Acknowledgments beyond a hole before it counts as lost: captures reorder, so one is not proof. */
const PATIENCE = 3;

/** Buffers up to this size stay with their stream when it is used again. */
const KEEP_BYTES = 16_384;

export class Stream {
  /** Sequence number of the next byte expected; valid when `started`. */
  next = 0;
  started = false;
  /** Bytes still to be passed over unread. */
  skip = 0;
  /** Bytes given to the conversation and not yet consumed: buffer[0, length). */
  buffer: Uint8Array | null = null;
  length = 0;
  #held: Held[] = [];
  #heldBytes = 0;
  #beyond = 0;

  reset(): void {
    this.started = false;
    this.skip = 0;
    this.length = 0;
    if (this.waiting) this.#held = [];
    this.#heldBytes = 0;
    this.#beyond = 0;
    this.waiting = false;
  }

  /** Whether a segment is held for one before it. */
  waiting = false;

  /** Whether it holds no bytes: then `started`, `next` and `skip` say all there is to say of it, in 32 bits each. */
  get isEmpty(): boolean {
    return this.length === 0 && !this.waiting && this.skip <= 0xffff_ffff;
  }

  /** Lets a large buffer go when nothing is in it: other flows will use this stream. */
  trim(): void {
    if (this.length === 0 && this.buffer !== null && this.buffer.length > KEEP_BYTES) this.buffer = null;
  }

  /** Becomes a stream that is there and holds nothing. This one must hold nothing. */
  resume(started: boolean, next: number, skip: number): void {
    this.started = started;
    this.next = next;
    this.skip = skip;
    this.#beyond = 0;
  }

  /**
   * Takes a segment that is next in order, whole, and to be passed over unread, as most of a bulk transfer is. False: it is not
   * of that kind and nothing was done.
   */
  passOver(sequence: number, length: number): boolean {
    if (this.skip < length || sequence !== this.next || this.waiting || !this.started) return false;
    this.next = (sequence + length) >>> 0;
    this.skip -= length;
    return true;
  }

  /** One segment's payload; `missing` bytes of it were cut off by the capture. */
  segment(sequence: number, bytes: Uint8Array, start: number, end: number, missing: number, reader: StreamReader): number {
    if (!this.started) {
      this.started = true;
      this.next = sequence;
    }
    const ahead = (sequence - this.next) | 0;
    if (ahead > FARTHEST || ahead < -FARTHEST) return OUTSIDE;
    if (ahead > 0) return this.#hold(sequence, bytes, start, end, missing, reader);
    if (end - start + missing <= -ahead) return RETRANSMITTED;
    if (!this.#pass(bytes, start - ahead, end, missing, reader)) return STOPPED;
    return this.#release(reader) ? DELIVERED : STOPPED;
  }

  /** The receiver acknowledged up to `acknowledgment`: a hole before it will not be filled any more. */
  acknowledged(acknowledgment: number, reader: StreamReader): boolean {
    if (this.#held.length === 0 || ((acknowledgment - this.next) | 0) <= 0) return true;
    if (++this.#beyond < PATIENCE) return true;
    return this.giveUpHole(reader);
  }

  /** Treats the hole before the first held segment as lost. */
  giveUpHole(reader: StreamReader): boolean {
    const first = this.#held[0];
    if (first === undefined) return true;
    this.#beyond = 0;
    const length = (first.sequence - this.next) | 0;
    if (length > 0) {
      this.next = first.sequence;
      if (!this.#lose(length, reader)) return false;
    }
    return this.#release(reader);
  }

  /** The stream ends: what is held is delivered, with the holes as gaps. */
  drain(reader: StreamReader): boolean {
    while (this.#held.length > 0) if (!this.giveUpHole(reader)) return false;
    return true;
  }

  #pass(bytes: Uint8Array, start: number, end: number, missing: number, reader: StreamReader): boolean {
    const present = Math.max(0, end - start);
    const lost = start > end ? missing - (start - end) : missing;
    this.next = (this.next + present + lost) >>> 0;
    let from = start;
    if (this.skip > 0) {
      const passed = Math.min(this.skip, present);
      this.skip -= passed;
      from += passed;
    }
    if (from < end && !reader.deliver(this, bytes, from, end)) return false;
    return lost === 0 || this.#lose(lost, reader);
  }

  #lose(length: number, reader: StreamReader): boolean {
    if (this.skip >= length) {
      this.skip -= length;
      return true;
    }
    const lost = length - this.skip;
    this.skip = 0;
    return reader.lose(this, lost);
  }

  #hold(sequence: number, bytes: Uint8Array, start: number, end: number, missing: number, reader: StreamReader): number {
    const length = end - start;
    // Bytes that are going to be passed over need not be kept, but the hole before them must still be closed.
    let at = this.#held.length;
    while (at > 0 && ((this.#held[at - 1]!.sequence - sequence) | 0) > 0) at--;
    const before = this.#held[at - 1];
    if (before !== undefined) {
      const covered = (before.sequence + before.bytes.length + before.missing - sequence) | 0;
      if (covered >= length + missing) return RETRANSMITTED;
    }
    this.#held.splice(at, 0, { sequence, bytes: bytes.slice(start, end), missing });
    this.waiting = true;
    this.#heldBytes += length;
    let alive = true;
    while (alive && this.#held.length > limits.heldSegments.value) {
      hit(limits.heldSegments);
      alive = this.giveUpHole(reader);
    }
    while (alive && this.#heldBytes > limits.heldBytes.value) {
      hit(limits.heldBytes);
      alive = this.giveUpHole(reader);
    }
    return alive ? HELD : STOPPED;
  }

  /** Delivers held segments that are next by now. */
  #release(reader: StreamReader): boolean {
    while (this.#held.length > 0) {
      const first = this.#held[0]!;
      const ahead = (first.sequence - this.next) | 0;
      if (ahead > 0) return true;
      this.#held.shift();
      this.waiting = this.#held.length > 0;
      this.#heldBytes -= first.bytes.length;
      this.#beyond = 0;
      const { bytes, missing } = first;
      if (bytes.length + missing > -ahead && !this.#pass(bytes, -ahead, bytes.length, missing, reader)) return false;
    }
    return true;
  }
}

/** Both directions of a flow. */
export class TcpStreams {
  readonly #originator = new Stream();
  readonly #responder = new Stream();

  /** What the side that `direction` stands for sends: 0 the originator. */
  of(direction: Direction): Stream {
    return direction === 0 ? this.#originator : this.#responder;
  }

  /** Whether neither holds bytes. */
  get isEmpty(): boolean {
    return this.#originator.isEmpty && this.#responder.isEmpty;
  }

  trim(): void {
    this.#originator.trim();
    this.#responder.trim();
  }

  reset(): void {
    this.#originator.reset();
    this.#responder.reset();
  }
}
