// Bytes of a capture in order: a plain file straight into the caller's memory, or standard input and gzip through a stream.
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AdtapError } from '../errors.ts';

/** First bytes of a gzip member (RFC 1952 2.3.1). */
const GZIP = [0x1f, 0x8b] as const;

export interface ByteInput {
  /** Reads up to `length` bytes to `into[at]`; 0 at the end. A promise only where the input makes one wait. */
  read(into: Uint8Array, at: number, length: number): number | Promise<number>;
  /** Bytes of the (compressed) input read so far, and in all; 0 when unknown. */
  progress(): { readonly read: number; readonly total: number };
  /** What broke the input off, if anything did. */
  readonly broken: string | null;
  close(): void;
}

/** Opens a path, `-` for standard input; unpacks gzip by its magic, whatever the name. */
export async function openInput(path: string): Promise<ByteInput> {
  if (path === '-') return StreamInput.detect(process.stdin, 0);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new AdtapError(
      'ADTAP_E_NOT_FOUND',
      code === 'ENOENT' ? `${path}: no such file` : `${path}: cannot be read: ${message}`,
      { cause },
    );
  }
  const status = fstatSync(file);
  if (status.isDirectory()) {
    closeSync(file);
    throw new AdtapError('ADTAP_E_NOT_FOUND', `${path}: is a directory, not a capture`);
  }
  if (!status.isFile()) {
    closeSync(file);
    return StreamInput.detect(createReadStream(path), 0);
  }
  const head = new Uint8Array(2);
  readSync(file, head, 0, 2, 0);
  if (head[0] !== GZIP[0] || head[1] !== GZIP[1]) return new FileInput(file, status.size);
  closeSync(file);
  return StreamInput.detect(createReadStream(path), status.size);
}

class FileInput implements ByteInput {
  readonly broken = null;
  readonly #file: number;
  readonly #total: number;
  #at = 0;

  constructor(file: number, total: number) {
    this.#file = file;
    this.#total = total;
  }

  read(into: Uint8Array, at: number, length: number): number {
    const count = readSync(this.#file, into, at, length, this.#at);
    this.#at += count;
    return count;
  }

  progress(): { read: number; total: number } {
    return { read: this.#at, total: this.#total };
  }

  close(): void {
    closeSync(this.#file);
  }
}

class StreamInput implements ByteInput {
  broken: string | null = null;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #raw: Readable;
  readonly #total: number;
  readonly #taken: { bytes: number };
  #chunk: Buffer;
  #from = 0;

  private constructor(raw: Readable, chunks: AsyncIterator<Buffer>, first: Buffer, total: number, taken: { bytes: number }) {
    this.#raw = raw;
    this.#chunks = chunks;
    this.#chunk = first;
    this.#total = total;
    this.#taken = taken;
  }

  static async detect(raw: Readable, total: number): Promise<StreamInput> {
    const taken = { bytes: 0 };
    const source = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let head: Buffer = Buffer.alloc(0);
    while (head.length < 2) {
      const { value, done } = await source.next();
      if (done) break;
      taken.bytes += value.length;
      head = Buffer.concat([head, value]);
    }
    if (head[0] !== GZIP[0] || head[1] !== GZIP[1]) return new StreamInput(raw, counted(source, taken), head, total, taken);
    const gunzip = createGunzip();
    void pump(source, taken, head, gunzip);
    return new StreamInput(raw, gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>, Buffer.alloc(0), total, taken);
  }

  read(into: Uint8Array, at: number, length: number): number | Promise<number> {
    const left = this.#chunk.length - this.#from;
    if (left === 0) return this.#next(into, at, length);
    const count = Math.min(left, length);
    into.set(this.#chunk.subarray(this.#from, this.#from + count), at);
    this.#from += count;
    return count;
  }

  async #next(into: Uint8Array, at: number, length: number): Promise<number> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done) return 0;
      this.#chunk = value;
      this.#from = 0;
      return this.read(into, at, length);
    } catch (error) {
      this.broken ??= (error as Error).message;
      return 0;
    }
  }

  progress(): { read: number; total: number } {
    return { read: this.#taken.bytes, total: this.#total };
  }

  close(): void {
    this.#raw.destroy();
  }
}

async function* counted(source: AsyncIterator<Buffer>, taken: { bytes: number }): AsyncGenerator<Buffer, void> {
  for (let next = await source.next(); !next.done; next = await source.next()) {
    taken.bytes += next.value.length;
    yield next.value;
  }
}

/** Feeds a gunzip stream at the pace at which it is read. */
async function pump(
  source: AsyncIterator<Buffer>,
  taken: { bytes: number },
  head: Buffer,
  gunzip: ReturnType<typeof createGunzip>,
): Promise<void> {
  const give = (chunk: Buffer): Promise<unknown> | undefined =>
    gunzip.write(chunk) ? undefined : new Promise((resolve) => gunzip.once('drain', resolve).once('close', resolve));
  try {
    await give(head);
    for await (const chunk of { [Symbol.asyncIterator]: () => counted(source, taken) }) {
      if (gunzip.destroyed) return;
      await give(chunk);
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}
