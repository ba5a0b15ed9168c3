// The histogram of delays against exact counts and quantiles.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LagHistogram } from '../../../src/metrics/lag.ts';

const delays = fc.array(
  fc.oneof(fc.double({ min: -2, max: 400, noNaN: true }), fc.constantFrom(0, 0.001, 0.0025, 0.05, 1, 10, 300, 300.1)),
  { maxLength: 200 },
);

function filled(values: readonly number[]): LagHistogram {
  const lag = new LagHistogram();
  for (const value of values) lag.observe(value);
  return lag;
}

describe('LagHistogram', () => {
  it('counts what is at most each bound, as Prometheus wants it (property)', () => {
    fc.assert(
      fc.property(delays, (values) => {
        const buckets = filled(values).buckets();
        for (const { le, count } of buckets)
          expect(count).toBe(le === '+Inf' ? values.length : values.filter((value) => value <= le).length);
        expect(buckets.at(-1)?.le).toBe('+Inf');
      }),
    );
  });

  it('gives the bound of the bucket in which the exact quantile lies (property)', () => {
    fc.assert(
      fc.property(delays, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (values, q) => {
        fc.pre(values.length > 0);
        const lag = filled(values);
        const exact = [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? 0;
        const bounds = lag.buckets().map(({ le }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : le));
        expect(lag.quantile(q)).toBe(bounds.find((bound) => Math.max(exact, 0) <= bound));
      }),
    );
  });

  it('adds up, a clock that is ahead counting as none', () => {
    const lag = filled([0.5, -3, 2]);
    expect([lag.sum, lag.count]).toEqual([2.5, 3]);
    expect(new LagHistogram().quantile(0.99)).toBe(0);
  });
});
