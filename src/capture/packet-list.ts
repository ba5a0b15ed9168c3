// A slot of one's own: packets of a source in memory that no ring shares, for whoever wants them one by one.
import { Buffer } from 'node:buffer';
import type { SlotWriter } from './source.ts';

const OFFSET = 0;
const CAPLEN = 1;
const WIRELEN = 2;
const SECONDS = 3;
const NANOSECONDS = 4;
const LINKTYPE = 5;
const WORDS = 6;

/** Packets in the order in which they were added, with a cursor on the one that is next. */
export class PacketList implements SlotWriter {
  readonly bytes: Buffer;
  readonly capacity: number;
  readonly #words: Float64Array;
  #count = 0;
  #at = 0;

  constructor(capacity: number, packets: number) {
    this.bytes = Buffer.from(new ArrayBuffer(capacity));
    this.capacity = capacity;
    this.#words = new Float64Array(packets * WORDS);
  }

  add(offset: number, caplen: number, wirelen: number, seconds: number, nanoseconds: number, linktype: number): boolean {
    const at = this.#count * WORDS;
    const words = this.#words;
    if (at === words.length) return false;
    words[at + OFFSET] = offset;
    words[at + CAPLEN] = caplen;
    words[at + WIRELEN] = wirelen;
    words[at + SECONDS] = seconds;
    words[at + NANOSECONDS] = nanoseconds;
    words[at + LINKTYPE] = linktype;
    this.#count++;
    return true;
  }

  clear(): void {
    this.#count = 0;
    this.#at = 0;
  }

  get empty(): boolean {
    return this.#at === this.#count;
  }

  /** Goes on to the packet after this one. */
  next(): void {
    this.#at++;
  }

  // What follows is about the packet under the cursor, and asks that there is one.
  get offset(): number {
    return this.#words[this.#at * WORDS + OFFSET]!;
  }
  get caplen(): number {
    return this.#words[this.#at * WORDS + CAPLEN]!;
  }
  get wirelen(): number {
    return this.#words[this.#at * WORDS + WIRELEN]!;
  }
  get seconds(): number {
    return this.#words[this.#at * WORDS + SECONDS]!;
  }
  get nanoseconds(): number {
    return this.#words[this.#at * WORDS + NANOSECONDS]!;
  }
  get linktype(): number {
    return this.#words[this.#at * WORDS + LINKTYPE]!;
  }
}
