// Records in a slot as capture threads write them (native-bindings/src/pool.h): four words and the packet, at multiples of 8.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordSize, walkRecords, writeRecord } from '../../../src/capture/live/records.ts';
import { TestSlot } from './build.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const packet = fc.record({
  bytes: fc.uint8Array({ maxLength: 70 }),
  wirelen: word,
  seconds: word,
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
});

function slotOf(
  packets: readonly { bytes: Uint8Array; wirelen: number; seconds: number; nanoseconds: number }[],
  takes?: () => boolean,
) {
  const slot = new TestSlot(8192, takes);
  slot.bytes.fill(0xff);
  const words = new Uint32Array(slot.bytes.buffer, 0, 2048);
  const starts = [0];
  for (const { bytes, wirelen, seconds, nanoseconds } of packets)
    starts.push(writeRecord(slot.bytes, words, starts.at(-1) ?? 0, bytes, wirelen, seconds, nanoseconds));
  return { slot, words, starts };
}

describe('records', () => {
  it('lie as documented', () => {
    const { slot, starts } = slotOf([{ bytes: Uint8Array.from([1, 2, 3]), wirelen: 99, seconds: 7, nanoseconds: 8 }]);
    const view = new DataView(slot.bytes.buffer);
    // Numbers are in this machine's byte order, which is little-endian wherever Node runs.
    expect([0, 4, 8, 12].map((at) => view.getUint32(at, true))).toEqual([7, 8, 3, 99]);
    expect([...slot.bytes.subarray(16, 19)]).toEqual([1, 2, 3]);
    expect(starts).toEqual([0, 24]);
    expect([0, 1, 8, 9].map(recordSize)).toEqual([16, 24, 24, 32]);
  });

  it('are read as they were written, up to the last (property)', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 50 }), (packets) => {
        const { slot, words, starts } = slotOf(packets);
        const used = starts.at(-1) ?? 0;
        expect(walkRecords(slot, words, 0, used, 113)).toBe(used);
        expect(slot.seen).toEqual(
          packets.map(({ bytes, ...rest }) => ({ ...rest, linktype: 113, hex: Buffer.from(bytes).toString('hex') })),
        );
      }),
    );
  });

  it('are gone on with where the slot took no more', () => {
    let room = 2;
    const packets = [1, 2, 3, 4].map((seconds) => ({ bytes: new Uint8Array(seconds * 5), wirelen: 5, seconds, nanoseconds: 0 }));
    const { slot, words, starts } = slotOf(packets, () => room-- > 0);
    const used = starts[4] ?? 0;
    const stopped = walkRecords(slot, words, 0, used, 1);
    expect(stopped).toBe(starts[2]);
    room = 9;
    expect(walkRecords(slot, words, stopped, used, 1)).toBe(used);
    expect(slot.seen.map(({ seconds }) => seconds)).toEqual([1, 2, 3, 4]);
  });
});
