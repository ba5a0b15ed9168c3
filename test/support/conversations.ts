// Real conversations for the tests that run over the registry: what each protocol's decoder was given in the captures of
// fixtures/, flow by flow, and a driver that gives it again in other pieces.
import { openCapture } from '../../src/capture/open.ts';
import type { SlotWriter } from '../../src/capture/source.ts';
import { Packet } from '../../src/ip/packet.ts';
import { TCP_OR_UDP } from '../../src/ip/verdict.ts';
import { type Conversation, type Direction, GIVE_UP, type Protocol, type Transport } from '../../src/protocols/contract.ts';
import { protocols } from '../../src/protocols/registry.ts';
import { flowHash } from '../../src/shard/flow-hash.ts';
import { PARTITIONS } from '../../src/slots/layout.ts';
import { Dispatcher } from '../../src/transport/dispatch.ts';
import { FlowContext } from '../../src/transport/flow-context.ts';
import { Flows } from '../../src/transport/flows.ts';
import { captures, fixture } from './fixtures.ts';
import { TestContext } from './record.ts';

export interface Piece {
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

/** What one flow of a protocol carried. */
export interface Recorded {
  readonly protocol: Protocol;
  readonly transport: Transport;
  readonly serverPort: number;
  readonly pieces: Piece[];
}

/** Longest flow kept, and how many of each protocol and transport. */
const MAX_BYTES = 24_000;
const PER_PROTOCOL = 12;

/** Flows of all protocols in the captures, a bounded number of each. */
export async function recordedConversations(): Promise<readonly Recorded[]> {
  const found: Recorded[] = [];
  for (const name of captures) await record(fixture(name), found);
  const counts = new Map<string, number>();
  return found.filter(({ protocol, transport, pieces }) => {
    const size = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
    if (pieces.length === 0 || size > MAX_BYTES) return false;
    const key = `${protocol.name} ${transport}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= PER_PROTOCOL;
  });
}

async function record(path: string, found: Recorded[]): Promise<void> {
  const nobody = { sender: () => undefined, address: () => undefined, end: () => undefined };
  const context = new FlowContext({ refused: () => undefined }, nobody);
  const wrapped = protocols.map((protocol) => ({
    ...protocol,
    open(transport: Transport): Conversation {
      const recorded: Recorded = { protocol, transport, serverPort: context.serverPort, pieces: [] };
      found.push(recorded);
      // Everything that passes is taken, unread: the flow's whole data, in order.
      return {
        want: () => 1,
        data(bytes, start, end) {
          recorded.pieces.push({ direction: context.direction, bytes: bytes.slice(start, end) });
          return end - start;
        },
        gap: () => true,
        close: () => undefined,
      };
    },
  }));
  // A dispatcher that never reuses: each flow gets a recorder of its own.
  const dispatcher = new Dispatcher(wrapped);
  dispatcher.giveBack = () => undefined;
  const flows = new Flows(context, dispatcher);
  const packet = new Packet();
  const bytes = new Uint8Array(1 << 20);
  const writer: SlotWriter = {
    bytes,
    capacity: bytes.length,
    add(offset, caplen, _wirelen, seconds, nanoseconds, linktype) {
      context.frame++;
      context.seconds = seconds;
      context.nanoseconds = nanoseconds;
      if (packet.walk(bytes, offset, offset + caplen, linktype) !== TCP_OR_UDP) return true;
      const hash = flowHash(packet);
      flows.packet(packet, hash, hash % PARTITIONS);
      return true;
    },
  };
  const source = await openCapture([path]);
  while (await source.fill(writer));
  await source.close();
}

/** How pieces are handed over. */
export interface Manner {
  /** Splits a stream piece; whole when left out. */
  readonly cut?: (piece: Uint8Array) => Uint8Array[];
  /** What surrounds the bytes in memory. */
  readonly poison?: number;
  /** Overwrites the bytes after each call. */
  readonly scribble?: boolean;
  /** Numbers of pieces that are lost. */
  readonly lost?: ReadonlySet<number>;
  /** One that another flow has had, instead of a new one. */
  readonly conversation?: Conversation;
}

/** Everything a decoder said, without frames (which depend on the pieces). */
export interface Spoken {
  readonly messages: unknown[];
  readonly activities: unknown[];
  readonly claims: unknown[];
}

const MARGIN = 64;
const MAX_BUFFER = 2 << 20;

/** Gives a recorded flow to a conversation, as the transport would; throws where the conversation breaks its contract. */
export function speak(recorded: Pick<Recorded, 'protocol' | 'transport' | 'serverPort' | 'pieces'>, manner: Manner = {}): Spoken {
  const context = new TestContext();
  context.transport = recorded.transport;
  context.serverPort = recorded.serverPort;
  const conversation = manner.conversation ?? recorded.protocol.open(recorded.transport);
  const buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  const skips: [number, number] = [0, 0];
  let alive = true;
  const give = (direction: Direction, piece: Uint8Array): void => {
    const skipped = Math.min(skips[direction], piece.length);
    skips[direction] -= skipped;
    const rest = piece.subarray(skipped);
    if (rest.length === 0 || !alive) return;
    const joined = recorded.transport === 'udp' ? rest : concat(buffers[direction], rest);
    context.direction = direction;
    let at = 0;
    while (at < joined.length && (recorded.transport === 'udp' || joined.length - at >= conversation.want(direction))) {
      const memory = new Uint8Array(joined.length - at + 2 * MARGIN).fill(manner.poison ?? 0);
      memory.set(joined.subarray(at), MARGIN);
      const used = conversation.data(memory, MARGIN, memory.length - MARGIN, context);
      if (manner.scribble === true) memory.fill(0xa5);
      if (!Number.isSafeInteger(used) || used < GIVE_UP) throw new Error(`data() returned ${used}`);
      if (used === GIVE_UP) {
        alive = false;
        conversation.close(context);
        return;
      }
      if (used > joined.length - at) skips[direction] = used - (joined.length - at);
      at = Math.min(joined.length, at + used);
      if (used === 0 || recorded.transport === 'udp') break;
    }
    if (conversation.want(direction) < 1) throw new Error(`want() is ${conversation.want(direction)}`);
    if (recorded.transport === 'tcp') buffers[direction] = joined.slice(at);
    if (buffers[direction].length > MAX_BUFFER) throw new Error('a message without end is waited for');
  };
  recorded.pieces.forEach((piece, number) => {
    context.frame++;
    if (manner.lost?.has(number)) {
      if (!alive || recorded.transport === 'udp') return;
      context.direction = piece.direction;
      buffers[piece.direction] = new Uint8Array(0);
      skips[piece.direction] = 0;
      if (!conversation.gap(piece.bytes.length, context)) alive = false;
      return;
    }
    for (const part of manner.cut === undefined || recorded.transport === 'udp' ? [piece.bytes] : manner.cut(piece.bytes))
      give(piece.direction, part);
  });
  context.direction = 0;
  conversation.close(context);
  return {
    messages: context.messages.said.map(withoutFrames),
    activities: context.activities.said.map(withoutFrames),
    claims: context.claimed,
  };
}

function withoutFrames(said: { [key: string]: unknown }): unknown {
  const { frame: _frame, firstFrame: _first, seconds: _s, nanoseconds: _n, endSeconds: _e, endNanoseconds: _en, ...rest } = said;
  return rest;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Cuts into pieces of a size. */
export function everyBytes(size: number): (piece: Uint8Array) => Uint8Array[] {
  return (piece) => Array.from({ length: Math.ceil(piece.length / size) }, (_, i) => piece.subarray(i * size, (i + 1) * size));
}
