// One capture file as a source: bytes go straight into the slot and packets are found where they lie. Only what a slot did not
// take (the record that its end cuts, or what came after a refusal) is copied, to the start of the next slot.
import type { ByteInput } from './byte-input.ts';
import { DAMAGED, NEED, PACKET, type RecordReader } from './records.ts';
import type { SlotWriter, Source } from './source.ts';

/** Longest time for which what a pipe has given is held back while the slot is not full. */
const LINGER_MS = 100;

interface PassedOver {
  count: number;
  readonly first: number;
}

export class FileSource implements Source {
  readonly warnings: string[] = [];
  readonly #name: string;
  readonly #input: ByteInput;
  readonly #reader: RecordReader;
  /** Bytes read and not yet given out: [#from, #until) of it. At most a slot's worth. */
  #carry: Uint8Array;
  #from = 0;
  #until: number;
  /** Offset in the unpacked file of the slot's first byte. */
  #position: number;
  /** Bytes still to come of a record that is passed over, and where it began. */
  #skip = 0;
  #skipStart = 0;
  /** Records passed over, by what was wrong with them: one warning each, however many there are. */
  readonly #passedOver = new Map<string, PassedOver>();
  /** Whether the slot was offered a packet: one that was not (half a record, a long block) is filled again. */
  #offered = false;
  #done = false;

  /** `head` are the bytes already read, from the first record on, which lies at `position` of the file. */
  constructor(name: string, input: ByteInput, reader: RecordReader, head: Uint8Array, position: number) {
    this.#name = name;
    this.#input = input;
    this.#reader = reader;
    this.#carry = head;
    this.#until = head.length;
    this.#position = position;
  }

  fill(slot: SlotWriter): boolean | Promise<boolean> {
    const { bytes, capacity } = slot;
    const input = this.#input;
    while (!this.#done) {
      const carried = Math.min(this.#until - this.#from, capacity);
      bytes.set(this.#carry.subarray(this.#from, this.#from + carried), 0);
      this.#from += carried;
      let filled = carried;
      // While anything is carried the slot is full of it: nothing may overtake.
      while (this.#from === this.#until && filled < capacity) {
        const count = input.read(bytes, filled, capacity - filled);
        if (count === 0) {
          if (input.ended) break;
          return this.#await(slot, carried, filled);
        }
        filled += count;
      }
      if (this.#parse(slot, filled) && this.#offered) return true;
    }
    return false;
  }

  /** Waits for a slot full of bytes, but not long when there are new ones: a live pipe may give no more for hours. */
  async #await(slot: SlotWriter, carried: number, start: number): Promise<boolean> {
    const input = this.#input;
    const { bytes, capacity } = slot;
    let filled = start;
    let late = false;
    let timer: NodeJS.Timeout | undefined;
    let lateness: Promise<void> | undefined;
    while (filled < capacity && !late) {
      const count = input.read(bytes, filled, capacity - filled);
      filled += count;
      if (count > 0) continue;
      if (input.ended) break;
      if (filled === carried) {
        await input.wait();
        continue;
      }
      lateness ??= new Promise((resolve) => {
        timer = setTimeout(() => {
          late = true;
          resolve();
        }, LINGER_MS);
      });
      await Promise.race([input.wait(), lateness]);
    }
    clearTimeout(timer);
    const more = this.#parse(slot, filled);
    return more && !this.#offered ? this.fill(slot) : more;
  }

  #parse(slot: SlotWriter, filled: number): boolean {
    const reader = this.#reader;
    const { bytes } = slot;
    const last = this.#input.ended && this.#from === this.#until;
    this.#offered = false;
    let at = Math.min(this.#skip, filled);
    this.#skip -= at;
    while (at < filled) {
      const kind = reader.next(bytes, at, filled);
      if (kind === PACKET) {
        this.#offered = true;
        if (!slot.add(reader.offset, reader.caplen, reader.wirelen, reader.seconds, reader.nanoseconds, reader.linktype)) {
          this.#keep(slot, at, filled);
          return true;
        }
        at += reader.size;
      } else if (kind === NEED) {
        if (last) return this.#end(at, 'the last record is truncated; what is before it counts');
        if (reader.size > slot.capacity) return this.#end(at, `damaged: a record of ${reader.size} bytes; the rest is not read`);
        break;
      } else if (kind === DAMAGED) {
        return this.#end(at, `damaged: ${reader.problem}; the rest is not read`);
      } else {
        if (reader.problem !== '') this.#passOver(at, reader.problem);
        if (at + reader.size > filled) {
          this.#skip = at + reader.size - filled;
          this.#skipStart = this.#position + at;
          at = filled;
        } else at += reader.size;
      }
    }
    if (last) {
      if (this.#skip === 0) return this.#end(at, '');
      return this.#end(this.#skipStart - this.#position, 'the last record is truncated; what is before it counts');
    }
    this.#keep(slot, at, filled);
    return true;
  }

  /** Keeps [at, filled) of the slot for the next one, before what is carried already. */
  #keep(slot: SlotWriter, at: number, filled: number): void {
    const rest = filled - at;
    this.#position += at;
    if (this.#from < this.#until) {
      // The slot was filled from the carry alone, so there is room where these bytes came from.
      this.#from -= rest;
    } else {
      if (this.#carry.length < rest) this.#carry = new Uint8Array(slot.capacity);
      this.#from = 0;
      this.#until = rest;
    }
    this.#carry.set(slot.bytes.subarray(at, filled), this.#from);
  }

  #passOver(at: number, problem: string): void {
    const seen = this.#passedOver.get(problem);
    if (seen !== undefined) seen.count++;
    else this.#passedOver.set(problem, { count: 1, first: this.#position + at });
  }

  /** The source is at its end, for this reason if there is one. Always false, for fill() to return. */
  #end(at: number, why: string): false {
    this.#done = true;
    for (const [problem, { count, first }] of this.#passedOver)
      this.warnings.push(`${this.#name}: ${count} passed over, the first at byte ${first}: ${problem}`);
    if (this.#input.broken !== null) this.warnings.push(`${this.#name}: the input breaks off: ${this.#input.broken}`);
    if (why !== '') this.warnings.push(`${this.#name}: at byte ${this.#position + at}: ${why}`);
    return false;
  }

  progress(): { readonly read: number; readonly total: number } {
    return this.#input.progress();
  }

  close(): Promise<void> {
    this.#done = true;
    return this.#input.close();
  }
}
