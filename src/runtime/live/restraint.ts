// Self-restraint: every few seconds the machine is looked at, and the sensor gives way when others need it. What gives way are
// whole flows, from their first packet on, the least valuable protocols first (see Flows.shed).
import { loadBetween, type Sample } from '../../host/watch.ts';
import { SHED_PARTS } from '../../transport/flows.ts';

/** All flows of all worths. */
export const SHED_ALL = SHED_PARTS * 3;

export interface RestraintSettings {
  readonly isEnabled: boolean;
  /** Shares, 0 to 1, that stay free. */
  readonly freeCpu: number;
  readonly freeMemory: number;
  /** The sensor's own budget. */
  readonly memoryBytes: number;
}

/** Shares, 0 to 1. */
export interface Load {
  readonly freeCpu: number;
  readonly ownCpu: number;
  readonly freeMemory: number;
  /** Of the sensor's own budget, and of the machine. */
  readonly ownMemory: number;
  readonly ownMachineMemory: number;
}

/** The least step up, and half of it down when there is more than room again, so that it settles. */
const STEP = SHED_PARTS / 8;
const EASE = STEP / 2;
/** The longest step down. */
const MOST_EASE = SHED_ALL / 4;
/** Room that must be free beyond the wanted share before restraint is eased. */
const SLACK = 0.05;
const OWN_MEMORY_LIMIT = 0.9;
/** What it keeps of the processors however much others want: to give that too would cost everything and free next to nothing. */
const KEPT_SHARE = 0.05;
/** Shares of memory, of its own budget and free ones of the machine, with which more flows cannot fill it from one look to the next. */
const AMPLE_OWN_MEMORY = 0.5;
const AMPLE_FREE_MEMORY = 0.3;

/** What to go by between two samples; `budget` in bytes. Null when no processor time has passed. */
export function restraintLoad(before: Sample, now: Sample, budget: number): Load | null {
  const load = loadBetween(before, now);
  return load === null
    ? null
    : {
        ...load,
        ownMemory: load.ownMemory / budget,
        ownMachineMemory: Math.min(1, load.ownMemory / now.memory.total),
      };
}

/**
 * Parts of the flows to shed from now on, 0 to SHED_ALL. More only when giving way would help: as much as the sensor itself uses
 * of what is missing.
 */
export function nextShed(shed: number, load: Load, settings: RestraintSettings): number {
  if (load.ownMemory >= 1) return SHED_ALL;
  let lack = 0;
  if (load.ownMemory > OWN_MEMORY_LIMIT) lack = Math.max(lack, (load.ownMemory - OWN_MEMORY_LIMIT) / (1 - OWN_MEMORY_LIMIT));
  if (settings.isEnabled) {
    const cpu = settings.freeCpu - load.freeCpu;
    const given = Math.min(cpu, load.ownCpu - KEPT_SHARE);
    if (given > 0) lack = Math.max(lack, given / load.ownCpu);
    const memory = settings.freeMemory - load.freeMemory;
    if (memory > 0 && load.ownMachineMemory > memory) lack = Math.max(lack, Math.min(1, memory / settings.freeMemory));
  }
  if (lack > 0) return Math.min(SHED_ALL, shed + Math.max(STEP, Math.ceil((SHED_ALL - shed) * lack)));
  const hasRoom =
    load.ownMemory < OWN_MEMORY_LIMIT - SLACK &&
    (!settings.isEnabled ||
      (load.freeCpu > settings.freeCpu + SLACK && load.freeMemory > Math.min(0.95, settings.freeMemory + SLACK)));
  return hasRoom ? Math.max(0, shed - ease(shed, load, settings)) : shed;
}

/** Parts of the flows to take again: half of what the processors have room for, by what those that are kept take now. */
function ease(shed: number, load: Load, settings: RestraintSettings): number {
  const isAmple = load.ownMemory < AMPLE_OWN_MEMORY && load.freeMemory > AMPLE_FREE_MEMORY;
  const kept = SHED_ALL - shed;
  if (!settings.isEnabled || !isAmple || kept === 0) return EASE;
  const room = load.freeCpu - settings.freeCpu - SLACK;
  return Math.min(MOST_EASE, Math.max(EASE, Math.floor((room * kept) / load.ownCpu / 2)));
}
