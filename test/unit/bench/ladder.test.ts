// The ladder's judgement and the search for the highest rate, on made-up measurements.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failings, judge } from '../../../src/bench/ladder.ts';
import type { Measured } from '../../../src/bench/messages.ts';
import { highestRate, holdRates } from '../../../src/bench/search.ts';
import { MDI_TABLE, mdiRow, mdiRowName } from '../../../src/sizing/mdi-table.ts';

const GIBIBYTE = 2 ** 30;

const measured = (change: Partial<Measured> = {}): Measured => ({
  rate: 20_000,
  seconds: 10,
  packets: 200_000,
  dropped: 0,
  bytes: 30_000_000,
  activities: 1000,
  activitiesByProtocol: {},
  cpuSeconds: 5,
  otherCores: 0,
  peakRssBytes: GIBIBYTE,
  meanRssBytes: GIBIBYTE,
  backlogFirstMs: 5,
  backlogLastMs: 5,
  activeFlows: 1,
  lag: { samples: 0, percentiles: [] },
  moments: [],
  ...change,
});

const lagOf = (median: number): Measured['lag'] => ({
  samples: 8,
  percentiles: [
    [0, 1],
    [0.5, median],
    [1, 9000],
  ],
});

describe('failings', () => {
  it.each<[string, Partial<Measured>, number]>([
    ['nothing lost', {}, 0],
    ['one packet dropped', { dropped: 1 }, 1],
    ['a little later, within what timers do', { backlogLastMs: 24 }, 0],
    ['later by 1% of ten seconds', { backlogLastMs: 105 }, 0],
    ['later by more than that', { backlogLastMs: 106 }, 1],
    ['later by more than 20 ms of a short phase', { seconds: 0.5, backlogLastMs: 26 }, 1],
    ['catching up', { backlogFirstMs: 400, backlogLastMs: 5 }, 0],
    ['both', { dropped: 3, backlogLastMs: 900 }, 2],
    // 200,000 were due: 5% of them and what is due in 20 ms may still be on their way.
    ['a little fewer than were due', { packets: 189_600 }, 0],
    ['fewer than were due', { packets: 189_599 }, 1],
    ['dropped ones, which were due too', { packets: 150_000, dropped: 50_000 }, 1],
    ['as fast as it goes, whatever that is', { rate: Number.POSITIVE_INFINITY, packets: 1 }, 0],
    ['half of the activities a second late', { lag: lagOf(1000) }, 0],
    ['half of the activities later than that', { lag: lagOf(1000.1) }, 1],
  ])('%s', (_, change, count) => {
    expect(failings(measured(change))).toHaveLength(count);
  });
});

describe('judge', () => {
  const row = MDI_TABLE[3]!;
  it.each<[string, Partial<Measured>, boolean, number, number]>([
    ['half a core of two, a GiB of nine', {}, true, 0.75, 1 - 1 / 9],
    ['exactly the row', { cpuSeconds: 20, peakRssBytes: 9 * GIBIBYTE }, true, 0, 0],
    ['more cores than the row', { cpuSeconds: 21 }, false, -0.05, 1 - 1 / 9],
    ['more memory than the row', { peakRssBytes: 9 * GIBIBYTE + 1 }, false, 0.75, 0],
    ['within the row, but with losses', { dropped: 5 }, false, 0.75, 1 - 1 / 9],
  ])('%s', (_, change, isHeld, spareCores, spareMemory) => {
    const rung = judge(row, measured(change));
    expect(rung.isHeld).toBe(isHeld);
    expect(rung.reasons.length === 0).toBe(isHeld);
    expect(rung.spareCores).toBeCloseTo(spareCores, 6);
    expect(rung.spareMemory).toBeCloseTo(spareMemory, 6);
  });
});

describe("Microsoft's table", () => {
  it.each([
    [0, '0-1k'],
    [1000, '0-1k'],
    [1000.1, '1k-5k'],
    [20_000, '10k-20k'],
    [75_001, '75k-100k'],
    [100_000, '75k-100k'],
  ])('%d packets/s are in row %s', (rate, name) => {
    const row = mdiRow(rate);
    expect(row === null ? null : mdiRowName(row)).toBe(name);
  });

  it('ends at 100,000', () => expect(mdiRow(100_001)).toBeNull());

  it('has rows that join, and needs that rise', () => {
    for (const [index, row] of MDI_TABLE.entries()) {
      const before = MDI_TABLE[index - 1];
      expect(row.above).toBe(before?.upTo ?? 0);
      if (before !== undefined) expect(row.cores > before.cores && row.memoryGib > before.memoryGib).toBe(true);
    }
  });
});

describe('highestRate', () => {
  it('finds the threshold of any machine, from any start, within the precision, in few probes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1200, max: 5_000_000 }),
        fc.integer({ min: 0, max: 8_000_000 }),
        fc.double({ min: 1.1, max: 3, noNaN: true }),
        async (threshold, start, step) => {
          let probes = 0;
          const found = await highestRate({ start, most: 10_000_000, step, precision: 0.05 }, async (rate) => {
            probes++;
            return rate <= threshold;
          });
          // A step down may pass over what lies between it and the least rate that is looked at.
          if (found.rate === 0) {
            expect(threshold / step).toBeLessThan(1001);
            return;
          }
          expect(found.rate).toBeLessThanOrEqual(threshold);
          expect(found.rate * 1.0501 + 1).toBeGreaterThanOrEqual(threshold);
          expect(found.tried).toHaveLength(probes);
          expect(probes).toBeLessThan(130);
        },
      ),
    );
  });

  it('ends at the most when everything is held, and with 0 when nothing is', async () => {
    const settings = { start: 100_000, most: 1_000_000, step: 2, precision: 0.05 };
    expect((await highestRate(settings, async () => true)).rate).toBe(1_000_000);
    expect((await highestRate(settings, async () => false)).rate).toBe(0);
  });

  it('ends whatever it is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (answers) => {
        const found = await highestRate(
          { start: 50_000, most: 1e7, step: 1.25, precision: 0.04 },
          async () => answers.next().value as boolean,
        );
        expect(found.tried.length).toBeLessThan(60);
      }),
    );
  });
});

describe('holdRates', () => {
  it.each([
    [100_000, [100_000, 93_000, 50_000]],
    [1050, [1050, 1000]],
    [0, [1000]],
  ])('lowers %d to %j, and no rate twice', (highest, rates) => {
    expect(holdRates(highest, [1, 0.93, 0.5], 1000)).toEqual(rates);
  });
});
