// Recorded streams of carriers (fixtures/**/*.hex) and the part of the transport that a stream protocol sees.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Conversation, type Direction, GIVE_UP } from '../../src/protocols/contract.ts';
import { TestContext } from './record.ts';

export interface Segment {
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

const root = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Segments of a file whose lines are `> hex` (from the client) and `< hex`. */
export const segments = (name: string): Segment[] =>
  readFileSync(root + name, 'utf8')
    .split('\n')
    .filter((line) => /^[<>]/.test(line))
    .map((line) => ({ direction: line[0] === '>' ? 0 : 1, bytes: Uint8Array.from(Buffer.from(line.slice(2), 'hex')) }));

export interface Playing {
  /** Segments are cut into pieces of so many bytes. */
  readonly chunk?: number;
  /** What stands around the bytes that are handed over. */
  readonly around?: number;
}

/** One direction, as src/transport/flows.ts feeds it: unconsumed bytes come again with more behind them, a surplus is skipped. */
class Feeder {
  #rest: Uint8Array = new Uint8Array(0);
  #skip = 0;
  feed(conversation: Conversation, context: TestContext, direction: Direction, piece: Uint8Array, around: number): boolean {
    const skipped = Math.min(this.#skip, piece.length);
    this.#skip -= skipped;
    const all = Uint8Array.from([...this.#rest, ...piece.subarray(skipped)]);
    const held = new Uint8Array(all.length + 64).fill(around);
    held.set(all, 32);
    context.direction = direction;
    let at = 0;
    while (at < all.length && all.length - at >= conversation.want(direction)) {
      const used = conversation.data(held, 32 + at, 32 + all.length, context);
      if (used === GIVE_UP) return false;
      if (used < 0 || !Number.isInteger(used)) throw new Error(`data() returned ${used}`);
      if (used === 0) break;
      if (used > all.length - at) this.#skip = used - (all.length - at);
      at = Math.min(all.length, at + used);
    }
    // Nothing may be kept: what was handed over is gone.
    held.fill(0xaa);
    this.#rest = all.slice(at);
    return true;
  }
  get waiting(): number {
    return this.#rest.length;
  }
}

/** Plays segments to their end and closes; every segment is a frame. */
export function play(conversation: Conversation, stream: readonly Segment[], options: Playing = {}): TestContext {
  const context = new TestContext();
  const feeders = [new Feeder(), new Feeder()] as const;
  for (const { direction, bytes } of stream) {
    context.frame++;
    context.nanoseconds += 1000;
    const chunk = options.chunk ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length; at += chunk) {
      const piece = bytes.subarray(at, at + chunk);
      if (!feeders[direction].feed(conversation, context, direction, piece, options.around ?? 0)) return context;
    }
  }
  conversation.close(context);
  return context;
}

/** All that was said, to compare two runs. */
export const trace = (context: TestContext): string =>
  JSON.stringify([context.messages.said, context.activities.said, context.claimed, context.refusals]);
