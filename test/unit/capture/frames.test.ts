import { describe, expect, it } from 'vitest';
import { findFrame, framesOf } from '../../../src/capture/frames.ts';
import { directory, packetBytes, pcapHeader, pcapRecord } from './build.ts';

const files = directory();
const COUNT = 20_000;
const records = Array.from({ length: COUNT }, (_, at) => pcapRecord('LE', at, 5, packetBytes(at, 60), 90));
const path = files.write('many.pcap', Buffer.concat([pcapHeader({ linktype: 113 }), ...records]));

describe('frames', () => {
  it('come one by one with bytes of their own', async () => {
    const frames = [];
    for await (const frame of framesOf([path])) frames.push(frame);
    expect(frames.map(({ number }) => number)).toEqual(Array.from({ length: COUNT }, (_, at) => at + 1));
    for (const at of [0, 8191, 8192, COUNT - 1])
      expect(frames[at]).toEqual({
        number: at + 1,
        bytes: new Uint8Array(packetBytes(at, 60)),
        wirelen: 90,
        seconds: at,
        nanoseconds: 5000,
        linktype: 113,
      });
  });

  it('are found by their number', async () => {
    for (const number of [1, 8192, 8193, COUNT]) {
      const frame = await findFrame([path], number);
      expect(frame.number).toBe(number);
      expect(frame.bytes).toEqual(new Uint8Array(packetBytes(number - 1, 60)));
    }
  });

  it.each([0, COUNT + 1, 1.5])('that are not there are an error of the user: %d', async (number) => {
    await expect(findFrame([path], number)).rejects.toMatchObject({
      code: 'ADTAP_E_NO_SUCH_FRAME',
      exitCode: 2,
      message: `${path}: there is no frame ${number}: frames are numbered 1 to ${COUNT}`,
    });
  });

  it('of a cut file come with its warning', async () => {
    const warnings: string[] = [];
    const cut = files.write('cut.pcap', Buffer.concat([pcapHeader(), records[0]!, records[1]!.subarray(0, 30)]));
    for await (const frame of framesOf([cut], (warning) => warnings.push(warning))) expect(frame.number).toBe(1);
    expect(warnings).toEqual([`${cut}: at byte 100: the last record is truncated; what is before it counts`]);
  });
});
