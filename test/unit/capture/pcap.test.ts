// Expected values are those the files were written from (build.ts); versions and swapped lengths as libpcap documents them in
// pcap-savefile(5).
import { describe, expect, it } from 'vitest';
import { directory, type Order, packetBytes, pcapHeader, pcapRecord, readAll } from './build.ts';

const files = directory();
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const MODIFIED = 0xa1b2cd34;

describe('pcap', () => {
  for (const order of ['LE', 'BE'] as const satisfies Order[])
    for (const [magic, scale] of [
      [MICROSECONDS, 1000],
      [NANOSECONDS, 1],
    ] as const)
      it(`reads ${order} with a fraction of ${scale} ns`, async () => {
        const packets = [packetBytes(1, 60), packetBytes(2, 0), packetBytes(3, 1514)];
        const records = packets.map((bytes, at) => pcapRecord(order, 0xffff_fff0 + at, 999_999 - at, bytes, bytes.length + at));
        const path = files.write(
          `${order}-${scale}.pcap`,
          Buffer.concat([pcapHeader({ order, magic, linktype: 113 }), ...records]),
        );
        const { seen, warnings } = await readAll([path]);
        expect(warnings).toEqual([]);
        expect(seen).toEqual(
          packets.map((bytes, at) => ({
            hex: bytes.toString('hex'),
            wirelen: bytes.length + at,
            seconds: 0xffff_fff0 + at,
            nanoseconds: (999_999 - at) * scale,
            linktype: 113,
          })),
        );
      });

  it('reads the 24-byte record headers of the modified format', async () => {
    const bytes = packetBytes(4, 70);
    const record = pcapRecord('BE', 7, 8, bytes);
    const modified = Buffer.concat([record.subarray(0, 16), Buffer.alloc(8, 0xee), record.subarray(16)]);
    const path = files.write('modified.pcap', Buffer.concat([pcapHeader({ order: 'BE', magic: MODIFIED }), modified, modified]));
    const { seen } = await readAll([path]);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toMatchObject({ hex: bytes.toString('hex'), seconds: 7, nanoseconds: 8000 });
  });

  it('masks the frame check sequence length in the linktype field', async () => {
    const path = files.write(
      'fcs.pcap',
      Buffer.concat([pcapHeader({ linktype: 0x2400_0001 }), pcapRecord('LE', 1, 2, packetBytes(1, 9))]),
    );
    expect((await readAll([path])).seen[0]?.linktype).toBe(1);
  });

  it.each([
    [2, 1],
    [2, 3],
    [543, 0],
  ])('takes the lengths of version %i.%i the other way round when they are', async (major, minor) => {
    const bytes = packetBytes(6, 40);
    const right = pcapRecord('LE', 1, 2, bytes, 90);
    const swapped = Buffer.from(right);
    swapped.writeUInt32LE(90, 8);
    swapped.writeUInt32LE(40, 12);
    const path = files.write(`v${major}.${minor}.pcap`, Buffer.concat([pcapHeader({ major, minor }), swapped, right, swapped]));
    const { seen } = await readAll([path]);
    expect(seen.map(({ hex, wirelen }) => [hex, wirelen])).toEqual(Array(3).fill([bytes.toString('hex'), 90]));
  });

  it('keeps a captured length above the original one', async () => {
    const path = files.write('longer.pcap', Buffer.concat([pcapHeader(), pcapRecord('LE', 1, 2, packetBytes(1, 50), 0)]));
    expect((await readAll([path])).seen[0]).toMatchObject({ hex: packetBytes(1, 50).toString('hex'), wirelen: 50 });
  });

  it('carries a fraction of a second and more into the seconds', async () => {
    const path = files.write('fraction.pcap', Buffer.concat([pcapHeader(), pcapRecord('LE', 1, 3_000_007, packetBytes(1, 5))]));
    expect((await readAll([path])).seen[0]).toMatchObject({ seconds: 4, nanoseconds: 7000 });
  });

  it.each([262_144, 262_145, 0xffff_ffff])('believes packets of 262144 bytes, not one more: %i', async (length) => {
    const damaged = pcapRecord('LE', 1, 2, Buffer.alloc(0));
    damaged.writeUInt32LE(length, 8);
    const before = pcapRecord('LE', 1, 1, packetBytes(1, 60));
    const path = files.write('long.pcap', Buffer.concat([pcapHeader(), before, damaged, Buffer.alloc(262_144), before]));
    const { seen, warnings } = await readAll([path]);
    if (length === 262_144) {
      expect(seen).toHaveLength(3);
      expect(warnings).toEqual([]);
    } else {
      expect(seen).toHaveLength(1);
      expect(warnings).toEqual([`${path}: at byte 100: damaged: a packet of ${length} bytes; the rest is not read`]);
    }
  });

  it('takes a file without packets for what it is', async () => {
    expect(await readAll([files.write('empty.pcap', pcapHeader())])).toEqual({ seen: [], warnings: [], fills: 1 });
  });
});
