// What every protocol of the registry must hold, proven on real conversations: a new protocol gets these tests by its line.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protocols } from '../../src/protocols/registry.ts';
import { everyBytes, type Piece, type Recorded, recordedConversations, speak } from '../support/conversations.ts';

const recorded = await recordedConversations();
const onWire = protocols.filter((protocol) => protocol.ports.length > 0);
/** Fuzzing runs for a time, not a count: longer in CI than at home. */
const FUZZ_MS = process.env['CI'] === 'true' ? 1500 : 500;
/** Protocols that the lab's captures do not hold: arbitrary bytes only. */
const UNSEEN: readonly string[] = [];
/** Spoken over TCP, but not there: nothing of streams is proven of them here. LLMNR's are read as those of DNS are. */
const UNSEEN_STREAMS: readonly string[] = ['llmnr'];

describe.each(onWire.map((protocol) => [protocol.name, protocol] as const))('%s', (name, protocol) => {
  const flows = recorded.filter((one) => one.protocol === protocol);
  const streams = flows.filter((one) => one.transport === 'tcp');

  it('is in the captures', () => {
    if (!UNSEEN.includes(name)) expect(flows.length).toBeGreaterThan(0);
    const isOverTcp = protocol.ports.some((one) => one.transport === 'tcp');
    expect(streams.length > 0).toBe(isOverTcp && !UNSEEN_STREAMS.includes(name));
  });

  it('says something of them, or carries what does', () => {
    const said = flows.map((flow) => speak(flow));
    if (flows.length > 0) expect(said.some((one) => one.messages.length + one.activities.length > 0)).toBe(true);
  });

  it('reads nothing outside its range: what lies around the bytes changes nothing', () => {
    for (const flow of flows) expect(speak(flow, { poison: 0xff })).toEqual(speak(flow, { poison: 0x00 }));
  });

  it('keeps nothing of the buffer: overwriting it afterwards changes nothing', () => {
    for (const flow of flows) expect(speak(flow, { scribble: true })).toEqual(speak(flow));
  });

  // A flow without TCP comes in datagrams, which nobody cuts.
  if (streams.length > 0) {
    it.each([1, 2, 3, 5, 16, 61, 256])('says the same when streams come in pieces of %i bytes', (size) => {
      for (const flow of streams) expect(speak(flow, { cut: everyBytes(size) })).toEqual(speak(flow));
    });

    it('says the same when one cut is made anywhere', () => {
      for (const flow of streams.slice(0, 4)) {
        const whole = speak(flow);
        const longest = Math.max(...flow.pieces.map((piece) => piece.bytes.length));
        for (let at = 1; at < longest; at += Math.max(1, Math.floor(longest / 200)))
          expect(speak(flow, { cut: (piece) => [piece.subarray(0, at), piece.subarray(at)] })).toEqual(whole);
      }
    });
  }

  it('is as new when its flow has ended anywhere: the next flow may get it', () => {
    // The next flow may be one of which the beginning was not seen, so that nothing in it says whose it is.
    const next = flows.slice(0, 3).flatMap((flow) => [0, 2, 4].map((from) => ({ ...flow, pieces: flow.pieces.slice(from) })));
    const fresh = next.map((flow) => speak(flow));
    for (const before of flows) {
      const ends = before.pieces.length;
      for (let count = 1; count <= ends; count += Math.max(1, Math.floor(ends / 4)))
        for (const [index, after] of next.entries()) {
          if (after.transport !== before.transport) continue;
          const conversation = protocol.open(before.transport);
          // The last piece came whole, or in part.
          const pieces = before.pieces.slice(0, count).map(({ direction, bytes }, at) => ({
            direction,
            bytes: at === count - 1 && index % 2 === 0 ? bytes.subarray(0, Math.ceil(bytes.length * 0.3)) : bytes,
          }));
          speak({ ...before, pieces }, { conversation });
          expect(speak(after, { conversation })).toEqual(fresh[index]);
        }
    }
  });

  it('goes on or gives up, but does not break, when any piece is lost', () => {
    for (const flow of flows) for (let i = 0; i < flow.pieces.length; i++) speak(flow, { lost: new Set([i]) });
  });

  it('is total: mutated conversations neither throw nor make it wait without end', () => {
    if (flows.length === 0) return;
    fc.assert(
      fc.property(fc.constantFrom(...flows), fc.array(mutation(), { minLength: 1, maxLength: 6 }), (flow, mutations) => {
        speak({ ...flow, pieces: mutations.reduce(mutate, flow.pieces) });
      }),
      { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false },
    );
  });

  it('is total: arbitrary bytes neither throw nor make it wait without end', () => {
    const transports = [...new Set(protocol.ports.map((one) => one.transport))];
    fc.assert(
      fc.property(
        fc.constantFrom(...transports),
        fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 200 })), { maxLength: 8 }),
        (transport, parts) => {
          const pieces = parts.map(([back, bytes]): Piece => ({ direction: back ? 1 : 0, bytes }));
          for (const { direction, bytes } of pieces)
            for (const hinted of [true, false])
              expect(['yes', 'no', 'more']).toContain(protocol.probe(bytes, 0, bytes.length, direction, transport, hinted));
          speak({ protocol, transport, serverPort: 0, pieces });
        },
      ),
      { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false },
    );
  });

  it('answers the probe alike whatever lies around the bytes', () => {
    for (const flow of flows)
      for (const { bytes, direction } of flow.pieces.slice(0, 4))
        for (const hinted of [true, false])
          for (let end = 1; end <= Math.min(bytes.length, 80); end++) {
            const answers = [0x00, 0xff].map((poison) => {
              const memory = new Uint8Array(end + 64).fill(poison);
              memory.set(bytes.subarray(0, end), 32);
              return protocol.probe(memory, 32, 32 + end, direction, flow.transport, hinted);
            });
            expect(answers[0]).toBe(answers[1]);
          }
  });
});

