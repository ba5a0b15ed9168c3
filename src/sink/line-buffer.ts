// Finished lines gather here and leave in large pieces. A sink that cannot keep up makes write() wait: a replay slows down.
import type { LineSink } from '../entity/line-sink.ts';

/** Where bytes go at last. */
export interface ByteSink {
  /** Takes the bytes; resolves when more may come. The bytes may be reused after that. */
  write(bytes: Uint8Array): void | Promise<void>;
  close(): Promise<void>;
}

const PIECE = 1 << 18;

export class LineBuffer implements LineSink {
  #buffer = Buffer.allocUnsafe(PIECE * 2);
  /** The buffer that is not being filled: the one being written, or free. */
  #spare: ReturnType<typeof Buffer.allocUnsafe> | null = null;
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
      this.#buffer = grown;
    }
    this.#buffer.set(from.subarray(start, end), this.#at);
    this.#at += length;
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
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(PIECE * 2);
    this.#spare = null;
    this.#at = 0;
    this.bytes += length;
    await this.#sink.write(piece.subarray(0, length));
    this.#spare = piece;
  }
}
