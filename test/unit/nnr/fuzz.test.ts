// Whatever a peer says, the readers come to an end, throw nothing, and say only what can be a name; and how the bytes were cut
// into segments changes nothing.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Feed, type Reader } from '../../../src/nnr/active/dialogue.ts';
import { readStatus } from '../../../src/nnr/active/netbios.ts';
import { BindAnswer } from '../../../src/nnr/active/ntlm-rpc.ts';
import { dnsName, netbiosName, type Outcome } from '../../../src/nnr/active/outcome.ts';
import { RdpAnswer } from '../../../src/nnr/active/rdp.ts';
import { readResponse, reverseName } from '../../../src/nnr/active/reverse-dns.ts';
import { fixture } from '../../support/fixtures.ts';

const recorded = readFileSync(fixture('nnr/answers.hex'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => Buffer.from(line.split(' ')[1] ?? '', 'hex'));
const [win10 = Buffer.alloc(0)] = recorded;

/** Recorded answers with some bytes changed and the end cut off, or bytes from nowhere. */
const damaged = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...recorded),
        fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { maxLength: 8 }),
        fc.option(fc.nat(4095), { nil: 4096 }),
        fc.boolean(),
      )
      .map(([whole, changes, end, isOurs]) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        if (isOurs && bytes.length > 16) bytes.writeUInt32LE(1, 12);
        return bytes.subarray(0, end);
      }),
  },
);

function run(reader: Reader, pieces: readonly Uint8Array[]): Outcome | null {
  const feed = new Feed(reader, () => undefined);
  for (const piece of pieces) {
    const outcome = feed.push(piece);
    if (outcome !== null) return outcome;
  }
  return null;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length)).filter((piece) => piece.length > 0);
}

function expectSound(outcome: Outcome | null): void {
  if (outcome === null) return;
  expect(outcome.evidence).not.toBe('');
  if (!('names' in outcome)) return;
  const { netbios, dns, netbiosDomain, users } = outcome.names;
  for (const name of [netbios, netbiosDomain, ...users]) expect(name === '' || netbiosName(name) === name).toBe(true);
  expect(dns === '' || dnsName(dns) === dns).toBe(true);
  expect(netbios + dns).not.toBe('');
}

const RUNS = { numRuns: 3000 };

describe('whatever comes', () => {
  it.each([
    ['a bind_ack', () => new BindAnswer(), Buffer.alloc(0)],
    ['the first answer of RDP', () => new RdpAnswer(), Buffer.alloc(0)],
    ['TLS of RDP', () => new RdpAnswer(), Buffer.from('030000130ed000001234000201080001000000', 'hex')],
  ] as const)('is read as %s, in one piece or many', (_, reader, before) => {
    fc.assert(
      fc.property(damaged, fc.array(fc.nat(), { maxLength: 6 }), (said, places) => {
        const bytes = Buffer.concat([before, said]);
        const outcome = run(reader(), [bytes]);
        expectSound(outcome);
        expect(run(reader(), cut(bytes, places))).toEqual(outcome);
      }),
      RUNS,
    );
  });

  it('is read as a node status', () => {
    fc.assert(
      fc.property(damaged, (bytes) => expectSound(bytes.length < 2 ? null : readStatus(bytes, (bytes[0]! << 8) | bytes[1]!))),
      RUNS,
    );
  });

  it('is read as a response of DNS', () => {
    fc.assert(
      fc.property(damaged, fc.constantFrom(1, 12, 28), (bytes, type) => {
        const id = bytes.length < 2 ? 0 : (bytes[0]! << 8) | bytes[1]!;
        const response = readResponse(bytes, id, reverseName('10.77.0.10'), type);
        expect(response === null || response.values.length <= 256).toBe(true);
      }),
      RUNS,
    );
  });

  it('is never read beyond the message: what lies behind it changes nothing', () => {
    for (const end of Array.from({ length: win10.length }, (_, i) => i)) {
      const outcomes = [0x00, 0xff].map((poison) => {
        const bytes = Buffer.alloc(win10.length + 64, poison);
        win10.copy(bytes, 0, 0, end);
        bytes.writeUInt32LE(1, 12);
        return run(new BindAnswer(), [bytes.subarray(0, end)]);
      });
      expect(outcomes[0]).toEqual(outcomes[1]);
    }
  });
});
