// Busy packets per second against a count from the definition, second by second and window by window.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Sample, trafficOf } from '../../../src/sizing/traffic.ts';

/** One adapter from rates, each for so many seconds; null for a gap. */
function series(pieces: readonly (readonly [rate: number | null, seconds: number])[], from = 1_700_000_000): Sample[] {
  const samples: Sample[] = [];
  let at = from;
  for (const [rate, seconds] of pieces) {
    if (rate !== null) samples.push({ from: at, to: at + seconds, packets: rate * seconds });
    at += seconds;
  }
  return samples;
}

/** The definition, without any cleverness: each second its rate, each 15 minutes from a multiple of 5 seconds on their mean. */
function oracle(pieces: readonly (readonly [number | null, number])[]): {
  readonly busy: number | null;
  readonly average: number;
} {
  const seconds = pieces.flatMap(([rate, count]) => Array.from({ length: count }, () => rate));
  const mean = (part: readonly (number | null)[]): number => {
    const known = part.filter((rate) => rate !== null);
    return known.reduce((sum, rate) => sum + rate, 0) / known.length;
  };
  let first = 0;
  while (seconds[first] === null) first++;
  let last = seconds.length;
  while (seconds[last - 1] === null) last--;
  const whole = seconds.slice(first, last);
  // The last bucket may be cut: what is behind the end is not known.
  while (whole.length % 5 !== 0) whole.push(null);
  let busy: number | null = null;
  for (let start = 0; start + 900 <= whole.length; start += 5) {
    const window = whole.slice(start, start + 900);
    if (window.filter((rate) => rate !== null).length < 810) continue;
    busy = Math.max(busy ?? 0, mean(window));
  }
  return { busy, average: mean(whole) };
}

describe('trafficOf', () => {
  it('finds the busiest 15 minutes of any traffic with gaps', () => {
    const piece = fc.tuple(fc.option(fc.integer({ min: 0, max: 90_000 }), { freq: 6 }), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 25 }), (pieces) => {
        fc.pre(pieces.some(([rate]) => rate !== null));
        const traffic = trafficOf([series(pieces)])!;
        const expected = oracle(pieces);
        expect(traffic.average).toBeCloseTo(expected.average, 4);
        expect(traffic.isShort).toBe(expected.busy === null);
        expect(traffic.busy).toBeCloseTo(expected.busy ?? expected.average, 4);
        expect(traffic.peak).toBeGreaterThanOrEqual(traffic.busy - 1e-6);
      }),
      { numRuns: 300 },
    );
  });

  it('adds adapters up, whatever their clocks and intervals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 200, maxLength: 400 }),
        fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 200, maxLength: 400 }),
        (one, two) => {
          const first = series(one.map((rate) => [rate, 5]));
          const second = series(two.map((rate) => [rate, 5]));
          const together = trafficOf([first, second])!;
          const length = Math.max(one.length, two.length);
          const summed = Array.from({ length }, (_, index): [number, number] => [(one[index] ?? 0) + (two[index] ?? 0), 5]);
          expect(together.busy).toBeCloseTo(oracle(summed).busy!, 4);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says where the busiest time is', () => {
    const traffic = trafficOf([
      series([
        [100, 3600],
        [9000, 900],
        [100, 3600],
      ]),
    ])!;
    expect(traffic).toMatchObject({
      busy: 9000,
      busyFrom: 1_700_003_600,
      busyTo: 1_700_004_500,
      isShort: false,
      isPartOfDay: true,
    });
    expect(traffic.peak).toBe(9000);
    expect(traffic.average).toBeCloseTo((100 * 7200 + 9000 * 900) / 8100, 6);
  });

  it('takes the peak of five seconds, and a day for whole', () => {
    const day = series(Array.from({ length: 17_280 }, (_, index) => [index === 7000 ? 60_000 : 1000, 5]));
    const traffic = trafficOf([day])!;
    expect(traffic.isPartOfDay).toBe(false);
    expect(traffic.peak).toBe(60_000);
    expect(traffic.busy).toBeCloseTo(1000 + 59_000 / 180, 4);
  });

  it('has nothing to say of nothing', () => {
    expect(trafficOf([])).toBeNull();
    expect(trafficOf([[]])).toBeNull();
  });

  it('refuses clocks that lie', () => {
    const samples = [...series([[1, 5]], 0), ...series([[1, 5]], 1_700_000_000)];
    expect(() => trafficOf([samples])).toThrow(/span 19676 days/);
  });
});
