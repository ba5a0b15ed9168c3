// Several captures as one, by time. Each file is read through a buffer of its own; packets are copied into the slot in the
// order of their times, those of equal time in the order in which the files were named. A file's own order is never changed.
import { PacketList } from './packet-list.ts';
import type { SlotWriter, Source } from './source.ts';

/** Bytes and packets of one file read ahead: above the longest record that a format believes. */
const AHEAD_BYTES = 3 << 17;
const AHEAD_PACKETS = 2048;

/** A file and its packets read ahead. */
class Ahead {
  readonly source: Source;
  readonly packets = new PacketList(AHEAD_BYTES, AHEAD_PACKETS);
  #more = true;

  constructor(source: Source) {
    this.source = source;
  }

  /** Reads on until there is a packet or the end; a promise only where the file makes one wait. */
  refill(): undefined | Promise<void> {
    while (this.packets.empty && this.#more) {
      this.packets.clear();
      const more = this.source.fill(this.packets);
      if (typeof more !== 'boolean') return more.then((value) => this.#filled(value));
      this.#more = more;
    }
    return undefined;
  }

  #filled(more: boolean): undefined | Promise<void> {
    this.#more = more;
    return this.refill();
  }
}

export class MergeSource implements Source {
  readonly #files: readonly Ahead[];
  /** Numbers of the files that have packets: a binary heap, the file of the earliest packet at the top. */
  readonly #heap: Int32Array;
  #size = 0;
  #started = false;
  #tooLong = 0;

  constructor(sources: readonly Source[]) {
    this.#files = sources.map((source) => new Ahead(source));
    this.#heap = new Int32Array(sources.length);
  }

  get warnings(): readonly string[] {
    const warnings = this.#files.flatMap((file) => file.source.warnings);
    if (this.#tooLong > 0) warnings.push(`${this.#tooLong} packets are longer than a slot and left out`);
    return warnings;
  }

  fill(slot: SlotWriter): boolean | Promise<boolean> {
    return this.#started ? this.#merge(slot, 0) : this.#start(slot);
  }

  /** Reads the first packets of every file. */
  async #start(slot: SlotWriter): Promise<boolean> {
    this.#started = true;
    for (const [number, file] of this.#files.entries()) {
      await file.refill();
      if (!file.packets.empty) this.#push(number);
    }
    return this.#merge(slot, 0);
  }

  #merge(slot: SlotWriter, start: number): boolean | Promise<boolean> {
    let used = start;
    const { bytes, capacity } = slot;
    while (this.#size > 0) {
      const file = this.#files[this.#heap[0]!]!;
      const { packets } = file;
      const { caplen } = packets;
      if (caplen > capacity) this.#tooLong++;
      else {
        if (caplen > capacity - used) return true;
        packets.bytes.copy(bytes, used, packets.offset, packets.offset + caplen);
        if (!slot.add(used, caplen, packets.wirelen, packets.seconds, packets.nanoseconds, packets.linktype)) return true;
        used += caplen;
      }
      packets.next();
      if (packets.empty) {
        const waiting = file.refill();
        if (waiting !== undefined) return this.#goOn(waiting, slot, used);
      }
      this.#settle();
    }
    return false;
  }

  async #goOn(waiting: Promise<void>, slot: SlotWriter, used: number): Promise<boolean> {
    await waiting;
    this.#settle();
    return this.#merge(slot, used);
  }

  /** Puts the file at the top where its next packet belongs, or takes it out when it has none. */
  #settle(): void {
    const heap = this.#heap;
    let number = heap[0]!;
    if (this.#files[number]!.packets.empty) {
      this.#size--;
      number = heap[this.#size]!;
    }
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#isBefore(heap[child]!, number)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = number;
  }

  #push(number: number): void {
    const heap = this.#heap;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(number, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = number;
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#files[one]!.packets;
    const b = this.#files[other]!.packets;
    if (a.seconds !== b.seconds) return a.seconds < b.seconds;
    if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
    return one < other;
  }

  progress(): { readonly read: number; readonly total: number } {
    let read = 0;
    let total = 0;
    let known = true;
    for (const { source } of this.#files) {
      const progress = source.progress();
      read += progress.read;
      total += progress.total;
      known &&= progress.total > 0;
    }
    return { read, total: known ? total : 0 };
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.source.close()));
  }
}
