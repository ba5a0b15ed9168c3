// Loads that never end: the packets of a store again and again, each copy between other addresses, at a set rate. A paced load
// behaves as an adapter does: packets come when they are due, whether or not anybody is ready, and what finds the capture
// buffer full is dropped and counted.
import type { SlotWriter, Source } from '../capture/source.ts';
import type { PacketStore } from './packet-store.ts';

/** How long packets gather at most before they are handed over. */
const HAND_OVER_MS = 10;
/** Odd, so that the copies' masks are all different until they wrap. */
const SPREAD = 0x9e3779b1;
const MASK = 0xff_ffff;
/** Slots whose time is remembered: more than can be on their way. */
const REMEMBERED = 256;

/** A source that the bench can steer and ask. */
export interface Load extends Source {
  /** Packets given to the pipeline, their bytes on the wire, and packets dropped for want of room, since the start. */
  readonly taken: number;
  readonly wireBytes: number;
  readonly dropped: number;
  /** Packets per second from now on (none at first); infinite for as fast as they are taken. What waits is forgotten. */
  pace(rate: number): void;
  /** How long the packet that is next has been waiting, milliseconds. */
  backlogMs(): number;
  /** When a packet of a slot was due, milliseconds since 1970: for what is said of it. */
  dueMs(sequence: number, frame: number): number;
  stop(): void;
}

interface Filled {
  firstFrame: number;
  firstMs: number;
  rate: number;
}

/** Time, rate and count of a load; what its packets are is for those below. */
abstract class PacedLoad implements Load {
  readonly warnings: string[] = [];
  taken = 0;
  wireBytes = 0;
  dropped = 0;
  readonly #clock: () => number;
  readonly #bufferPackets: number;
  readonly #slotPackets: number;
  readonly #filled: Filled[] = Array.from({ length: REMEMBERED }, () => ({ firstFrame: 0, firstMs: 0, rate: 1 }));
  #sequence = 0;
  #rate = 0;
  #epoch: number;
  /** Packets since the epoch that were given out or dropped. */
  #done = 0;
  #handedOver = 0;
  #isStopped = false;

  /** `clock` gives milliseconds since 1970; `bufferPackets` may wait. */
  constructor(bufferPackets: number, slotPackets: number, clock: () => number) {
    this.#bufferPackets = bufferPackets;
    this.#slotPackets = slotPackets;
    this.#clock = clock;
    this.#epoch = clock();
  }

  pace(rate: number): void {
    this.#rate = rate;
    this.#epoch = this.#clock();
    this.#done = 0;
  }

