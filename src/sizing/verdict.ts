// The verdicts: Microsoft's, in the words of its sizing tool, and adtap's from a measured model.
import type { Host } from './hosts.ts';
import { MDI_MAYBE, MDI_MOST, type MdiRow, mdiRow, mdiRowName } from './mdi-table.ts';
import { highestOf, type Model, needsAt, rateWithin } from './model.ts';
import type { Traffic } from './traffic.ts';

/** "Common results include", https://learn.microsoft.com/en-us/defender-for-identity/deploy/capacity-planning */
export type MdiWords =
  | 'Yes'
  | 'Yes, but additional resources required'
  | 'Maybe'
  | 'Maybe, but additional resources required'
  | 'No'
  | 'Missing OS Data'
  | 'Missing Traffic Data'
  | 'Missing RAM data'
  | 'Missing core data';

export interface MdiVerdict {
  readonly words: MdiWords;
  readonly row: MdiRow | null;
  /** Why, and what would change it. */
  readonly because: readonly string[];
}

/** Least hardware of a server with a sensor ("Prerequisites"). */
const LEAST_CORES = 2;
const LEAST_GIB = 6;
/** The page says "significantly higher than average" and no number; the tool is closed. This is our reading. */
export const SPIKE = 10;

const rate = (value: number): string => Math.round(value).toLocaleString('en-US');

export function mdiVerdict(traffic: Traffic | null, host: Host): MdiVerdict {
  if (traffic === null) return { words: 'Missing Traffic Data', row: null, because: ['there is no sample of its traffic'] };
  const { busy, average } = traffic;
  const row = mdiRow(busy);
  if (host.os === null) return { words: 'Missing OS Data', row, because: ['its operating system is not known'] };
  if (host.cores === null)
    return { words: 'Missing core data', row, because: ['its number of cores is not known: --cores or --hosts'] };
  if (host.memoryGib === null)
    return { words: 'Missing RAM data', row, because: ['its memory is not known: --memory or --hosts'] };
  if (row === null) return { words: 'No', row, because: [`${rate(busy)} busy packets/s; the table ends at ${rate(MDI_MOST)}`] };
  const because: string[] = [];
  const cores = Math.max(row.cores, LEAST_CORES);
  const memory = Math.max(row.memoryGib, LEAST_GIB);
  if (host.cores < cores)
    because.push(
      `${+(cores - host.cores).toFixed(2)} cores more: it has ${+host.cores.toFixed(2)}, row ${mdiRowName(row)} and the least hardware ask for ${cores}`,
    );
  if (host.memoryGib < memory)
    because.push(
      `${+(memory - host.memoryGib).toFixed(2)} GB more: it has ${+host.memoryGib.toFixed(2)}, row ${mdiRowName(row)} and the least hardware ask for ${memory}`,
    );
  const lacks = because.length > 0;
  const isHigh = busy > MDI_MAYBE;
  const isSpike = busy > average * SPIKE;
  if (isHigh) because.push(`${rate(busy)} busy packets/s are above ${rate(MDI_MAYBE)}`);
  if (isSpike) because.push(`the busiest 15 minutes have ${(busy / average).toFixed(1)} times the average: see what runs then`);
  if (isHigh || (isSpike && lacks)) return { words: 'Maybe, but additional resources required', row, because };
  if (isSpike) return { words: 'Maybe', row, because };
  if (lacks) return { words: 'Yes, but additional resources required', row, because };
  return { words: 'Yes', row, because: [`row ${mdiRowName(row)} holds up to ${rate(row.upTo)} busy packets/s`] };
}

export type AdtapWords = 'Yes' | 'Yes, with less than 15% free' | 'No' | 'Missing traffic' | 'Missing cores or memory';

export interface AdtapVerdict {
  readonly words: AdtapWords;
  /** What adtap takes at the busy rate; null when the model does not reach it. */
  readonly cores: number | null;
  readonly memoryGib: number | null;
  /** The highest rate that leaves 15% of processors and memory free on this machine; null when the machine is not known. */
  readonly holdsUpTo: number | null;
  readonly because: readonly string[];
}

/** Share of processors and memory that a sensor leaves to its server (MDI's self-restraint, and adtap's). */
export const FREE_SHARE = 0.15;

export function adtapVerdict(traffic: Traffic | null, host: Host, model: Model): AdtapVerdict {
  const nothing = { cores: null, memoryGib: null, holdsUpTo: null };
  if (traffic === null) return { words: 'Missing traffic', ...nothing, because: ['there is no sample of its traffic'] };
  const needs = needsAt(model, traffic.busy);
  const needed = { cores: needs?.cores ?? null, memoryGib: needs?.memoryGib ?? null };
  if (host.cores === null || host.memoryGib === null)
    return { words: 'Missing cores or memory', ...needed, holdsUpTo: null, because: ['its cores or memory are not known'] };
  const freeCores = host.cores * (1 - host.busyCpu);
  const freeMemory = host.memoryGib - host.usedMemoryGib;
  const ownCores = freeCores - host.cores * FREE_SHARE;
  const ownMemory = freeMemory - host.memoryGib * FREE_SHARE;
  const holdsUpTo = rateWithin(model, ownCores, ownMemory);
  const because: string[] = [];
  const verdict = (words: AdtapWords): AdtapVerdict => ({ words, ...needed, holdsUpTo, because });
  if (needs === null) {
    because.push(
      `${rate(traffic.busy)} packets/s are more than the ${rate(highestOf(model))} that were held with ${model.budget.cores} cores; measure a machine with more (adtap bench --cores N --model F)`,
    );
    return verdict('No');
  }
  if (traffic.peak > highestOf(model))
    because.push(`its peak of ${rate(traffic.peak)} packets/s is more than the ${rate(highestOf(model))} that were held`);
  const lackCores = needs.cores - ownCores;
  const lackMemory = needs.memoryGib - ownMemory;
  if (lackCores > 0) because.push(`${lackCores.toFixed(2)} cores more would leave 15% free`);
  if (lackMemory > 0) because.push(`${lackMemory.toFixed(2)} GiB more would leave 15% free`);
  if (needs.cores > freeCores || needs.memoryGib > freeMemory) return verdict('No');
  if (lackCores > 0 || lackMemory > 0) return verdict('Yes, with less than 15% free');
  // A multiple of next to nothing says nothing.
  const times = traffic.busy < 1 ? '' : ` (${(holdsUpTo / traffic.busy).toFixed(1)} times what there is)`;
  because.push(`up to ${rate(holdsUpTo)} packets/s it stays so${times}`);
  return verdict('Yes');
}
