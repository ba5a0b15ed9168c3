// The model that sizing reads, made of what the bench measured.
import { GIBIBYTE } from '../bytes/units.ts';
import type { Model } from '../sizing/model.ts';
import type { BenchResult } from './bench.ts';
import { coresUsed } from './figures.ts';
import { failings } from './ladder.ts';

/** Every rate that was held without loss, with the cores and peak memory that it took. */
export function modelOf(result: BenchResult, version: string): Model {
  const { machine, load, budget, ladder, highest } = result;
  const held = ladder.filter(({ measured }) => failings(measured).length === 0).map(({ measured }) => measured);
  if (highest.isHeld) held.push(highest.measured);
  const points: Model['points'] = [];
  for (const measured of held.sort((a, b) => a.rate - b.rate)) {
    const before = points.at(-1);
    if (before !== undefined && measured.rate <= before.packetsPerSecond) continue;
    // More packets cannot take less: where a measurement says so, it was disturbed.
    points.push({
      packetsPerSecond: measured.rate,
      cores: round(Math.max(coresUsed(measured), before?.cores ?? 0)),
      memoryGib: round(Math.max(measured.peakRssBytes / GIBIBYTE, before?.memoryGib ?? 0)),
    });
  }
  return {
    form: 'adtap-model-1',
    adtap: version,
    measuredOn: `${machine.processor}, ${machine.processors} processors, ${(machine.memoryBytes / GIBIBYTE).toFixed(1)} GiB, ${machine.platform}, Node ${machine.node}`,
    load: `${load.captures.length === 1 ? load.captures[0] : `${load.captures.length} captures`}: ${load.packets} packets of ${Math.round(load.meanBytes)} bytes on average, repeated`,
    workers: budget.workers,
    budget: { cores: budget.cores, memoryGib: round(budget.memoryBytes / GIBIBYTE), words: budget.words },
    points,
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
