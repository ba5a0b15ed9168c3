// The same input gives the same bytes, whatever the number of shards and the size of slots.
import { describe, expect, it } from 'vitest';
import { COLUMNS } from '../../src/activity/rows.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

const everything = { emit: ['messages', 'activities', 'entities'] as const };

describe.each(captures)('%s', (name) => {
  it('says the same with 1, 2, 3 and 7 shards, and in small slots with little room', async () => {
    const one = await runFiles(fixture(name), everything);
    for (const shards of [2, 3, 7]) expect((await runFiles(fixture(name), { ...everything, shards })).text).toBe(one.text);
    const small = { slotBytes: 400_000, slotPackets: 64, lineBytes: 4096, rowNumbers: 4 * COLUMNS };
    expect((await runFiles(fixture(name), { ...everything, shards: 2, shape: small })).text).toBe(one.text);
  });

  it('says the same when tables are so small that flows are evicted', async () => {
    const limits = { 'flow.flows': 128, 'claims.remembered': 128 };
    const one = await runFiles(fixture(name), { ...everything, limits });
    expect((await runFiles(fixture(name), { ...everything, limits, shards: 5 })).text).toBe(one.text);
  });

  it('says lines in the order of their frames', async () => {
    const { lines } = await runFiles(fixture(name), { ...everything, shards: 2 });
    const frames = lines.map((line) => Number(line['frame']));
    expect(frames).toEqual([...frames].sort((a, b) => a - b));
  });
});
