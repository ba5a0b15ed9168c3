// The memory that this process can have: of the machine, and of the control groups around it.
import { freemem, totalmem } from 'node:os';
import { controlGroup } from './cgroup.ts';
import { keyValues, type Machine, readNumber, toNumber } from './machine.ts';

/** All in bytes. */
export interface MemoryFacts {
  /** Of the machine. */
  readonly machineTotal: number;
  /** Of the machine, without swapping; what caches give back is in it. */
  readonly machineAvailable: number;
  /** The tightest limit of the control groups, or null. */
  readonly limit: number | null;
  /** What this process and its group can use at most. */
  readonly total: number;
  /** What can still be taken. */
  readonly available: number;
  /** Resident memory of this process. */
  readonly own: number;
}

export function memoryFacts(machine: Machine): MemoryFacts {
  const info = keyValues(machine.read('/proc/meminfo'), ':');
  const machineTotal = kibibytes(info.get('MemTotal')) ?? totalmem();
  // MemAvailable counts what caches would give back (since Linux 3.14); MemFree alone would call every file server full.
  const machineAvailable = Math.min(machineTotal, kibibytes(info.get('MemAvailable')) ?? freemem());
  let total = machineTotal;
  let available = machineAvailable;
  let limit: number | null = null;
  for (const group of groupMemory(machine)) {
    // Version 1 says "none" by a number beyond any machine.
    if (group.limit >= machineTotal) continue;
    limit = Math.min(limit ?? group.limit, group.limit);
    total = Math.min(total, group.limit);
    available = Math.min(available, Math.max(0, group.limit - group.used));
  }
  return { machineTotal, machineAvailable, limit, total, available, own: process.memoryUsage.rss() };
}

const kibibytes = (text: string | undefined): number | null => {
  const value = toNumber(text?.replace(/ kB$/, ''));
  return value === null ? null : value * 1024;
};

/** Limit and use of every group around this process. Cache that is cheap to give back is not counted as used. */
function groupMemory(machine: Machine): { readonly limit: number; readonly used: number }[] {
  const group = controlGroup(machine, 'memory');
  if (group === null) return [];
  return group.folders.flatMap((folder) => {
    const stat = keyValues(machine.read(`${folder}/memory.stat`), ' ');
    const isV2 = group.version === 2;
    // memory.high is where the kernel starts to take memory back by force: a process held there crawls.
    const limits = isV2
      ? [readNumber(machine, `${folder}/memory.max`), readNumber(machine, `${folder}/memory.high`)]
      : [readNumber(machine, `${folder}/memory.limit_in_bytes`)];
    const known = limits.filter((one) => one !== null);
    const current = readNumber(machine, `${folder}/${isV2 ? 'memory.current' : 'memory.usage_in_bytes'}`);
    if (known.length === 0 || current === null) return [];
    const cache = toNumber(stat.get(isV2 ? 'inactive_file' : 'total_inactive_file')) ?? 0;
    return [{ limit: Math.min(...known), used: Math.max(0, current - cache) }];
  });
}
