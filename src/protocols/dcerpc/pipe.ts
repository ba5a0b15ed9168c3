// DCE/RPC in a named pipe (MS-RPCE 2.1.1.2): the same PDUs, in the payloads of SMB writes, reads and transactions. A pipe's
// carrier has no stream that waits for more, so what a PDU still lacks is held here.
import type { Context } from '../contract.ts';
import { dcerpcLimits as limits } from './limits.ts';
import { DceRpcStream } from './transactions.ts';

const KEEP_BYTES = 4096;

/** What is held of one direction: the start of a PDU, or bytes still to be passed over. */
class Rest {
  bytes: Uint8Array | null = null;
  length = 0;
  skip = 0;

  /** A closed pipe is kept for another one; a large buffer is not. */
  reset(): void {
    this.length = 0;
    this.skip = 0;
    if (this.bytes !== null && this.bytes.length > KEEP_BYTES) this.bytes = null;
  }

  keep(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.bytes === null || this.bytes.length < this.length + length) {
      const grown = new Uint8Array(Math.max(1024, 2 * (this.length + length)));
      if (this.bytes !== null) grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length += length;
  }
}

/** One open pipe. Reusable after close(). */
export class DceRpcPipe {
  readonly #stream = new DceRpcStream();
  readonly #rests: readonly [Rest, Rest] = [new Rest(), new Rest()];

  /** A payload, in context.direction. */
  data(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const { direction } = context;
    const rest = this.#rests[direction];
    const skipped = Math.min(rest.skip, end - start);
    rest.skip -= skipped;
    const from = start + skipped;
    if (from >= end) return;
    if (rest.length === 0) {
      const used = this.#feed(bytes, from, end, context);
      if (from + used > end) rest.skip = from + used - end;
      else if (from + used < end) rest.keep(bytes, from + used, end);
      return;
    }
    if (rest.length + end - from > 2 * limits.fragmentBytes.value) {
      // Nothing that was asked for is this long: begin anew with this payload.
      this.lost(context);
      this.data(bytes, from, end, context);
      return;
    }
    rest.keep(bytes, from, end);
    if (rest.length < this.#stream.want(direction)) return;
    const held = rest.bytes as Uint8Array;
    const used = this.#feed(held, 0, rest.length, context);
    if (used > rest.length) rest.skip = used - rest.length;
    else held.copyWithin(0, used, rest.length);
    rest.length = Math.max(0, rest.length - used);
  }

  /** Something between the last payload of context.direction and the next is missing. */
  lost(context: Context): void {
    this.#rests[context.direction].reset();
    this.#stream.gap(0, context);
  }

  close(context: Context): void {
    this.#rests[0].reset();
    this.#rests[1].reset();
    this.#stream.close(context);
  }

  #feed(bytes: Uint8Array, start: number, end: number, context: Context): number {
    return end - start < this.#stream.want(context.direction) ? 0 : this.#stream.data(bytes, start, end, context);
  }
}
