// Bytes to a file or to standard output.
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { AdtapError } from '../errors.ts';
import type { ByteSink } from './line-buffer.ts';

/** `-` is standard output; a reader that goes away (a closed pipe) ends the writing quietly. */
export async function openByteSink(path: string): Promise<ByteSink> {
  if (path === '-') return new StreamSink(process.stdout, 'standard output', false);
  try {
    const file = await open(path, 'w');
    return new StreamSink(createWriteStream('', { fd: file, highWaterMark: 1 << 20 }), path, true);
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
