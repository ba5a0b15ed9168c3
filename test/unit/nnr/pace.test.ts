// The caps of active look-ups: the queue, the rate and the sockets, each at its limit.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../src/nnr/pace.ts';
import { IMPORTANCE, type Importance, ImportanceQueue } from '../../../src/nnr/queue.ts';
import { UntilTable } from '../../../src/nnr/until-table.ts';
import type { Limit } from '../../../src/protocols/limits.ts';

const limit = (value: number): Limit => ({
  key: 'test',
  default: value,
  max: value,
  unit: '',
  policy: 'drop-oldest',
  help: '',
  value,
  hits: 0,
});
const { seen, activity, logon } = IMPORTANCE;

describe('the queue', () => {
  it('gives the more important first, then the one that waited longest', () => {
    const queue = new ImportanceQueue(limit(10));
    for (const [address, importance] of [
      ['a', seen],
      ['b', logon],
      ['c', activity],
      ['d', logon],
      ['e', seen],
    ] as const)
      expect(queue.offer(address, importance)).toBe(true);
    expect([queue.take(), queue.take(), queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([
      'b',
      'd',
      'c',
      'a',
      'e',
      null,
    ]);
  });

  it('keeps an address once, at the most important of what was said of it', () => {
    const queue = new ImportanceQueue(limit(10));
    queue.offer('a', seen);
    queue.offer('b', activity);
    queue.offer('a', logon);
    queue.offer('a', seen);
    expect(queue.sizes()).toEqual([0, 1, 1]);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', null]);
  });

  it('lets nobody wait longer for having been named again', () => {
    const queue = new ImportanceQueue(limit(10));
    for (const address of ['a', 'b', 'a', 'c', 'a']) queue.offer(address, activity);
    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual(['a', 'b', 'c', null]);
  });

  it('at its limit loses the oldest of the least important, never a more important one, and counts', () => {
    const bound = limit(2);
    const queue = new ImportanceQueue(bound);
    queue.offer('a', seen);
    queue.offer('b', logon);
    expect(queue.offer('c', seen)).toBe(true);
    expect(queue.offer('d', logon)).toBe(true);
    expect(queue.offer('e', activity)).toBe(false);
    expect(queue.offer('f', logon)).toBe(false);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['b', 'd', null]);
    expect(queue.dropped).toBe(4);
    expect(bound.hits).toBe(4);
  });

  it('never grows beyond its limit and loses nothing uncounted', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.constantFrom<Importance>(seen, activity, logon))), (offers) => {
        const queue = new ImportanceQueue(limit(8));
        const known = new Set<string>();
        let dropped = 0;
        for (const [number, importance] of offers) {
          const before = queue.dropped;
          if (queue.offer(String(number), importance)) known.add(String(number));
          dropped += queue.dropped - before;
          expect(queue.size).toBeLessThanOrEqual(8);
        }
        const left = new Set<string>();
        for (let next = queue.take(); next !== null; next = queue.take()) {
          expect(left.has(next)).toBe(false);
          left.add(next);
        }
        for (const address of left) expect(known.has(address)).toBe(true);
        expect(queue.dropped).toBe(dropped);
      }),
    );
  });
});

describe('the pace', () => {
  const never = new AbortController().signal;

  /** When so many look-ups began, in milliseconds, on a machine whose clock and timers move in steps of `step` ms. */
  async function begun(count: number, step: number): Promise<number[]> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // Long after the last look-up: what was not used meanwhile is not saved up.
    const start = 10_000;
    let now = start;
    const times: number[] = [];
    const pace = new Pace({ lookupsPerSecond: 100, sockets: 1000 }, () => now);
    const all = Array.from({ length: count }, async () => {
      await pace.acquire(new AbortController().signal);
      times.push(now - start);
      pace.release();
    });
    await vi.advanceTimersByTimeAsync(0);
    while (times.length < count) {
      now += step;
      await vi.advanceTimersByTimeAsync(step);
    }
    await Promise.all(all);
    vi.useRealTimers();
    return times;
  }

  it.each([1, 7, 20, 90, 700, 5000])(
    'begins so many look-ups in any second and no more, with timers as coarse as %i ms',
    async (step) => {
      const times = await begun(350, step);
      for (const [index, at] of times.entries())
        expect((times[index + 100] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(1000);
    },
  );

  it('begins them evenly, and reaches the rate that is set', async () => {
    for (const step of [1, 7, 20]) {
      const times = await begun(350, step);
      expect(times.at(-1)).toBeGreaterThan(3400);
      expect(times.at(-1)).toBeLessThan(3600);
      for (const [index, at] of times.entries())
        expect((times[index + 10] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(60);
    }
  });

  it('keeps to its sockets, in the order in which they were asked for', async () => {
    const pace = new Pace({ lookupsPerSecond: 10_000, sockets: 3 });
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await pace.acquire(new AbortController().signal);
        order.push(i);
        most = Math.max(most, pace.inFlight);
        await new Promise((resolve) => setTimeout(resolve, 2));
        pace.release();
      }),
    );
    expect(most).toBe(3);
    expect(order).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(pace.inFlight).toBe(0);
  });

  it('lets go of those that give up', async () => {
    const pace = new Pace({ lookupsPerSecond: 1000, sockets: 1 });
    await pace.acquire(never);
    const cancel = new AbortController();
    const waiting = pace.acquire(cancel.signal);
    expect(pace.waiting).toBe(1);
    cancel.abort();
    expect(await waiting).toBe(false);
    expect(await pace.acquire(cancel.signal)).toBe(false);
    expect(pace.waiting).toBe(0);
    pace.release();
    expect(await pace.acquire(never)).toBe(true);
  });
});

it('remembers addresses until their time is over, and the latest where there are too many', () => {
  const bound = limit(2);
  const table = new UntilTable(bound);
  table.set('a', 10);
  table.set('b', 20);
  expect([table.holds('a', 9), table.holds('a', 10), table.holds('c', 0)]).toEqual([true, false, false]);
  table.set('c', 30);
  table.set('d', 40);
  expect(['b', 'c', 'd'].map((address) => table.holds(address, 0))).toEqual([false, true, true]);
  expect(bound.hits).toBe(1);
});
