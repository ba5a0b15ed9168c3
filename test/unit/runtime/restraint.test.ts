// How much is shed for which load, and that a machine under steady load comes to rest.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/host/watch.ts';
import { type Load, nextShed, type RestraintSettings, restraintLoad, SHED_ALL } from '../../../src/runtime/live/restraint.ts';

const settings: RestraintSettings = { isEnabled: true, freeCpu: 0.15, freeMemory: 0.15, memoryBytes: 2 ** 31 };
const idle: Load = { freeCpu: 0.9, ownCpu: 0.05, freeMemory: 0.6, ownMemory: 0.2, ownMachineMemory: 0.05 };

describe('nextShed', () => {
  // A step up is 32 parts of 768 at least, a step down 16; one down is 192 at most.
  it.each<[string, number, Partial<Load>, number]>([
    ['all is well', 0, {}, 0],
    ['all is well again', 100, {}, 0],
    ['all is well again, and much is shed', 700, {}, 508],
    ['all is well again, and all is shed: nobody knows what a flow costs', SHED_ALL, {}, SHED_ALL - 16],
    ['all is well again, but memory is not ample', 100, { ownMemory: 0.6 }, 84],
    ['all is well again, but the machine’s memory is not ample', 100, { freeMemory: 0.25 }, 84],
    ['nearly nothing is shed any more', 10, { ownMemory: 0.6 }, 0],
    ['what is kept takes nothing at all', 400, { ownCpu: 0 }, 208],
    ['just enough is free', 0, { freeCpu: 0.15 }, 0],
    ['just enough is free, which is no reason to ease', 300, { freeCpu: 0.19 }, 300],
    ['more than enough, by a hundredth: half of what would take it', 300, { freeCpu: 0.21 }, 300 - Math.floor((468 * 0.2) / 2)],
    ['more than enough, but flows are dear: half a step back', 300, { freeCpu: 0.21, ownCpu: 0.5 }, 284],
    ['a little too little: the least step', 0, { freeCpu: 0.149, ownCpu: 0.5 }, 32],
    ['a fifth of what it uses is missing', 0, { freeCpu: 0.05, ownCpu: 0.5 }, Math.ceil(768 * 0.2)],
    ['a fifth is missing when half is shed', 384, { freeCpu: 0.05, ownCpu: 0.5 }, 384 + Math.ceil(384 * 0.2)],
    ['more is missing than it uses: a twentieth of the processors it keeps', 0, { freeCpu: 0, ownCpu: 0.1 }, 384],
    ['others use the processors, it does not', 0, { freeCpu: 0, ownCpu: 0.049 }, 0],
    ['others use the processors, and it has given way', 400, { freeCpu: 0, ownCpu: 0.05 }, 400],
    ['memory is short, and it could help', 0, { freeMemory: 0.12, ownMachineMemory: 0.3 }, Math.ceil(768 * 0.2)],
    ['memory is short for what others use', 0, { freeMemory: 0.05, ownMachineMemory: 0.02 }, 0],
    ['memory is barely enough: no easing', 300, { freeMemory: 0.19 }, 300],
    ['nearly its whole budget', 0, { ownMemory: 0.95 }, 384],
    ['its whole budget', 0, { ownMemory: 1 }, SHED_ALL],
    ['its budget is nearly kept: no easing', 300, { ownMemory: 0.87 }, 300],
    ['all is shed already', SHED_ALL, { freeCpu: 0, ownCpu: 0.5 }, SHED_ALL],
  ])('%s', (_what, shed, load, next) => {
    expect(nextShed(shed, { ...idle, ...load }, settings)).toBe(next);
  });

  it('looks at its own budget alone when it is switched off', () => {
    const off = { ...settings, isEnabled: false };
    expect(nextShed(0, { ...idle, freeCpu: 0, ownCpu: 0.9, freeMemory: 0, ownMachineMemory: 0.9 }, off)).toBe(0);
    expect(nextShed(100, { ...idle, freeCpu: 0, ownCpu: 0 }, off)).toBe(84);
    expect(nextShed(0, { ...idle, ownMemory: 1 }, off)).toBe(SHED_ALL);
  });

  it('stays within bounds for any load (property)', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const load = fc.record({
      freeCpu: share,
      ownCpu: share,
      freeMemory: share,
      ownMemory: fc.double({ min: 0, max: 3, noNaN: true }),
      ownMachineMemory: share,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SHED_ALL }), load, (shed, now) => {
        const next = nextShed(shed, now, settings);
        expect(Number.isInteger(next)).toBe(true);
        expect(next).toBeGreaterThanOrEqual(0);
        expect(next).toBeLessThanOrEqual(SHED_ALL);
      }),
    );
  });

  it('comes to rest, with enough free, under any steady load whose cost goes with what is kept (property)', () => {
    const percent = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max }).map((value) => value / 100);
    fc.assert(
      fc.property(percent(100), percent(84), fc.integer({ min: 0, max: SHED_ALL }), (demand, others, start) => {
        const cpuAt = (shed: number): { ownCpu: number; freeCpu: number } => {
          const ownCpu = Math.min(demand * (1 - shed / SHED_ALL), 1 - others);
          return { ownCpu, freeCpu: 1 - others - ownCpu };
        };
        let shed = start;
        for (let round = 0; round < 100; round++) shed = nextShed(shed, { ...idle, ...cpuAt(shed) }, settings);
        const rest = cpuAt(shed);
        expect(nextShed(shed, { ...idle, ...rest }, settings)).toBe(shed);
        if (rest.ownCpu > 0.05) expect(rest.freeCpu).toBeGreaterThanOrEqual(0.15);
        // Nothing is shed for nothing: with room beyond the slack, all is kept.
        if (1 - others - demand > 0.21) expect(shed).toBe(0);
      }),
    );
  });
});

it.each([0.02, 0.1, 0.3, 0.6])(
  'takes all flows again within eight looks once the others have gone, at a demand of %d',
  (demand) => {
    let shed = SHED_ALL;
    for (let look = 0; look < 8; look++) {
      const ownCpu = demand * (1 - shed / SHED_ALL);
      shed = nextShed(shed, { ...idle, ownCpu, freeCpu: 1 - ownCpu }, settings);
    }
    expect(shed).toBe(0);
  },
);

describe('restraintLoad', () => {
  it('goes by what the control group grants, not by the machine around it', () => {
    // Half of one processor, all of it used by the sensor, on a machine of 64 that idles.
    const sample = (at: number, used: number): Sample => ({
      at,
      cpu: {
        machine: { busy: used, total: at * 64 },
        allowed: { busy: used, total: at * 64 },
        processors: 64,
        group: { quota: 0.5, used },
        own: used,
      },
      memory: { machineTotal: 64e9, machineAvailable: 60e9, limit: 2e9, total: 2e9, available: 1e9, own: 5e8 },
    });
    const load = restraintLoad(sample(0, 0), sample(10_000, 5000), settings.memoryBytes);
    expect(load).toMatchObject({
      freeCpu: 0,
      ownCpu: 1,
      freeMemory: 0.5,
      ownMemory: 5e8 / settings.memoryBytes,
      ownMachineMemory: 0.25,
    });
    expect(nextShed(0, load!, settings)).toBeGreaterThan(0);
    expect(restraintLoad(sample(5, 5), sample(5, 5), settings.memoryBytes)).toBeNull();
  });
});
