// What a source does with slots: records cut by a slot's end, refusals, files cut or changed anywhere. Reading in one piece is
// the reference: any grouping into slots must give the same packets in the same order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../../src/capture/open.ts';
import { AdtapError } from '../../../src/errors.ts';
import { directory, Pcapng, packetBytes, pcapHeader, pcapRecord, readAll, TestSlot } from './build.ts';

const files = directory();
const ng = new Pcapng('BE');
const LONGEST = 90;
const lengths = Array.from({ length: 40 }, (_, at) => (at * 37) % (LONGEST + 1));
const PCAP = Buffer.concat([pcapHeader(), ...lengths.map((length, at) => pcapRecord('LE', at, at, packetBytes(at, length)))]);
const PCAPNG = Buffer.concat([
  ng.section(),
  ng.description(1),
  ...lengths.flatMap((length, at) => [
    ng.enhanced(0, BigInt(at), packetBytes(at, length)),
    ng.block(0xbad, packetBytes(at, at * 4)),
  ]),
]);
const samples = [
  ['pcap', PCAP, files.write('sample.pcap', PCAP)],
  ['pcapng', PCAPNG, files.write('sample.pcapng', PCAPNG)],
] as const;
/** Longest record of both samples: a slot must hold it. */
const LEAST_SLOT = LONGEST + 2 + 32;

describe.each(samples)('a %s file', (name, bytes, path) => {
  it('gives the same packets through slots of any size', async () => {
    const { seen } = await readAll([path]);
    expect(seen.map(({ hex }) => hex)).toEqual(lengths.map((length, at) => packetBytes(at, length).toString('hex')));
    for (let capacity = LEAST_SLOT; capacity < LEAST_SLOT + 140; capacity++) {
      const read = await readAll([path], capacity);
      expect(read.seen).toEqual(seen);
      expect(read.warnings).toEqual([]);
      expect(read.fills).toBeGreaterThan(bytes.length / capacity - 20);
    }
  });

  it('gives each packet once when slots refuse some at random', async () => {
    const { seen } = await readAll([path]);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: LEAST_SLOT, max: 6000 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        async (capacity, dice) => {
          const read = await readAll([path], capacity, () => dice.next().value !== 0);
          expect(read.seen).toEqual(seen);
          expect(read.warnings).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives what lies before a cut, wherever that is, with a warning', async () => {
    const { seen } = await readAll([path]);
    const header = name === 'pcap' ? 24 : 28;
    let before = 0;
    for (let length = header; length < bytes.length; length++) {
      const cut = files.write('cut', bytes.subarray(0, length));
      const read = await readAll([cut], 700);
      expect(read.seen).toEqual(seen.slice(0, read.seen.length));
      expect(read.seen.length).toBeGreaterThanOrEqual(before);
      before = read.seen.length;
      expect(read.warnings.length).toBeLessThanOrEqual(1);
      for (const warning of read.warnings) expect(warning).toMatch(/cut: at byte \d+: the last record is truncated/);
    }
    expect(before).toBeGreaterThanOrEqual(seen.length - 1);
  });

  it('says where the truncated record starts', async () => {
    const cut = files.write('cut', bytes.subarray(0, -1));
    const last =
      name === 'pcap' ? bytes.length - 16 - lengths.at(-1)! : bytes.length - ng.block(0xbad, packetBytes(39, 39 * 4)).length;
    for (const capacity of [1 << 20, 500, LEAST_SLOT])
      expect((await readAll([cut], capacity)).warnings).toEqual([
        `${cut}: at byte ${last}: the last record is truncated; what is before it counts`,
      ]);
  });

  it('stops with a warning at a record that no slot can hold', async () => {
    const { seen, warnings, fills } = await readAll([path], 100);
    expect(fills).toBeLessThan(20);
    expect(seen.length).toBeLessThan(lengths.length);
    expect(warnings).toEqual([expect.stringMatching(/damaged: a record of \d+ bytes; the rest is not read$/)]);
  });

  it('survives any change, in the same way through slots of any size', async () => {
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      to: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(bytes.length), async (changes, length) => {
        const changed = Buffer.from(bytes);
        for (const { at, to } of changes) changed[at] = to;
        const mutant = files.write('mutant', changed.subarray(0, Math.max(length, bytes.length >> 1)));
        try {
          const whole = await readAll([mutant]);
          expect(whole.seen.length).toBeLessThanOrEqual(bytes.length / 16);
          expect(whole.warnings.length).toBeLessThanOrEqual(8);
          // A slot above the largest record there can be here, but below the file.
          const pieces = await readAll([mutant], changed.length - 1);
          expect(pieces.seen.slice(0, whole.seen.length)).toEqual(whole.seen.slice(0, pieces.seen.length));
        } catch (error) {
          if (!(error instanceof AdtapError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('a file source', () => {
  it('stays at its end, and its progress is the whole file', async () => {
    const source = await openCapture([samples[0][2]]);
    const slot = new TestSlot(1 << 16);
    expect(source.progress()).toEqual({ read: 24, total: PCAP.length });
    expect(await source.fill(slot)).toBe(false);
    expect(await source.fill(slot)).toBe(false);
    expect(slot.seen).toHaveLength(lengths.length);
    expect(source.progress()).toEqual({ read: PCAP.length, total: PCAP.length });
    await source.close();
  });

  it('gives no slot away empty, whatever lies before the first packet', async () => {
    const blocks = [
      ng.section(),
      ng.description(1),
      ng.block(0xbad, Buffer.alloc(50_000)),
      ng.enhanced(0, 1n, packetBytes(1, 9)),
      ng.section(),
    ];
    const source = await openCapture([files.write('late.pcapng', Buffer.concat(blocks))]);
    const slot = new TestSlot(5000);
    await source.fill(slot);
    expect(slot.seen).toHaveLength(1);
    await source.close();
  });

  it('does not wait for a plain file', async () => {
    const source = await openCapture([samples[1][2]]);
    const slot = new TestSlot(1000);
    for (let more: boolean | Promise<boolean> = true; more; ) {
      more = source.fill(slot);
      expect(typeof more).toBe('boolean');
    }
    await source.close();
  });

  it.each(samples)('gives a %s that one slot refused to smaller ones', async (_name, _bytes, path) => {
    const { seen } = await readAll([path]);
    const source = await openCapture([path]);
    let left = 5;
    const large = new TestSlot(1 << 16, () => left-- > 0);
    expect(await source.fill(large)).toBe(true);
    let turn = 0;
    const small = new TestSlot(LEAST_SLOT + 100, () => turn++ % 3 !== 2);
    while (await source.fill(small));
    expect([...large.seen, ...small.seen]).toEqual(seen);
    expect(source.warnings).toEqual([]);
    await source.close();
  });

  it('takes up no more memory than a slot when packets are refused again and again', async () => {
    const path = files.write(
      'many.pcap',
      Buffer.concat([pcapHeader(), ...Array<Buffer>(3000).fill(pcapRecord('LE', 1, 1, packetBytes(1, 84)))]),
    );
    let turn = 0;
    const { seen, fills } = await readAll([path], 10_000, () => turn++ % 2 === 0);
    expect(seen).toHaveLength(3000);
    expect(fills).toBeGreaterThan(2999);
  });
});
