// Bytes of a capture in order: a plain file straight into the caller's memory; pipes, standard input and gzip through a stream.
import { readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable, TransformOptions } from 'node:stream';
import { createGunzip, type Gunzip, type ZlibOptions } from 'node:zlib';
import { u8 } from '../bytes/read.ts';
import { AdtapError } from '../errors.ts';

/** First bytes of a gzip member (RFC 1952 2.3.1). */
const GZIP_ID1 = 0x1f;
const GZIP_ID2 = 0x8b;
/** Unpacked bytes asked of zlib at a time. */
const UNPACKED_CHUNK = 1 << 16;

export interface ByteInput {
  /** Copies up to `length` bytes that are there to `into[at]`; 0 when none are there now, or ever again. */
  read(into: Uint8Array, at: number, length: number): number;
  /** Whether all bytes have been read. */
  readonly ended: boolean;
  /** Resolves when there is something to read or the input has ended. Never rejects: see `broken`. */
  wait(): Promise<void>;
  /** Bytes of the (compressed) input read so far, and in all; 0 when unknown. */
  progress(): { readonly read: number; readonly total: number };
  /** What broke the input off, if anything did; it has ended then. */
  readonly broken: string | null;
  close(): Promise<void>;
}

/** Opens a path, `-` for standard input; unpacks gzip by its magic, whatever the name. Rejects with ADTAP_E_NOT_FOUND. */
export async function openInput(path: string): Promise<ByteInput> {
  if (path === '-') return openStream('standard input', process.stdin, 0);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new AdtapError('ADTAP_E_NOT_FOUND', `${path}: is a directory; name the captures in it`);
    return await openFile(path, file, status);
  } catch (cause) {
    await file.close().catch(() => undefined);
    throw cause instanceof AdtapError ? cause : unreadable(path, cause);
  }
}

async function openFile(path: string, file: FileHandle, status: Stats): Promise<ByteInput> {
  // The descriptor is kept, not opened anew: a named pipe that is let go of has lost its writer.
  if (!status.isFile()) return openStream(path, file.createReadStream(), 0);
  const head = new Uint8Array(2);
  await file.read(head, 0, 2, 0);
  if (isGzip(head)) return openStream(path, file.createReadStream(), status.size);
  return new FileInput(file, status.size);
}

function unreadable(path: string, cause: unknown): AdtapError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'no such file' : `cannot be read: ${message}`;
  return new AdtapError('ADTAP_E_NOT_FOUND', `${path}: ${why}`, { cause });
}

const isGzip = (head: Uint8Array): boolean => head.length >= 2 && u8(head, 0) === GZIP_ID1 && u8(head, 1) === GZIP_ID2;

class FileInput implements ByteInput {
  ended = false;
  broken: string | null = null;
  readonly #file: FileHandle;
  readonly #total: number;
  #at = 0;

  constructor(file: FileHandle, total: number) {
    this.#file = file;
    this.#total = total;
  }

  read(into: Uint8Array, at: number, length: number): number {
    if (this.ended || length === 0) return 0;
    let count = 0;
    try {
      count = readSync(this.#file.fd, into, at, length, this.#at);
    } catch (error) {
      this.broken = (error as Error).message;
    }
    if (count === 0) this.ended = true;
    this.#at += count;
    return count;
  }

  async wait(): Promise<void> {}

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#at, total: this.#total };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** A stream, unpacked when its first bytes say so. */
async function openStream(name: string, raw: Readable, total: number): Promise<ByteInput> {
  const source = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  try {
    while (head.length < 2) {
      const { value, done } = await source.next();
      if (done) break;
      head = Buffer.concat([head, value]);
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  return new StreamInput(raw, source, head, total);
}

class StreamInput implements ByteInput {
  ended = false;
  broken: string | null = null;
  readonly #raw: Readable;
  readonly #gunzip: Gunzip | null = null;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #total: number;
  #taken = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #from = 0;
  #waiting: Promise<void> | null = null;

  constructor(raw: Readable, source: AsyncIterator<Buffer>, head: Buffer, total: number) {
    this.#raw = raw;
    this.#total = total;
    const chunks = this.#counted(source, head);
    if (!isGzip(head)) {
      this.#chunks = chunks;
      return;
    }
    // One chunk at a time: zlib goes on when the last one was taken, so an error destroys nothing that was unpacked before it.
    const options: ZlibOptions & TransformOptions = { highWaterMark: 1, chunkSize: UNPACKED_CHUNK };
    const gunzip = createGunzip(options);
    gunzip.on('error', () => undefined);
    this.#gunzip = gunzip;
    this.#chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    void unpack(chunks, gunzip);
  }

  async *#counted(source: AsyncIterator<Buffer>, head: Buffer): AsyncGenerator<Buffer, void> {
    for (let chunk = head; ; ) {
      this.#taken += chunk.length;
      yield chunk;
      const { value, done } = await source.next();
      if (done) return;
      chunk = value;
    }
  }

  read(into: Uint8Array, at: number, length: number): number {
    const count = Math.min(this.#chunk.length - this.#from, length);
    if (count === 0) return 0;
    into.set(this.#chunk.subarray(this.#from, this.#from + count), at);
    this.#from += count;
    return count;
  }

  async wait(): Promise<void> {
    while (!this.ended && this.#from === this.#chunk.length) {
      this.#waiting ??= this.#next();
      await this.#waiting;
    }
  }

  async #next(): Promise<void> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done) this.ended = true;
      else {
        this.#chunk = value;
        this.#from = 0;
      }
    } catch (error) {
      this.broken = (error as Error).message;
      this.ended = true;
    }
    this.#waiting = null;
  }

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#taken, total: this.#total };
  }

  async close(): Promise<void> {
    this.#raw.destroy();
    this.#gunzip?.destroy();
  }
}

/** Feeds a gunzip stream at the pace at which it is read. The end is told only when all before it is unpacked, so that a cut
 * file gives all that it holds before the error. */
async function unpack(chunks: AsyncIterable<Buffer>, gunzip: Gunzip): Promise<void> {
  try {
    for await (const chunk of chunks) {
      await new Promise<void>((resolve, reject) => {
        gunzip.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}
