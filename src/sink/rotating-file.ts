// Lines of a sensor to a file that is put aside by size and age. A disk that is full or gone is no reason to stop: what cannot be
// written is counted, and writing resumes by itself, with a whole line.
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ByteSink } from './line-buffer.ts';

export interface RotationSettings {
  /** 0 means never. */
  readonly rotateBytes: number;
  readonly rotateSeconds: number;
  /** Bytes of files put aside that are kept; 0 means all. */
  readonly keepBytes: number;
  readonly fsync: 'never' | 'rotation' | 'second';
}

/** How the writing goes. */
export interface FileState {
  /** Why nothing can be written now, or empty. */
  readonly fault: string;
  readonly lostLines: number;
  readonly lostBytes: number;
  readonly rotations: number;
}

/** After a failure the next attempt waits so long. */
const RETRY_MS = 1000;
const LINE_END = 10;

export class RotatingFile implements ByteSink {
  readonly #path: string;
  readonly #settings: RotationSettings;
  readonly #now: () => number;
  #file: FileHandle | null = null;
  /** Bytes of whole lines in the file. */
  #size = 0;
  #opened = 0;
  #synced = 0;
  #retryAt = 0;
  #fault = '';
  #lostLines = 0;
  #lostBytes = 0;
  #rotations = 0;

  constructor(path: string, settings: RotationSettings, now: () => number = Date.now) {
    this.#path = path;
    this.#settings = settings;
    this.#now = now;
  }

  get state(): FileState {
    return { fault: this.#fault, lostLines: this.#lostLines, lostBytes: this.#lostBytes, rotations: this.#rotations };
  }

  /** Opens the file, so that a path that cannot be written is known before the first line. Rejects with the system's error. */
  async prepare(): Promise<void> {
    await this.#open();
  }

  /** Writes whole lines. Never rejects: what cannot be written is counted. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#fault !== '' && this.#now() < this.#retryAt) {
      this.#lose(bytes);
      return;
    }
    try {
      const file = this.#file ?? (await this.#open());
      if (this.#isDue(bytes.length)) await this.#rotate();
      await writeAll(this.#file ?? file, bytes, this.#size);
      this.#size += bytes.length;
      this.#fault = '';
      await this.#sync();
    } catch (cause) {
      this.#lose(bytes);
      await this.#fail(cause as Error);
    }
  }

  /** Puts the file aside now, as for SIGHUP. */
  async reopen(): Promise<void> {
    try {
      if (this.#file !== null && this.#size > 0) await this.#rotate();
    } catch (cause) {
      await this.#fail(cause as Error);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    try {
      if (this.#settings.fsync !== 'never') await file.sync();
    } catch (cause) {
      this.#fault = (cause as Error).message;
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<FileHandle> {
    // Not 'a': after a write that was cut the half line is written over.
    const file = await open(this.#path, 'r+').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return open(this.#path, 'w+');
      throw cause;
    });
    this.#size = await wholeLines(file);
    await file.truncate(this.#size);
    this.#opened = this.#now();
    this.#file = file;
    return file;
  }

  #isDue(more: number): boolean {
    const { rotateBytes, rotateSeconds } = this.#settings;
    if (this.#size === 0) return false;
    if (rotateBytes > 0 && this.#size + more > rotateBytes) return true;
    return rotateSeconds > 0 && this.#now() - this.#opened >= rotateSeconds * 1000;
  }

  async #rotate(): Promise<void> {
    await this.close();
    const stamp = new Date(this.#now()).toISOString().replaceAll(/[-:]/g, '').replace('.', '');
    for (let copy = 0; ; copy++) {
      const aside = `${this.#path}.${stamp}${copy === 0 ? '' : `-${copy}`}`;
      const isTaken = await stat(aside).then(
        () => true,
        () => false,
      );
      if (isTaken) continue;
      await rename(this.#path, aside);
      break;
    }
    this.#rotations++;
    await this.#retain();
    await this.#open();
  }

  /** Removes the oldest files put aside until the rest is within the budget. */
  async #retain(): Promise<void> {
    const { keepBytes } = this.#settings;
    if (keepBytes === 0) return;
    const prefix = `${basename(this.#path)}.`;
    const folder = dirname(this.#path);
    const names = (await readdir(folder)).filter(
      (name) => name.startsWith(prefix) && /^\d{8}T\d{9}Z(-\d+)?$/.test(name.slice(prefix.length)),
    );
    let kept = 0;
    for (const name of names.sort().reverse()) {
      const path = join(folder, name);
      kept += (await stat(path)).size;
      if (kept > keepBytes) await rm(path);
    }
  }

  async #sync(): Promise<void> {
    if (this.#settings.fsync !== 'second' || this.#now() - this.#synced < 1000) return;
    this.#synced = this.#now();
    await this.#file?.datasync();
  }

  #lose(bytes: Uint8Array): void {
    this.#lostBytes += bytes.length;
    for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) this.#lostLines++;
  }

  async #fail(cause: Error): Promise<void> {
    this.#fault = cause.message;
    this.#retryAt = this.#now() + RETRY_MS;
    const file = this.#file;
    this.#file = null;
    // A half line goes at once, if the disk lets it; else when the file is opened again.
    await file?.truncate(this.#size).catch(() => undefined);
    await file?.close().catch(() => undefined);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Length of the file up to its last line end. */
async function wholeLines(file: FileHandle): Promise<number> {
  const piece = Buffer.alloc(65_536);
  let end = (await file.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - start, start);
    const found = piece.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (found !== -1) return start + found + 1;
    end = start;
  }
  return 0;
}
