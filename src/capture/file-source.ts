// One capture file as a source: bytes go straight into the slot and packets are found where they lie. Only the record that a
// slot's end cuts is copied, to the start of the next slot.
import type { ByteInput } from './byte-input.ts';
import { DAMAGED, NEED, PACKET, type RecordReader } from './records.ts';
import type { SlotWriter, Source } from './source.ts';

export class FileSource implements Source {
  readonly warnings: string[] = [];
  readonly #name: string;
  readonly #input: ByteInput;
  readonly #reader: RecordReader;
  /** Bytes read and not yet given out. */
  #carry: Uint8Array;
  #carried = 0;
  /** Offset in the unpacked file of the first byte not given out. */
  #position: number;
  /** Bytes of a skipped record still to come. */
  #skip = 0;
  #ended = false;
  #done = false;

  /** `head` are the bytes already read, from the first record on, which lies at `position` of the file. */
  constructor(name: string, input: ByteInput, reader: RecordReader, head: Uint8Array, position: number) {
    this.#name = name;
    this.#input = input;
    this.#reader = reader;
    this.#carry = head;
    this.#carried = head.length;
    this.#position = position;
  }

  fill(slot: SlotWriter): boolean | Promise<boolean> {
    if (this.#done) return false;
    slot.bytes.set(this.#carry.subarray(0, this.#carried), 0);
    return this.#read(slot, this.#carried);
  }

  /** Reads until the slot is full or the input makes one wait. */
  #read(slot: SlotWriter, from: number): boolean | Promise<boolean> {
    let filled = from;
    while (!this.#ended && filled < slot.capacity) {
      const count = this.#input.read(slot.bytes, filled, slot.capacity - filled);
      if (typeof count !== 'number') return count.then((arrived) => this.#arrived(slot, filled, arrived));
      if (count === 0) this.#ended = true;
      filled += count;
    }
    return this.#parse(slot, filled);
  }

  /** Input that made us wait is given out at once when it is live (a pipe), rather than when the slot is full. */
  #arrived(slot: SlotWriter, filled: number, count: number): boolean | Promise<boolean> {
    if (count === 0) this.#ended = true;
    return this.#read(slot, filled + count);
  }

  #parse(slot: SlotWriter, filled: number): boolean {
    const reader = this.#reader;
    const { bytes } = slot;
    let at = 0;
    if (this.#skip > 0) {
      at = Math.min(this.#skip, filled);
      this.#skip -= at;
    }
    while (at < filled) {
      const kind = reader.next(bytes, at, filled);
      if (kind === PACKET) {
        const { offset, caplen, wirelen, seconds, nanoseconds, linktype } = reader;
        if (!slot.add(offset, caplen, wirelen, seconds, nanoseconds, linktype)) {
          this.#keep(bytes, at, filled);
          return true;
        }
      } else if (kind === NEED) {
        if (this.#ended) this.#warn(at, 'the last record is truncated');
        break;
      } else if (kind === DAMAGED) {
        this.#warn(at, `${reader.problem}: damaged, the rest is not read`);
        this.#done = true;
        return false;
      }
      if (at + reader.size > filled) {
        // A record that is passed over and reaches beyond what is there.
        this.#skip = at + reader.size - filled;
        at = filled;
        if (this.#ended) this.#warn(at, 'the last record is truncated');
      } else at += reader.size;
    }
    if (this.#ended) {
      if (this.#input.broken !== null) this.warnings.push(`${this.#name}: breaks off: ${this.#input.broken}`);
      this.#done = true;
      return false;
    }
    this.#keep(bytes, at, filled);
    return true;
  }

  #keep(bytes: Uint8Array, at: number, filled: number): void {
    this.#carried = filled - at;
    if (this.#carry.length < this.#carried) this.#carry = new Uint8Array(bytes.length);
    this.#carry.set(bytes.subarray(at, filled), 0);
    this.#position += at;
  }

  #warn(at: number, what: string): void {
    this.warnings.push(`${this.#name}: at byte ${this.#position + at}: ${what}`);
  }

  progress(): { readonly read: number; readonly total: number } {
    return this.#input.progress();
  }

  async close(): Promise<void> {
    this.#input.close();
  }
}
