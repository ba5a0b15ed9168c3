// Everything that the checks judge, gathered once. The checks themselves see nothing but this.
import type { Adapter } from '../host/adapters/adapter.ts';
import { adapters } from '../host/adapters/list.ts';
import {
  type CaptureDevice,
  type LibraryFacts,
  type LoadedLibrary,
  libraryFacts,
  type NpcapFacts,
  npcapFacts,
} from '../host/capture-library.ts';
import { type CpuFacts, cpuFacts } from '../host/cpu.ts';
import type { DiskSpace, Machine } from '../host/machine.ts';
import { type MemoryFacts, memoryFacts } from '../host/memory.ts';
import { type PowerFacts, powerFacts } from '../host/power.ts';
import { type PrivilegeFacts, privilegeFacts } from '../host/privileges.ts';
import { routes } from '../host/routes.ts';
import { askClock, type ClockReading } from '../host/sntp/client.ts';
import { askClocks } from '../host/sntp/servers.ts';
import { type VirtualFacts, virtualFacts } from '../host/virtual.ts';

/** How the sensor is going to stand: the part of its configuration that the machine has to bear. */
export interface Plan {
  readonly isStandalone: boolean;
  /** Adapters to capture on; empty stands for all that are up. */
  readonly capture: readonly string[];
  /** Whether "all that are up" includes loopback. */
  readonly loopback: boolean;
  /** The adapter of all outbound look-ups of a standalone sensor; null when none is named. */
  readonly management: string | null;
  /** Addresses of the domain controllers. */
  readonly domainControllers: readonly string[];
  /** Where output will be written. */
  readonly folder: string;
  /** Bytes of memory that the sensor allows itself. */
  readonly memoryBudget: number;
}

export interface Facts {
  readonly plan: Plan;
  readonly platform: NodeJS.Platform;
  /** The library and its devices, or why there is none. */
  readonly library:
    | (LibraryFacts & { readonly devices: readonly CaptureDevice[] })
    | { readonly problem: string; readonly standIn: string | null };
  readonly npcap: NpcapFacts | null;
  readonly privileges: PrivilegeFacts;
  readonly adapters: readonly Adapter[];
  readonly cpu: CpuFacts;
  readonly memory: MemoryFacts;
  readonly disk: DiskSpace | null;
  readonly power: PowerFacts;
  readonly virtual: VirtualFacts;
  readonly clocks: readonly ClockReading[];
}

export async function gatherFacts(machine: Machine, library: LoadedLibrary, plan: Plan, ask = askClock): Promise<Facts> {
  const [all, npcap, privileges, cpu, power, virtual] = await Promise.all([
    adapters(machine),
    npcapFacts(machine),
    privilegeFacts(machine),
    cpuFacts(machine),
    powerFacts(machine),
    virtualFacts(machine),
  ]);
  return {
    plan,
    platform: machine.platform,
    library: libraryOf(library),
    npcap,
    privileges,
    adapters: all,
    cpu,
    memory: memoryFacts(machine),
    disk: machine.disk(plan.folder),
    power,
    virtual,
    clocks: await askClocks(
      plan.domainControllers,
      { adapters: all, routes: routes(machine), management: plan.isStandalone ? (plan.management ?? '') : null },
      ask,
    ),
  };
}

function libraryOf(library: LoadedLibrary): Facts['library'] {
  if ('problem' in library) return library;
  try {
    return { ...libraryFacts(library.version), devices: library.devices() };
  } catch (error) {
    return { problem: `${library.version} does not list its devices: ${(error as Error).message}`, standIn: null };
  }
}
