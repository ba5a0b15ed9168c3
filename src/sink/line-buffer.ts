// Finished lines gather here and leave in large pieces. A sink that cannot keep up makes write() wait: a replay slows down.
import { copyText } from '../bytes/copy-text.ts';
import { viewOf } from '../bytes/read.ts';
import type { LineSink } from '../entity/line-sink.ts';

/** Where bytes go at last. */
export interface ByteSink {
  /** Takes the bytes; resolves when more may come. The bytes may be reused after that. */
  write(bytes: Uint8Array): void | Promise<void>;
  close(): Promise<void>;
}

const PIECE = 1 << 18;
/** Names and the like, each in a memory of its own, are copied byte by byte. */
const SHORT = 96;

type Bytes = ReturnType<typeof Buffer.allocUnsafe>;

export class LineBuffer implements LineSink {
  #buffer = Buffer.allocUnsafe(PIECE * 2);
  #view = viewOf(this.#buffer);
  /** What was copied from last: most lines come from where the one before them came from. */
  #from: Uint8Array = new Uint8Array(0);
  #source = viewOf(this.#from);
  readonly #sources = new WeakMap<Uint8Array, DataView>();
  /** The buffer that is not being filled: the one being written, or free. */
  #spare: Bytes | null = null;
  #at = 0;
  readonly #sink: ByteSink;
  lines = 0;
  bytes = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  append(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#at + length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + length));
      this.#buffer.copy(grown, 0, 0, this.#at);
      this.#fill(grown);
    }
    if (length < SHORT) {
      const buffer = this.#buffer;
      for (let read = start, write = this.#at; read < end; read++, write++) buffer[write] = from[read]!;
    } else {
      if (from !== this.#from) this.#look(from);
      copyText(this.#source, start, this.#view, this.#at, length);
    }
    this.#at += length;
  }

  #look(from: Uint8Array): void {
    let source = this.#sources.get(from);
    if (source === undefined) {
      source = viewOf(from);
      this.#sources.set(from, source);
    }
    this.#from = from;
    this.#source = source;
  }

  #fill(buffer: Bytes): void {
    this.#buffer = buffer;
    this.#view = viewOf(buffer);
  }

  endLine(): void {
    this.lines++;
  }

  /** Bytes that have gathered and are not with the sink. */
  get pending(): number {
    return this.#at;
  }

  /** Hands what has gathered to the sink; `all` also when it is little. */
  async flush(all: boolean): Promise<void> {
    if (this.#at === 0 || (!all && this.#at < PIECE)) return;
    // Lines keep arriving while the sink writes: they go into the other buffer.
    const piece = this.#buffer;
    const length = this.#at;
    this.#fill(this.#spare ?? Buffer.allocUnsafe(PIECE * 2));
    this.#spare = null;
    this.#at = 0;
    this.bytes += length;
    await this.#sink.write(piece.subarray(0, length));
    this.#spare = piece;
  }
}
