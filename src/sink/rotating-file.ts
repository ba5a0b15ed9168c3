// Lines of a sensor to a file that is put aside by size and age. A disk that is full or gone is no reason to stop: what cannot be
// written is counted, and writing resumes by itself, with a whole line.
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type LastingSink, linesIn, type SinkState } from './lasting.ts';

export interface RotationSettings {
  /** 0 means never. */
  readonly rotateBytes: number;
  readonly rotateSeconds: number;
  /** Bytes of files put aside that are kept; 0 means all. */
  readonly keepBytes: number;
  readonly fsync: 'never' | 'rotation' | 'second';
}

/** How the writing goes. */
export interface FileState extends SinkState {
  readonly lostBytes: number;
  readonly rotations: number;
}

/** After a failure the next attempt waits so long. */
const RETRY_MS = 1000;
const SYNC_MS = 1000;
const LINE_END = 10;

export class RotatingFile implements LastingSink {
  readonly #path: string;
  readonly #settings: RotationSettings;
  readonly #now: () => number;
  #file: FileHandle | null = null;
  /** A device or a pipe has no length: it is neither cut nor put aside, and written in order. */
  #isRegular = true;
  /** Bytes of whole lines in the file. */
  #size = 0;
  /** When its first line was written, or the file opened with lines in it. */
  #begun = 0;
  #synced = 0;
  #syncTimer: NodeJS.Timeout | null = null;
  #retryAt = 0;
  #rotateAt = 0;
  #asideTime = 0;
  #asideCopies = 0;
  #fault = '';
  /** What failed without a line being lost. */
  #upkeepFault = '';
  #writtenLines = 0;
  #lostLines = 0;
  #lostBytes = 0;
  #rotations = 0;
  /** The last of what is done one after the other: SIGHUP comes while lines are being written. */
  #turn: Promise<void> = Promise.resolve();

  constructor(path: string, settings: RotationSettings, now: () => number = Date.now) {
    this.#path = path;
    this.#settings = settings;
    this.#now = now;
  }

  get state(): FileState {
    return {
      fault: this.#fault === '' ? this.#upkeepFault : this.#fault,
      writtenLines: this.#writtenLines,
      lostLines: this.#lostLines,
      lostBytes: this.#lostBytes,
      rotations: this.#rotations,
    };
  }

  /** Opens the file, so that a path that cannot be written is known before the first line. Rejects with the system's error. */
  async prepare(): Promise<void> {
    await this.#open();
  }

