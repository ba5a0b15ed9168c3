// Load is the difference of two samples, and stays inside its range whatever the counters do.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thisMachine } from '../../../src/host/machine.ts';
import { loadBetween, type Sample, takeSample } from '../../../src/host/watch.ts';

const memory = { machineTotal: 1000, machineAvailable: 600, limit: 500, total: 500, available: 100, own: 77 };
function sample(at: number, busy: number, total: number, own: number, group: Sample['cpu']['group'] = null): Sample {
  return { at, memory, cpu: { machine: { busy: 0, total: 0 }, allowed: { busy, total }, processors: 4, group, own } };
}

describe('load', () => {
  it('tells free and own time on the processors allowed, memory by the tightest limit', () => {
    // Four processors for ten seconds: 40 s, of which 30 s busy, 15 s of them ours.
    expect(loadBetween(sample(0, 1000, 2000, 0), sample(10_000, 31_000, 42_000, 15_000))).toEqual({
      elapsed: 10_000,
      freeCpu: 0.25,
      ownCpu: 0.375,
      freeMemory: 0.2,
      ownMemory: 77,
    });
  });

  it('tells what is left of a quota, where that is less', () => {
    const before = sample(0, 0, 0, 0, { quota: 2, used: 100 });
    // The machine is idle but for this group, which used 15 s of the 20 s that it may.
    const after = sample(10_000, 15_000, 40_000, 15_000, { quota: 2, used: 15_100 });
    expect(loadBetween(before, after)?.freeCpu).toBeCloseTo(0.25, 9);
    expect(loadBetween(before, after)?.ownCpu).toBeCloseTo(0.75, 9);
  });

  it('tells that nothing is free where others took the processors, however much quota is left', () => {
    const before = sample(0, 0, 0, 0, { quota: 2, used: 0 });
    expect(loadBetween(before, sample(10_000, 40_000, 40_000, 0, { quota: 2, used: 0 }))?.freeCpu).toBe(0);
  });

  it('is none between a sample and itself', () => {
    const one = sample(5, 10, 20, 1);
    expect(loadBetween(one, one)).toBeNull();
    expect(loadBetween(one, sample(6, 10, 20, 1))).toBeNull();
  });

  it('stays in its range whatever the counters say', () => {
    const any = fc.double({ min: 0, max: 1e15, noNaN: true });
    fc.assert(
      fc.property(any, any, any, any, any, any, (at, busy, total, own, quota, used) => {
        const load = loadBetween(sample(0, 500, 1000, 10, { quota: 1, used: 50 }), sample(at, busy, total, own, { quota, used }));
        if (load === null) return;
        for (const share of [load.freeCpu, load.ownCpu, load.freeMemory]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('of this machine shows a loop that burns a processor', () => {
    const before = takeSample(thisMachine);
    const began = performance.now();
    const burnt = process.cpuUsage();
    // By its own clock, for other work shares the processors.
    while (process.cpuUsage(burnt).user < 300_000);
    const load = loadBetween(before, takeSample(thisMachine));
    const seconds = (performance.now() - began) / 1000;
    expect((load?.ownCpu ?? 0) * before.cpu.processors * seconds).toBeGreaterThan(0.25);
    expect(load?.ownMemory).toBeGreaterThan(10_000_000);
  });
});
