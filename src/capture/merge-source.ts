// Several captures as one, by time. Each file is read through a buffer of its own; packets are copied into the slot in the
// order of their times, those of equal time in the order in which the files were named.
import type { SlotWriter, Source } from './source.ts';

/** Bytes and packets of one file read ahead. */
const AHEAD_BYTES = 1 << 19;
const AHEAD_PACKETS = 4096;
const WORDS = 6;

/** A file's packets read ahead. */
class Ahead implements SlotWriter {
  readonly bytes = new Uint8Array(AHEAD_BYTES);
  readonly capacity = AHEAD_BYTES;
  readonly packets = new Float64Array(AHEAD_PACKETS * WORDS);
  count = 0;
  at = 0;
  more = true;
  readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  add(offset: number, caplen: number, wirelen: number, seconds: number, nanoseconds: number, linktype: number): boolean {
    if (this.count === AHEAD_PACKETS) return false;
    const at = this.count++ * WORDS;
    this.packets[at] = offset;
    this.packets[at + 1] = caplen;
    this.packets[at + 2] = wirelen;
    this.packets[at + 3] = seconds;
    this.packets[at + 4] = nanoseconds;
    this.packets[at + 5] = linktype;
    return true;
  }

  get empty(): boolean {
    return this.at === this.count;
  }

  /** Reads on until there is a packet or the end. */
  async refill(): Promise<void> {
    while (this.empty && this.more) {
      this.at = 0;
      this.count = 0;
      this.more = await this.source.fill(this);
    }
  }

  isBefore(other: Ahead): boolean {
    const a = this.at * WORDS;
    const b = other.at * WORDS;
    const seconds = this.packets[a + 3]! - other.packets[b + 3]!;
    return seconds !== 0 ? seconds < 0 : this.packets[a + 4]! < other.packets[b + 4]!;
  }
}

export class MergeSource implements Source {
  readonly #files: readonly Ahead[];

  constructor(sources: readonly Source[]) {
    this.#files = sources.map((source) => new Ahead(source));
  }

  get warnings(): readonly string[] {
    return this.#files.flatMap((file) => file.source.warnings);
  }

  async fill(slot: SlotWriter): Promise<boolean> {
    let used = 0;
    for (;;) {
      const file = await this.#first();
      if (file === null) return false;
      const at = file.at * WORDS;
      const [offset = 0, caplen = 0, wirelen = 0, seconds = 0, nanoseconds = 0, linktype = 0] = file.packets.subarray(
        at,
        at + WORDS,
      );
      if (used + caplen > slot.capacity) return true;
      slot.bytes.set(file.bytes.subarray(offset, offset + caplen), used);
      if (!slot.add(used, caplen, wirelen, seconds, nanoseconds, linktype)) return true;
      used += caplen;
      file.at++;
    }
  }

  /** The file whose next packet is the earliest. */
  async #first(): Promise<Ahead | null> {
    let first: Ahead | null = null;
    for (const file of this.#files) {
      if (file.empty) await file.refill();
      if (!file.empty && (first === null || file.isBefore(first))) first = file;
    }
    return first;
  }

  progress(): { readonly read: number; readonly total: number } {
    let read = 0;
    let total = 0;
    let known = true;
    for (const { source } of this.#files) {
      const one = source.progress();
      read += one.read;
      total += one.total;
      known &&= one.total > 0;
    }
    return { read, total: known ? total : 0 };
  }

  async close(): Promise<void> {
    for (const { source } of this.#files) await source.close();
  }
}