it('no two protocols claim the same flow: what one recognises off its port, no other does', () => {
  for (const flow of recorded) {
    const first = flow.pieces[0];
    if (
      first === undefined ||
      flow.protocol.probe(first.bytes, 0, first.bytes.length, first.direction, flow.transport, false) !== 'yes'
    )
      continue;
    const claimants = onWire.filter(
      (one) => one.probe(first.bytes, 0, first.bytes.length, first.direction, flow.transport, false) === 'yes',
    );
    expect(claimants.map((one) => one.name)).toEqual([flow.protocol.name]);
  }
});

interface Mutation {
  readonly kind: 'flip' | 'insert' | 'delete' | 'truncate' | 'duplicate' | 'swap' | 'length';
  readonly piece: number;
  readonly at: number;
  readonly value: number;
}

function mutation(): fc.Arbitrary<Mutation> {
  return fc.record({
    kind: fc.constantFrom('flip', 'insert', 'delete', 'truncate', 'duplicate', 'swap', 'length' as const) as fc.Arbitrary<
      Mutation['kind']
    >,
    piece: fc.nat(),
    at: fc.nat(),
    value: fc.nat(255),
  });
}

/** One change to a conversation; `length` writes a telling value where lengths like to stand. */
function mutate(pieces: Recorded['pieces'], { kind, piece, at, value }: Mutation): Recorded['pieces'] {
  const number = piece % pieces.length;
  const old = pieces[number] as Piece;
  const where = old.bytes.length === 0 ? 0 : at % old.bytes.length;
  const changed = pieces.slice();
  const put = (bytes: Uint8Array): void => {
    changed[number] = { ...old, bytes };
  };
  if (kind === 'flip' || kind === 'length') {
    const bytes = old.bytes.slice();
    bytes[where] = kind === 'flip' ? (bytes[where] ?? 0) ^ (1 << (value & 7)) : [0x00, 0x7f, 0x80, 0x81, 0x84, 0xff][value % 6]!;
    put(bytes);
  } else if (kind === 'insert') put(Uint8Array.from([...old.bytes.subarray(0, where), value, ...old.bytes.subarray(where)]));
  else if (kind === 'delete')
    put(Uint8Array.from([...old.bytes.subarray(0, where), ...old.bytes.subarray(where + 1 + (value & 15))]));
  else if (kind === 'truncate') put(old.bytes.slice(0, where));
  else if (kind === 'duplicate') changed.splice(number, 0, old);
  else {
    const other = at % pieces.length;
    changed[number] = pieces[other] as Piece;
    changed[other] = old;
  }
  return changed.filter((one) => one.bytes.length > 0).length > 0 ? changed.filter((one) => one.bytes.length > 0) : pieces;
}
