// Bytes to a file or to standard output.
import { createWriteStream } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { AdtapError } from '../errors.ts';
import type { ByteSink } from './line-buffer.ts';

/** `-` is standard output; a reader that goes away (a closed pipe) ends the writing quietly. */
export async function openByteSink(path: string): Promise<ByteSink> {
  if (path === '-') return new StreamSink(process.stdout, 'standard output', false);
  const file = await openFile(path, 'w');
  return new StreamSink(createWriteStream('', { fd: file, highWaterMark: 1 << 20 }), path, true);
}

/** Finds out whether a file can be written without changing what is in it. Rejects with ADTAP_E_OUTPUT. */
export async function tryToWrite(path: string): Promise<void> {
  const isThere = await stat(path).catch(() => null);
  // What is no file may have but one reader, or wait for one.
  if (path === '-' || (isThere !== null && !isThere.isFile() && !isThere.isDirectory())) return;
  await (await openFile(path, 'a')).close();
  if (isThere === null) await unlink(path);
}

async function openFile(path: string, flags: 'w' | 'a'): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (cause) {
    throw new AdtapError('ADTAP_E_OUTPUT', `${path}: cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** Bytes to a stream, by what users call it; `owned` ones end with the sink. */
export class StreamSink implements ByteSink {
  readonly #stream: Writable;
  readonly #name: string;
  readonly #owned: boolean;
  #broken: Error | null = null;

  constructor(stream: Writable, name: string, owned: boolean) {
    this.#stream = stream;
    this.#name = name;
    this.#owned = owned;
    stream.on('error', (error) => {
      this.#broken = error;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#fault(this.#broken));
      this.#stream.write(bytes, (error) => (error ? reject(this.#fault(error)) : resolve()));
    });
  }

  async close(): Promise<void> {
    if (!this.#owned) return;
    await new Promise<void>((resolve) => this.#stream.end(resolve));
  }

  #fault(error: Error): AdtapError {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return new AdtapError('ADTAP_E_CLOSED_PIPE', 'the reader of the output went away', { cause: error });
    return new AdtapError('ADTAP_E_OUTPUT', `${this.#name}: cannot be written: ${error.message}`, { cause: error });
  }
}
