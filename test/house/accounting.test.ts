// On every capture: packets in = decoded + ignored + dropped.
import { describe, expect, it } from 'vitest';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

describe.each(captures)('%s', (name) => {
  it('loses no packet without a number', async () => {
    const { accounting } = await runFiles(fixture(name), { shards: 2 });
    const { packets, decoded, ignored, dropped, ends } = accounting;
    expect(decoded + ignored + dropped).toBe(packets);
    expect(ends.every((one) => one.packets > 0)).toBe(true);
  });
});
