// Expected values are those the files were written from (build.ts). Times are checked against exact integer arithmetic.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directory, Pcapng, packetBytes, readAll } from './build.ts';

const files = directory();
const LE = new Pcapng('LE');
const BE = new Pcapng('BE');
const NAME_RESOLUTION = 4;
const INTERFACE_STATISTICS = 5;
const DECRYPTION_SECRETS = 10;

/** One interface with these options, one packet with this stamp: its time. */
async function timeOf(order: Pcapng, stamp: bigint, options: readonly Buffer[]): Promise<[number, number]> {
  const blocks = [order.section(), order.description(1, 0, options), order.enhanced(0, stamp, packetBytes(1, 20))];
  const { seen, warnings } = await readAll([files.write('time.pcapng', Buffer.concat(blocks))], 4096);
  expect(warnings).toEqual([]);
  return [seen[0]!.seconds, seen[0]!.nanoseconds];
}

describe('pcapng', () => {
  it('reads all kinds of packet blocks, in sections of either byte order, and passes over the rest', async () => {
    const section = (g: Pcapng, second: bigint): Buffer[] => [
      g.section(1, g.option(4, Buffer.from('a writer'))),
      g.description(1, 64, [g.option(2, Buffer.from('eth0')), g.option(0, Buffer.alloc(0))]),
      g.description(101, 0, [g.resolution(9)]),
      g.block(NAME_RESOLUTION, Buffer.alloc(40, 0x11)),
      g.enhanced(0, second * 1_000_000n + 5n, packetBytes(1, 33), 99, g.option(2, Buffer.from([0, 0, 0, 1]))),
      g.block(DECRYPTION_SECRETS, Buffer.alloc(1000, 0x22)),
      g.enhanced(1, second * 1_000_000_000n + 7n, packetBytes(2, 34)),
      g.packet(1, second * 1_000_000_000n + 8n, packetBytes(3, 35), 350),
      g.simple(packetBytes(4, 64), 640),
      g.simple(packetBytes(5, 21)),
      g.block(INTERFACE_STATISTICS, Buffer.alloc(12)),
      g.block(0x4000_0bad, Buffer.from([0, 0, 0x7e, 0xd9, 1, 2, 3])),
    ];
    const path = files.write('kinds.pcapng', Buffer.concat([...section(LE, 100n), ...section(BE, 200n), ...section(LE, 300n)]));
    const expected = [100, 200, 300].flatMap((seconds) => [
      { hex: packetBytes(1, 33).toString('hex'), wirelen: 99, seconds, nanoseconds: 5000, linktype: 1 },
      { hex: packetBytes(2, 34).toString('hex'), wirelen: 34, seconds, nanoseconds: 7, linktype: 101 },
      { hex: packetBytes(3, 35).toString('hex'), wirelen: 350, seconds, nanoseconds: 8, linktype: 101 },
      { hex: packetBytes(4, 64).toString('hex'), wirelen: 640, seconds, nanoseconds: 8, linktype: 1 },
      { hex: packetBytes(5, 21).toString('hex'), wirelen: 21, seconds, nanoseconds: 8, linktype: 1 },
    ]);
    // In one piece, and with blocks longer than the slot that are passed over.
    for (const capacity of [1 << 20, 512, 160]) {
      const { seen, warnings } = await readAll([path], capacity);
      expect(warnings).toEqual([]);
      expect(seen).toEqual(expected);
    }
  });

  it.each([
    [3, 1_700_000_000_123n, 1_700_000_000, 123_000_000],
    [6, 1_700_000_000_123_456n, 1_700_000_000, 123_456_000],
    [7, 17_000_000_001_234_567n, 1_700_000_000, 123_456_700],
    [9, 1_700_000_000_123_456_789n, 1_700_000_000, 123_456_789],
    [12, 1_700_000_000_123_456_789n, 1_700_000, 123_456],
    [0x80 | 10, 1_700_000_000n * 1024n + 513n, 1_700_000_000, 500_976_562],
    [0x80 | 32, (1_700_000_000n << 32n) + 0xffff_ffffn, 1_700_000_000, 999_999_999],
    [0, 1_700_000_000n, 1_700_000_000, 0],
  ])('reads stamps of resolution %i', async (resolution, stamp, seconds, nanoseconds) => {
    expect(await timeOf(LE, stamp, [LE.resolution(resolution)])).toEqual([seconds, nanoseconds]);
    expect(await timeOf(BE, stamp, [BE.resolution(resolution)])).toEqual([seconds, nanoseconds]);
  });

  it('splits any stamp of any resolution exactly', async () => {
    const stamps = fc.tuple(fc.bigInt(0n, (1n << 64n) - 1n), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(stamps, async ([stamp, resolution]) => {
        const units = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
        const seconds = stamp / units;
        const nanoseconds = ((stamp % units) * 1_000_000_000n) / units;
        const expected = [Number(seconds > 0xffff_ffffn ? 0xffff_ffffn : seconds), Number(nanoseconds)];
        expect(await timeOf(LE, stamp, [LE.resolution(resolution)])).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('adds if_tsoffset, and keeps times between 1970 and 2106', async () => {
    for (const g of [LE, BE]) {
      expect(await timeOf(g, 5_000_001n, [g.offset(1_700_000_000n)])).toEqual([1_700_000_005, 1000]);
      expect(await timeOf(g, 5_000_001n, [g.offset(-3n)])).toEqual([2, 1000]);
      expect(await timeOf(g, 5_000_001n, [g.offset(-6n)])).toEqual([0, 0]);
      expect(await timeOf(g, 5_000_001n, [g.offset(1n << 40n)])).toEqual([0xffff_ffff, 1000]);
    }
  });

  it('finds options behind others of any length', async () => {
    for (const g of [LE, BE])
      for (const length of [0, 1, 2, 3, 4, 5])
        expect(await timeOf(g, 1_000_001n, [g.option(3, Buffer.alloc(length, 9)), g.resolution(3), g.offset(1n)])).toEqual([
          1001, 1_000_000,
        ]);
  });

  it('forgets the interfaces of a section at the next one', async () => {
    const section = [LE.section(), LE.description(1), LE.enhanced(0, 1n, packetBytes(1, 40))];
    const bare = [BE.section(), BE.enhanced(0, 1n, packetBytes(2, 40))];
    const path = files.write('sections.pcapng', Buffer.concat([...section, ...bare, ...section]));
    const { seen, warnings } = await readAll([path]);
    expect(seen).toHaveLength(2);
    expect(warnings).toEqual([expect.stringContaining('1 passed over')]);
  });

  it('does not read options beyond their block or their end', async () => {
    const lying = Buffer.from(LE.resolution(3));
    lying.writeUInt16LE(400, 2);
    expect(await timeOf(LE, 1_000_001n, [lying])).toEqual([1, 1000]);
    expect(await timeOf(LE, 1_000_001n, [LE.option(0, Buffer.alloc(0)), LE.resolution(3)])).toEqual([1, 1000]);
    expect(await timeOf(LE, 1_000_001n, [LE.option(9, Buffer.from([3, 3]))])).toEqual([1, 1000]);
  });

  it('says once what it passed over, and goes on', async () => {
    const tooLong = LE.enhanced(0, 1n, packetBytes(1, 40));
    tooLong.writeUInt32LE(45, 20);
    const blocks = [
      LE.section(),
      LE.simple(packetBytes(9, 9)),
      LE.description(1),
      LE.enhanced(1, 1n, packetBytes(1, 40)),
      tooLong,
      LE.block(6, Buffer.alloc(8)),
      LE.block(2, Buffer.alloc(16)),
      LE.enhanced(0, 2n, packetBytes(2, 40)),
    ];
    const path = files.write('odd.pcapng', Buffer.concat(blocks));
    const { seen, warnings } = await readAll([path]);
    expect(seen.map(({ hex }) => hex)).toEqual([packetBytes(2, 40).toString('hex')]);
    expect(warnings).toEqual([
      `${path}: 2 passed over, the first at byte 28: a packet of an interface that was not described`,
      `${path}: 1 passed over, the first at byte 148: a packet longer than its block`,
      `${path}: 2 passed over, the first at byte 220: a packet block without room for its header`,
    ]);
  });

  it.each([
    ['a block whose two lengths differ', LE.block(6, Buffer.alloc(60), 60)],
    ['a block of 8 bytes', Buffer.from('0600000008000000080000000800000008000000', 'hex')],
    ['a block of 30 bytes', Buffer.concat([Buffer.from('060000001e000000', 'hex'), Buffer.alloc(40)])],
    ['a packet block of 1048576 bytes', Buffer.concat([Buffer.from('0600000000001000', 'hex'), Buffer.alloc(40)])],
    ['an interface description without room for its header', LE.block(1, Buffer.alloc(4))],
    ['a section of version 2', LE.section(2)],
    ['a section header without byte-order magic', LE.block(0x0a0d0d0a, Buffer.alloc(16))],
  ])('stops at %s', async (what, block) => {
    const good = [LE.section(), LE.description(1), LE.enhanced(0, 1n, packetBytes(1, 40))];
    const start = Buffer.concat(good).length;
    const path = files.write('damaged.pcapng', Buffer.concat([...good, block, ...good]));
    const { seen, warnings } = await readAll([path]);
    expect(seen).toHaveLength(1);
    expect(warnings).toEqual([`${path}: at byte ${start}: damaged: ${what}; the rest is not read`]);
  });

  it('reads a section without blocks', async () => {
    expect((await readAll([files.write('bare.pcapng', BE.section())])).seen).toEqual([]);
  });
});
