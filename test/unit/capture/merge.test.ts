// Several files as one. The reference is a stable sort of all packets by time, for files that are in order of time themselves.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../../src/capture/open.ts';
import { directory, packetBytes, pcapHeader, pcapRecord, readAll, type Seen } from './build.ts';

const files = directory();

const byTime = (a: Seen, b: Seen): number => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;

describe('a merge', () => {
  it('is by time, and by the order of naming when times are equal', async () => {
    // Few different times, so that many are equal; few bytes, so that slots end everywhere.
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 50 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 64, max: 2000 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
        async (captures, capacity, dice) => {
          let number = 0;
          const paths = captures.map((steps, file) => {
            let microseconds = 999_990;
            const records = steps.map(([step, length]) => {
              microseconds += step;
              return pcapRecord('LE', Math.floor(microseconds / 1e6), microseconds % 1e6, packetBytes(number++, length));
            });
            return files.write(`${file}.pcap`, Buffer.concat([pcapHeader({ linktype: file }), ...records]));
          });
          const each = await Promise.all(paths.map(async (path) => (await readAll([path])).seen));
          const merged = await readAll(paths, capacity, () => dice.next().value !== 0);
          expect(merged.seen).toEqual(each.flat().sort(byTime));
          expect(merged.warnings).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never changes the order inside a file', async () => {
    const backwards = [9, 3, 7].map((seconds) => pcapRecord('LE', seconds, 0, packetBytes(seconds, 8)));
    const a = files.write('backwards.pcap', Buffer.concat([pcapHeader(), ...backwards]));
    const b = files.write(
      'forwards.pcap',
      Buffer.concat([pcapHeader(), ...[4, 8].map((s) => pcapRecord('LE', s, 0, packetBytes(s, 8)))]),
    );
    expect((await readAll([a, b])).seen.map(({ seconds }) => seconds)).toEqual([4, 8, 9, 3, 7]);
  });

  it('goes on without a damaged file, and gives the warnings of all in the order of naming', async () => {
    const record = pcapRecord('LE', 1, 0, packetBytes(1, 30));
    const paths = ['x', 'y', 'z'].map((name, at) =>
      files.write(name, Buffer.concat([pcapHeader(), record, record.subarray(0, at === 1 ? 30 : 10)])),
    );
    const { seen, warnings } = await readAll(paths);
    expect(seen).toHaveLength(3);
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual(paths);
  });

  it('leaves out a packet longer than a slot, and says so', async () => {
    const path = files.write(
      'one.pcap',
      Buffer.concat([pcapHeader(), pcapRecord('LE', 1, 0, packetBytes(1, 300)), pcapRecord('LE', 2, 0, packetBytes(2, 30))]),
    );
    const { seen, warnings } = await readAll([path, path], 200);
    expect(seen.map(({ seconds }) => seconds)).toEqual([2, 2]);
    expect(warnings).toEqual(['2 packets are longer than a slot and left out']);
  });

  it.each([
    ['files', (bytes: Buffer) => bytes],
    // What is unpacked comes bit by bit, and has to be waited for.
    ['packed files', (bytes: Buffer) => gzipSync(bytes)],
  ])('reads %s of more packets than are kept ahead', async (name, pack) => {
    const records = (from: number): Buffer[] =>
      Array.from({ length: 5000 }, (_, at) => pcapRecord('LE', from + at * 2, 0, packetBytes(at, 300)));
    const paths = [0, 1].map((from) =>
      files.write(`long-${name}-${from}`, pack(Buffer.concat([pcapHeader(), ...records(from)]))),
    );
    const { seen } = await readAll(paths);
    expect(seen.map(({ seconds }) => seconds)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
  });

  it('has a limit of files, and closes those it opened', async () => {
    const path = files.write('empty.pcap', pcapHeader());
    const source = await openCapture(Array<string>(256).fill(path));
    expect(source.progress()).toEqual({ read: 24 * 256, total: 24 * 256 });
    await source.close();
    await expect(openCapture(Array<string>(257).fill(path))).rejects.toMatchObject({
      code: 'ADTAP_E_TOO_MANY_FILES',
      message: expect.stringContaining('mergecap'),
    });
  });
});
