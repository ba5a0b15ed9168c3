// How much of the machine is free, and how much of it is ours: two samples, and the difference between them.
import { type CpuTimes, cpuTimes } from './cpu.ts';
import type { Machine } from './machine.ts';
import { type MemoryFacts, memoryFacts } from './memory.ts';

/** The machine at one moment. */
export interface Sample {
  /** Milliseconds of a clock that is never set. */
  readonly at: number;
  readonly cpu: CpuTimes;
  readonly memory: MemoryFacts;
}

/** What happened between two samples. Shares are from 0 to 1. */
export interface Load {
  /** Milliseconds between the samples. */
  readonly elapsed: number;
  /** Processor time that this process could still have had: idle on its processors, and inside its group's quota. */
  readonly freeCpu: number;
  /** Processor time that this process used, of what it could have. */
  readonly ownCpu: number;
  /** Memory that can still be taken, of the machine or of the tightest control group. */
  readonly freeMemory: number;
  /** Resident memory of this process, in bytes. */
  readonly ownMemory: number;
}

export function takeSample(machine: Machine): Sample {
  return { at: performance.now(), cpu: cpuTimes(machine), memory: memoryFacts(machine) };
}

/** Null when no processor time has passed between the samples: they say nothing then. */
export function loadBetween(before: Sample, after: Sample): Load | null {
  const elapsed = after.at - before.at;
  const total = after.cpu.allowed.total - before.cpu.allowed.total;
  if (elapsed <= 0 || total <= 0) return null;
  const { processors, group } = after.cpu;
  const busy = after.cpu.allowed.busy - before.cpu.allowed.busy;
  let usable = processors;
  let free = processors * (1 - busy / total);
  if (group !== null && before.cpu.group !== null) {
    usable = Math.min(usable, group.quota);
    free = Math.min(free, group.quota - (group.used - before.cpu.group.used) / elapsed);
  }
  return {
    elapsed,
    freeCpu: share(free, usable),
    ownCpu: share((after.cpu.own - before.cpu.own) / elapsed, usable),
    freeMemory: share(after.memory.available, after.memory.total),
    ownMemory: after.memory.own,
  };
}

// Counters of idle time may run back a little (proc_stat(5)); a share never leaves its range.
const share = (part: number, whole: number): number => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
