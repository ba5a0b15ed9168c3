// When the sensor gives way, how far, and when it takes its share back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/host/watch.ts';
import { type Load, nextShed, type RestraintSettings, restraintLoad, SHED_ALL } from '../../../src/runtime/live/restraint.ts';

const settings: RestraintSettings = { isEnabled: true, freeCpu: 0.15, freeMemory: 0.15, memoryBytes: 1e9 };
const idle: Load = { freeCpu: 0.9, ownCpu: 0.05, freeMemory: 0.8, ownMemory: 0.2 };

describe('restraint', () => {
  it('leaves a machine with room alone', () => {
    expect(nextShed(0, idle, settings)).toBe(0);
  });

  it.each<[string, Partial<Load>]>([
    ['processors are short and the sensor uses them', { freeCpu: 0.05, ownCpu: 0.4 }],
    ['memory is short', { freeMemory: 0.05 }],
    ['its own budget is nearly used', { ownMemory: 0.95 }],
  ])('gives way when %s', (_, change) => {
    const shed = nextShed(0, { ...idle, ...change }, settings);
    expect(shed).toBeGreaterThan(0);
    expect(shed).toBeLessThanOrEqual(SHED_ALL);
  });

  it('does not give way for what others use, as that would free nothing', () => {
    expect(nextShed(0, { ...idle, freeCpu: 0, ownCpu: 0.005 }, settings)).toBe(0);
  });

  it('gives way for its own memory even when restraint is off, and sheds all beyond the budget', () => {
    const off = { ...settings, isEnabled: false };
    expect(nextShed(0, { ...idle, freeCpu: 0, ownCpu: 1, freeMemory: 0 }, off)).toBe(0);
    expect(nextShed(0, { ...idle, ownMemory: 0.95 }, off)).toBeGreaterThan(0);
    expect(nextShed(0, { ...idle, ownMemory: 1 }, off)).toBe(SHED_ALL);
  });

  it('takes its share back in steps, and not before there is more than enough room', () => {
    expect(nextShed(SHED_ALL, { ...idle, freeCpu: 0.17 }, settings)).toBe(SHED_ALL);
    let shed = SHED_ALL;
    let steps = 0;
    for (; shed > 0 && steps < 100; steps++) shed = nextShed(shed, idle, settings);
    expect(shed).toBe(0);
    expect(steps).toBeGreaterThan(5);
  });

  it('stays between nothing and everything, in whole parts', () => {
    const any = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SHED_ALL }), any, any, any, any, (before, freeCpu, ownCpu, freeMemory, ownMemory) => {
        const shed = nextShed(before, { freeCpu, ownCpu, freeMemory, ownMemory }, settings);
        expect(Number.isInteger(shed) && shed >= 0 && shed <= SHED_ALL).toBe(true);
      }),
    );
  });

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
    expect(load).toMatchObject({ freeCpu: 0, ownCpu: 1, freeMemory: 0.5, ownMemory: 0.5 });
    expect(nextShed(0, load!, settings)).toBeGreaterThan(0);
    expect(restraintLoad(sample(5, 5), sample(5, 5), settings.memoryBytes)).toBeNull();
  });
});
