// Named pipes of one connection that carry DCE/RPC. A handle becomes a pipe when a DCE/RPC PDU is written to it (or the client
// transacts on it as a pipe), so it does not matter whether its opening was seen. Reads name the handle in the request only.
import type { Context } from '../contract.ts';
import { DceRpcPipe } from '../dcerpc/pipe.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';
import type { ExchangeMaker } from './sessions.ts';

/** A handle: FileId of SMB2 (the persistent part's lower half, the volatile part), or FID of SMB1. */
class Entry {
  persistent = 0;
  low = 0;
  high = 0;
  readonly pipe: DceRpcPipe;

  constructor(make: ExchangeMaker) {
    this.pipe = new DceRpcPipe(make);
  }
}

/** A request to a pipe that waits for its answer. */
class Read {
  low = 0;
  high = 0;
  pipe: DceRpcPipe | null = null;
}

export class Pipes {
  readonly #make: ExchangeMaker;
  readonly #entries: Entry[] = [];
  readonly #spare: Entry[] = [];
  /** A ring: the oldest is overwritten. */
  readonly #reads: Read[] = [];
  #nextRead = 0;

  constructor(make: ExchangeMaker) {
    this.#make = make;
  }

  /** The pipe of a handle, or null. */
  find(persistent: number, low: number, high: number): DceRpcPipe | null {
    return this.#entry(persistent, low, high)?.pipe ?? null;
  }

  /** The pipe of a handle, new if it must be. */
  open(persistent: number, low: number, high: number, context: Context): DceRpcPipe {
    const known = this.find(persistent, low, high);
    if (known !== null) return known;
    const oldest = this.#entries[0];
    if (oldest !== undefined && this.#entries.length >= limits.pipes.value) {
      hit(limits.pipes);
      this.#remove(oldest, context);
    }
    const entry = this.#spare.pop() ?? new Entry(this.#make);
    entry.persistent = persistent;
    entry.low = low;
    entry.high = high;
    this.#entries.push(entry);
    return entry.pipe;
  }

  /** The handle is closed. */
  shut(persistent: number, low: number, high: number, context: Context): void {
    const entry = this.#entry(persistent, low, high);
    if (entry !== null) this.#remove(entry, context);
  }

  /** A request to the pipe, whose answer will have this id. */
  asked(low: number, high: number, pipe: DceRpcPipe): void {
    const at = this.#nextRead % limits.reads.value;
    this.#nextRead = at + 1;
    let read = this.#reads[at];
    if (read === undefined) {
      read = new Read();
      this.#reads[at] = read;
    } else if (read.pipe !== null) hit(limits.reads);
    read.low = low;
    read.high = high;
    read.pipe = pipe;
  }

  /** The pipe that the answer with this id comes from, or null; `done` forgets the request. */
  answered(low: number, high: number, done: boolean): DceRpcPipe | null {
    for (const read of this.#reads) {
      if (read.pipe === null || read.low !== low || read.high !== high) continue;
      const { pipe } = read;
      if (done) read.pipe = null;
      return pipe;
    }
    return null;
  }

  /** Bytes of context.direction are missing. */
  lost(context: Context): void {
    for (const entry of this.#entries) entry.pipe.lost(context);
  }

  close(context: Context): void {
    for (const entry of this.#entries) {
      entry.pipe.close(context);
      this.#spare.push(entry);
    }
    this.#entries.length = 0;
    for (const read of this.#reads) read.pipe = null;
    this.#nextRead = 0;
  }

  #entry(persistent: number, low: number, high: number): Entry | null {
    for (const entry of this.#entries)
      if (entry.low === low && entry.high === high && entry.persistent === persistent) return entry;
    return null;
  }

  #remove(entry: Entry, context: Context): void {
    entry.pipe.close(context);
    for (const read of this.#reads) if (read.pipe === entry.pipe) read.pipe = null;
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#spare.push(entry);
  }
}
