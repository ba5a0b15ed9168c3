// Standard output and special files of a sensor. What cannot be written is counted, and a line that was cut is made whole before
// the next one.
import { constants, fstatSync, open as openFile, write } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { AdtapError } from '../errors.ts';
import { openByteSink, StreamSink } from './file.ts';
import { type LastingSink, linesIn, type SinkState } from './lasting.ts';
import type { ByteSink } from './line-buffer.ts';

const LINE_END = 10;
const STANDARD_OUTPUT = 1;
const FIFO_POLL_MS = 100;
const FIFO_WAIT_MS = 10_000;
const openPath: (path: string, flags: number) => Promise<number> = promisify(openFile);
const writeTo: (fd: number, bytes: Uint8Array, at: number, length: number) => Promise<{ bytesWritten: number }> =
  promisify(write);

/** Writes to a file descriptor: of a file that somebody else opened, or of a device. */
export class DescriptorSink implements LastingSink {
  readonly #write: (bytes: Uint8Array, at: number) => Promise<number>;
  readonly #close: () => Promise<void>;
  /** The end of a line that was cut. */
  #rest: Uint8Array = new Uint8Array(0);
  #fault = '';
  #writtenLines = 0;
  #lostLines = 0;

  /** `write` writes from `at` on and gives how many bytes it took. */
  constructor(write: (bytes: Uint8Array, at: number) => Promise<number>, close: () => Promise<void> = () => Promise.resolve()) {
    this.#write = write;
    this.#close = close;
  }

  get state(): SinkState {
    return { fault: this.#fault, writtenLines: this.#writtenLines, lostLines: this.#lostLines };
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      if (this.#rest.length > 0) {
        const { written, error } = await this.#all(this.#rest);
        this.#rest = this.#rest.subarray(written);
        if (error !== null) throw error;
        this.#writtenLines++;
      }
    } catch (cause) {
      this.#lostLines += linesIn(bytes);
      this.#fail(cause as Error);
      return;
    }
    const { written, error } = await this.#all(bytes);
    this.#writtenLines += linesIn(bytes.subarray(0, written));
    if (error === null) {
      this.#fault = '';
      return;
    }
    const end = bytes.indexOf(LINE_END, written) + 1;
    const isCut = written > 0 && bytes[written - 1] !== LINE_END;
    // A copy: the caller uses the bytes again.
    if (isCut) this.#rest = Uint8Array.from(bytes.subarray(written, end));
    this.#lostLines += linesIn(bytes.subarray(isCut ? end : written));
    this.#fail(error);
  }

  async close(): Promise<void> {
    // What was cut stays cut.
    if (this.#rest.length > 0) this.#lostLines++;
    this.#rest = new Uint8Array(0);
    await this.#close();
  }

  async #all(bytes: Uint8Array): Promise<{ readonly written: number; readonly error: Error | null }> {
    let written = 0;
    try {
      while (written < bytes.length) written += await this.#write(bytes, written);
      return { written, error: null };
    } catch (error) {
      return { written, error: error as Error };
    }
  }

  #fail(cause: Error): void {
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE')
      throw new AdtapError('ADTAP_E_CLOSED_PIPE', 'the reader of the output went away', { cause });
    this.#fault = cause.message;
  }
}

/** A stream, of which every line that it takes is written. */
class PipeSink implements LastingSink {
  readonly #sink: ByteSink;
  #writtenLines = 0;
  #lostLines = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  get state(): SinkState {
    return { fault: '', writtenLines: this.#writtenLines, lostLines: this.#lostLines };
  }

  async write(bytes: Uint8Array): Promise<void> {
    // The bytes may be used again once they are written.
    const lines = linesIn(bytes);
    try {
      await this.#sink.write(bytes);
      this.#writtenLines += lines;
    } catch (cause) {
      this.#lostLines += lines;
      throw cause;
    }
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

/** Opens `-` (standard output) or a path that is no regular file. Rejects with ADTAP_E_OUTPUT. */
export async function openDescriptor(path: string): Promise<LastingSink> {
  if (path !== '-') {
    if ((await stat(path).catch(() => null))?.isFIFO() === true)
      return new PipeSink(new StreamSink(await openFifo(path), path, true));
    const file = await opened(path);
    return new DescriptorSink(
      async (bytes, at) => (await file.write(bytes, at, bytes.length - at)).bytesWritten,
      () => file.close(),
    );
  }
  const kind = fstatSync(STANDARD_OUTPUT);
  // A stream over a file is destroyed by its first error; one over a pipe waits without a thread.
  if (kind.isFile() || (kind.isCharacterDevice() && !process.stdout.isTTY))
    return new DescriptorSink(async (bytes, at) => (await writeTo(STANDARD_OUTPUT, bytes, at, bytes.length - at)).bytesWritten);
  return new PipeSink(await openByteSink('-'));
}

/**
 * A named pipe as a stream: a write to it may wait for ever, and must not keep a thread. Somebody has to read it within some
 * seconds.
 */
async function openFifo(path: string): Promise<Socket> {
  for (let waited = 0; ; waited += FIFO_POLL_MS) {
    try {
      const fd = await openPath(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'ENXIO' ? 'nobody reads this pipe' : `cannot be written: ${message}`;
      if (code !== 'ENXIO' || waited >= FIFO_WAIT_MS) throw new AdtapError('ADTAP_E_OUTPUT', `${path}: ${why}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, FIFO_POLL_MS));
    }
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (cause) {
    throw new AdtapError('ADTAP_E_OUTPUT', `${path}: cannot be written: ${(cause as Error).message}`, { cause });
  }
}