  /** Writes whole lines. Never rejects: what cannot be written is counted. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#write(bytes));
  }

  /** Puts the file aside now, or opens it anew where somebody else did, as for SIGHUP. */
  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#file !== null) await this.#rotate(this.#file);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      const file = this.#file;
      this.#file = null;
      if (file !== null) await this.#finish(file);
    });
  }

  #inTurn(what: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(what);
    return this.#turn;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#fault !== '' && this.#now() < this.#retryAt) {
      this.#lose(bytes);
      return;
    }
    try {
      let file = this.#file ?? (await this.#open());
      if (this.#isDue(bytes.length)) {
        await this.#rotate(file);
        file = this.#file ?? (await this.#open());
      }
      if (this.#size === 0) this.#begun = this.#now();
      await writeAll(file, bytes, this.#isRegular ? this.#size : null);
    } catch (cause) {
      this.#lose(bytes);
      await this.#fail(cause as Error);
      return;
    }
    this.#size += bytes.length;
    this.#writtenLines += linesIn(bytes);
    this.#fault = '';
    await this.#syncSoon();
  }

  async #open(): Promise<FileHandle> {
    // Not 'a': after a write that was cut the half line is written over.
    const file = await open(this.#path, 'r+').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return open(this.#path, 'w+');
      throw cause;
    });
    try {
      this.#isRegular = (await file.stat()).isFile();
      this.#size = 0;
      if (this.#isRegular) {
        this.#size = await wholeLines(file);
        await file.truncate(this.#size);
      }
    } catch (cause) {
      await file.close();
      throw cause;
    }
    this.#begun = this.#now();
    this.#file = file;
    return file;
  }

  #isDue(more: number): boolean {
    const { rotateBytes, rotateSeconds } = this.#settings;
    if (this.#size === 0 || this.#now() < this.#rotateAt) return false;
    if (rotateBytes > 0 && this.#size + more > rotateBytes) return true;
    return rotateSeconds > 0 && this.#now() - this.#begun >= rotateSeconds * 1000;
  }

  /** Where the file cannot be put aside it is written on, and tried again later: no line is lost for it. */
  async #rotate(file: FileHandle): Promise<void> {
    if (!this.#isRegular) return;
    try {
      if (await this.#isAt(file)) {
        if (this.#size === 0) return;
        await rename(this.#path, await this.#asideName());
      }
    } catch (cause) {
      this.#upkeepFault = (cause as Error).message;
      this.#rotateAt = this.#now() + RETRY_MS;
      return;
    }
    this.#file = null;
    this.#rotations++;
    this.#upkeepFault = '';
    await this.#finish(file);
    await this.#retain();
    await this.#open().catch((cause: Error) => this.#fail(cause));
  }

  /** Whether the file's name is still its own: others, such as logrotate, may have put it aside. */
  async #isAt(file: FileHandle): Promise<boolean> {
    try {
      const [named, held] = [await stat(this.#path), await file.stat()];
      return named.ino === held.ino && named.dev === held.dev;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw cause;
    }
  }

  /** Never before the name of the one before it, though the clock went back or that one is gone: the order is the age. */
  async #asideName(): Promise<string> {
    const now = Math.max(this.#now(), this.#asideTime);
    if (now > this.#asideTime) this.#asideCopies = 0;
    this.#asideTime = now;
    const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace('.', '');
    for (;;) {
      const copy = this.#asideCopies++;
      const aside = `${this.#path}.${stamp}${copy === 0 ? '' : `-${copy}`}`;
      const isTaken = await stat(aside).then(
        () => true,
        () => false,
      );
      if (!isTaken) return aside;
    }
  }

  /** Removes the oldest files put aside until the rest is within the budget. */
  async #retain(): Promise<void> {
    const { keepBytes } = this.#settings;
    if (keepBytes === 0) return;
    const prefix = `${basename(this.#path)}.`;
    const folder = dirname(this.#path);
    try {
      const names = (await readdir(folder)).filter(
        (name) => name.startsWith(prefix) && /^\d{8}T\d{9}Z(-\d+)?$/.test(name.slice(prefix.length)),
      );
      let kept = 0;
      for (const name of names.sort(byAge).reverse()) {
        const path = join(folder, name);
        // Somebody else may have removed it by now.
        kept += await stat(path).then(
          ({ size }) => size,
          () => 0,
        );
        if (kept > keepBytes) await rm(path, { force: true });
      }
    } catch (cause) {
      this.#upkeepFault = (cause as Error).message;
    }
  }

  async #syncSoon(): Promise<void> {
    if (this.#settings.fsync !== 'second' || this.#syncTimer !== null) return;
    const wait = this.#synced + SYNC_MS - this.#now();
    if (wait <= 0) return this.#sync();
    // Without it the last lines before a silence would wait for the next ones.
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null;
      void this.#inTurn(() => this.#sync());
    }, wait);
    this.#syncTimer.unref();
  }

  async #sync(): Promise<void> {
    this.#synced = this.#now();
    if (this.#isRegular) await this.#noting(this.#file?.datasync());
  }

  /** A file that gets no more lines. */
  async #finish(file: FileHandle): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    if (this.#settings.fsync !== 'never' && this.#isRegular) await this.#noting(file.sync());
    await this.#noting(file.close());
  }

  async #noting(done: Promise<void> | undefined): Promise<void> {
    await done?.catch((cause: Error) => {
      this.#upkeepFault = cause.message;
    });
  }

  #lose(bytes: Uint8Array): void {
    this.#lostBytes += bytes.length;
    this.#lostLines += linesIn(bytes);
  }

  async #fail(cause: Error): Promise<void> {
    this.#fault = cause.message;
    this.#retryAt = this.#now() + RETRY_MS;
    const file = this.#file;
    this.#file = null;
    // A half line goes at once, if the disk lets it; else when the file is opened again.
    if (this.#isRegular) await file?.truncate(this.#size).catch(() => undefined);
    await file?.close().catch(() => undefined);
  }
}

/** By the time in the name, then by its number. */
const byAge = (one: string, other: string): number => one.localeCompare(other, 'en', { numeric: true });

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position === null ? null : position + at);
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
