// What the domain controllers are: cores and memory, for the verdicts.
import { GIBIBYTE } from '../bytes/units.ts';
import { cpuFacts } from '../host/cpu.ts';
import type { Machine } from '../host/machine.ts';
import { memoryFacts } from '../host/memory.ts';
import { amount, fault, readTable } from './table.ts';

export interface Host {
  /** Null when it is not known. */
  readonly cores: number | null;
  readonly memoryGib: number | null;
  /** Null when it was asked and not answered; undefined when nobody asked. */
  readonly os?: string | null;
  /** In use without the sensor: share of the processors 0 to 1, and GiB; 0 when not known. */
  readonly busyCpu: number;
  readonly usedMemoryGib: number;
}

/** Below and above it is no machine. */
export const LEAST_CORES = 0.1;
export const MOST_CORES = 1024;

export const UNKNOWN_HOST: Host = { cores: null, memoryGib: null, busyCpu: 0, usedMemoryGib: 0 };

/** The machine that this process runs on: as much of it as may be used here, which in a container is less than there is. */
export async function hostHere(machine: Machine): Promise<Host> {
  const { usable } = await cpuFacts(machine);
  // A quota is a quotient of microseconds.
  return { ...UNKNOWN_HOST, cores: Math.round(usable * 100) / 100, memoryGib: memoryFacts(machine).total / GIBIBYTE };
}

/** Hosts by lower-case name from a CSV with columns `dc`, `cores`, `memory_gb`, and if wanted `os`, `cpu_percent`, `memory_used_gb`. */
export function readHosts(path: string): Map<string, Host> {
  const { header, rows } = readTable(path);
  const names = header.cells.map((cell) => cell.toLowerCase());
  for (const name of ['dc', 'cores', 'memory_gb'])
    if (!names.includes(name)) throw fault(path, header.line, `there is no column ${name}`);
  const hosts = new Map<string, Host>();
  for (const { line, cells } of rows) {
    const text = (name: string): string => cells[names.indexOf(name)] ?? '';
    const value = (name: string): number | null => (names.includes(name) ? amount(path, line, name, text(name)) : null);
    const name = text('dc').toLowerCase();
    if (name === '') throw fault(path, line, 'dc is empty');
    if (hosts.has(name)) throw fault(path, line, `${text('dc')} comes twice`);
    const percent = value('cpu_percent') ?? 0;
    if (percent > 100) throw fault(path, line, `cpu_percent is ${percent}, more than 100`);
    const cores = value('cores');
    if (cores !== null && (cores < LEAST_CORES || cores > MOST_CORES))
      throw fault(path, line, `cores is ${cores}; it must be from ${LEAST_CORES} to ${MOST_CORES}`);
    hosts.set(name, {
      cores,
      memoryGib: value('memory_gb'),
      ...(names.includes('os') ? { os: text('os') === '' ? null : text('os') } : {}),
      busyCpu: percent / 100,
      usedMemoryGib: value('memory_used_gb') ?? 0,
    });
  }
  return hosts;
}
