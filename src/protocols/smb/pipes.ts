// Named pipes of one connection that carry DCE/RPC. A handle becomes a pipe when a DCE/RPC PDU is written to it (or the client
// transacts on it as a pipe), so it does not matter whether its opening was seen. Reads name the handle in the request only.
import { append, find, lengthOf, without } from '../chain.ts';
import type { Context } from '../contract.ts';
import { DceRpcPipe } from '../dcerpc/pipe.ts';
import { hit } from '../limits.ts';
import { smbLimits as limits } from './limits.ts';

/** A handle: FileId of SMB2 (the persistent part's lower half, the volatile part), or FID of SMB1. */
class Entry {
  persistent = 0;
  low = 0;
  high = 0;
  /** The connection's next younger one. */
  next: Entry | null = null;
  readonly pipe = new DceRpcPipe();
}

/** A request to a pipe that waits for its answer. */
class Read {
  low = 0;
  high = 0;
  pipe: DceRpcPipe | null = null;
}

/** Closed pipes of whatever connection, to be used again. */
const spare: Entry[] = [];
const SPARE = 1024;

export class Pipes {
  #oldest: Entry | null = null;
  /** A ring: the oldest is overwritten. Made with the first request. */
  #reads: Read[] | null = null;
  #nextRead = 0;

  /** The pipe of a handle, or null. */
  find(persistent: number, low: number, high: number): DceRpcPipe | null {
    return this.#entry(persistent, low, high)?.pipe ?? null;
  }

  /** The pipe of a handle, new if it must be. */
  open(persistent: number, low: number, high: number, context: Context): DceRpcPipe {
    const known = this.find(persistent, low, high);
    if (known !== null) return known;
    if (this.#oldest !== null && lengthOf(this.#oldest) >= limits.pipes.value) {
      hit(limits.pipes);
      this.#remove(this.#oldest, context);
    }
    const entry = spare.pop() ?? new Entry();
    entry.persistent = persistent;
    entry.low = low;
    entry.high = high;
    this.#oldest = append(this.#oldest, entry);
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
    this.#reads ??= [];
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
    if (this.#reads === null) return null;
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
    for (let entry = this.#oldest; entry !== null; entry = entry.next) entry.pipe.lost(context);
  }

  close(context: Context): void {
    while (this.#oldest !== null) this.#remove(this.#oldest, context);
    this.#reads = null;
    this.#nextRead = 0;
  }

  #entry(persistent: number, low: number, high: number): Entry | null {
    return find(this.#oldest, (entry) => entry.low === low && entry.high === high && entry.persistent === persistent);
  }

  #remove(entry: Entry, context: Context): void {
    entry.pipe.close(context);
    if (this.#reads !== null) for (const read of this.#reads) if (read.pipe === entry.pipe) read.pipe = null;
    this.#oldest = without(this.#oldest, entry);
    if (spare.length < SPARE) spare.push(entry);
  }
}
