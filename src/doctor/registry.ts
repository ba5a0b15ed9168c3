// The checks of `adtap doctor`, in the order in which they are told. A line here adds one; docs/doctor.md is made from them.
import { adapterRoles, captureAdapters, teaming } from './checks/adapters.ts';
import { cores, disk, memory } from './checks/capacity.ts';
import { captureLibrary, privileges } from './checks/capture.ts';
import { clock, power, vmMemory } from './checks/surroundings.ts';
import type { Facts } from './facts.ts';
import type { Finding, Verdict } from './finding.ts';

export interface Check {
  readonly name: string;
  /** What passes. */
  readonly asks: string;
  /** A pure function; no verdict where the check does not apply. */
  readonly judge: (facts: Facts) => readonly Verdict[];
}

export const checks: readonly Check[] = [
  { name: 'capture library', asks: 'libpcap 1.5 or later, or Npcap 1.0 or later; WinPcap is refused', judge: captureLibrary },
  { name: 'privileges', asks: 'this process may open adapters for capture', judge: privileges },
  { name: 'adapters', asks: 'the adapters to capture on exist, are up and have a link', judge: captureAdapters },
  {
    name: 'adapter roles',
    asks: 'a standalone sensor manages by one adapter and only listens on the others',
    judge: adapterRoles,
  },
  { name: 'teaming', asks: 'bonds and teams are captured as a whole, and once', judge: teaming },
  { name: 'cores', asks: '2 physical cores, and no quota below them', judge: cores },
  { name: 'memory', asks: '6 GB, of which 15% are free', judge: memory },
  { name: 'disk', asks: '10 GB free where output is written; less than 6 GB fails', judge: disk },
  { name: 'clock', asks: 'less than a minute from every domain controller; more than five minutes fails', judge: clock },
  { name: 'power', asks: 'processors stay at full clock', judge: power },
  { name: 'vm memory', asks: 'a virtual machine keeps the memory that it has', judge: vmMemory },
];

export function examine(facts: Facts): readonly Finding[] {
  return checks.flatMap(({ name, judge }) => judge(facts).map((verdict) => ({ check: name, ...verdict })));
}