  backlogMs(): number {
    if (this.#rate === 0 || this.#rate === Number.POSITIVE_INFINITY) return 0;
    return Math.max(0, this.#clock() - this.#epoch - (this.#done / this.#rate) * 1000);
  }

  dueMs(sequence: number, frame: number): number {
    const { firstFrame, firstMs, rate } = this.#filled[sequence % REMEMBERED]!;
    return firstMs + (Math.max(0, frame - firstFrame) / rate) * 1000;
  }

  fill(slot: SlotWriter): boolean | Promise<boolean> {
    const now = this.#clock();
    if (this.#isStopped) {
      // The pipeline's last slot is empty, but what flows say when they end comes with it.
      this.#note(now);
      return false;
    }
    if (this.#rate === Number.POSITIVE_INFINITY) return this.#give(slot, now, Number.POSITIVE_INFINITY);
    let waiting = Math.floor(((now - this.#epoch) * this.#rate) / 1000) - this.#done;
    if (waiting > this.#bufferPackets) {
      const lost = waiting - this.#bufferPackets;
      this.dropped += lost;
      this.#done += lost;
      waiting = this.#bufferPackets;
      this.passOver(lost);
    }
    if (waiting >= this.#slotPackets || (waiting > 0 && now - this.#handedOver >= HAND_OVER_MS))
      return this.#give(slot, now, waiting);
    return this.#wait(slot);
  }

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.wireBytes, total: 0 };
  }

  stop(): void {
    this.#isStopped = true;
  }

  async close(): Promise<void> {
    this.stop();
  }

  /** Writes up to `most` packets into the slot, the first due at `firstMs`, `stepMs` between them; returns how many it took. */
  protected abstract write(slot: SlotWriter, most: number, firstMs: number, stepMs: number): number;
  /** Leaves out the next packets, which were dropped. */
  protected abstract passOver(count: number): void;

  #give(slot: SlotWriter, now: number, most: number): true {
    const rate = this.#rate;
    const firstMs = most === Number.POSITIVE_INFINITY ? now : this.#epoch + (this.#done / rate) * 1000;
    this.#note(firstMs);
    const count = this.write(slot, most, firstMs, 1000 / rate);
    this.taken += count;
    this.#done += count;
    this.#handedOver = now;
    return true;
  }

  /** Remembers when the slot that is filled next began. */
  #note(firstMs: number): void {
    const filled = this.#filled[this.#sequence++ % REMEMBERED]!;
    filled.firstFrame = this.taken + 1;
    filled.firstMs = firstMs;
    filled.rate = this.#rate === 0 ? Number.POSITIVE_INFINITY : this.#rate;
  }

  async #wait(slot: SlotWriter): Promise<boolean> {
    await new Promise<void>((resolve) => setTimeout(resolve, HAND_OVER_MS));
    return this.fill(slot);
  }
}

/** Copies a packet's neighbourhood and moves its addresses. */
const shift = (bytes: Uint8Array, at: number, tail: number, mask: number): void => {
  if (tail === 0) return;
  bytes[at + tail]! ^= mask >>> 16;
  bytes[at + tail + 1]! ^= (mask >>> 8) & 0xff;
  bytes[at + tail + 2]! ^= mask & 0xff;
};

export const systemClock = (): number => performance.timeOrigin + performance.now();

const bufferPackets = (store: PacketStore, bufferBytes: number): number =>
  Math.max(1, Math.floor((bufferBytes * store.count) / store.bytes.length));

/** The whole store, copy after copy. */
export class RepeatedLoad extends PacedLoad {
  readonly #store: PacketStore;
  #next = 0;
  #copy = 0;

  constructor(store: PacketStore, bufferBytes: number, slotBytes: number, clock = systemClock) {
    super(bufferPackets(store, bufferBytes), bufferPackets(store, slotBytes), clock);
    this.#store = store;
  }

  protected write(slot: SlotWriter, most: number, firstMs: number, stepMs: number): number {
    const { bytes, starts, wirelens, linktypes, sources, destinations, count } = this.#store;
    let taken = 0;
    let used = 0;
    while (taken < most) {
      const first = this.#next;
      const base = starts[first]!;
      // As many as fit go over in one piece.
      let last = first;
      while (last < count && last - first < most - taken && used + starts[last + 1]! - base <= slot.capacity) last++;
      if (last === first) return taken;
      slot.bytes.set(bytes.subarray(base, starts[last]!), used);
      const mask = Math.imul(this.#copy, SPREAD) & MASK;
      for (let number = first; number < last; number++) {
        const at = used + starts[number]! - base;
        shift(slot.bytes, at, sources[number]!, mask);
        shift(slot.bytes, at, destinations[number]!, mask);
        const time = firstMs + taken * stepMs;
        const seconds = Math.floor(time / 1000);
        const caplen = starts[number + 1]! - starts[number]!;
        if (!slot.add(at, caplen, wirelens[number]!, seconds, Math.floor((time - seconds * 1000) * 1e6), linktypes[number]!))
          return taken;
        taken++;
        this.wireBytes += wirelens[number]!;
        this.#advance(1);
      }
      used += starts[last]! - base;
    }
    return taken;
  }

  protected passOver(count: number): void {
    this.#advance(count);
  }

  #advance(count: number): void {
    const next = this.#next + count;
    this.#copy += Math.floor(next / this.#store.count);
    this.#next = next % this.#store.count;
  }
}

/** One conversation of the store, held by many pairs of addresses at once: a packet of each, then the next of each. */
export class ManyFlowsLoad extends PacedLoad {
  readonly #store: PacketStore;
  readonly #numbers: readonly number[];
  readonly #flows: number;
  #flow = 0;
  #at = 0;
  #group = 0;

  /** `numbers` are the conversation's packets. */
  constructor(store: PacketStore, numbers: readonly number[], flows: number, clock = systemClock) {
    super(Number.POSITIVE_INFINITY, 1, clock);
    this.#store = store;
    this.#numbers = numbers;
    this.#flows = flows;
  }

  protected write(slot: SlotWriter, most: number, firstMs: number): number {
    const { bytes, starts, wirelens, linktypes, sources, destinations } = this.#store;
    const seconds = Math.floor(firstMs / 1000);
    const nanoseconds = Math.floor((firstMs - seconds * 1000) * 1e6);
    let taken = 0;
    let at = 0;
    for (; taken < most; taken++) {
      const number = this.#numbers[this.#at]!;
      const caplen = starts[number + 1]! - starts[number]!;
      if (at + caplen > slot.capacity) break;
      slot.bytes.set(bytes.subarray(starts[number]!, starts[number + 1]!), at);
      // Neighbours in time are strangers in the table, as they are on a network.
      const mask = Math.imul(this.#group * this.#flows + this.#flow, SPREAD) & MASK;
      shift(slot.bytes, at, sources[number]!, mask);
      shift(slot.bytes, at, destinations[number]!, mask);
      if (!slot.add(at, caplen, wirelens[number]!, seconds, nanoseconds, linktypes[number]!)) break;
      this.wireBytes += wirelens[number]!;
      at += caplen;
      this.#advance();
    }
    return taken;
  }

  /** Not paced, so nothing is ever late. */
  protected passOver(): void {}

  #advance(): void {
    if (++this.#flow < this.#flows) return;
    this.#flow = 0;
    if (++this.#at < this.#numbers.length) return;
    this.#at = 0;
    this.#group++;
  }
}
