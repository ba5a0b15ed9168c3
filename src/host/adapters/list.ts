// The network adapters of this machine: what they are, whether they work, what they belong to, where they lead.
import type { Machine } from '../machine.ts';
import { type Adapter, addressesOf, hardwareAddress, MAX_ADAPTERS } from './adapter.ts';
import { adaptersOfLinux } from './linux.ts';
import { adaptersOfWindows } from './windows.ts';

export async function adapters(machine: Machine): Promise<readonly Adapter[]> {
  if (machine.platform === 'linux') return adaptersOfLinux(machine);
  if (machine.platform === 'win32') return (await adaptersOfWindows(machine)) ?? adaptersOfNode(machine);
  return adaptersOfNode(machine);
}

/** An adapter by the system's name or the capture library's. */
export function findAdapter(all: readonly Adapter[], name: string): Adapter | undefined {
  return all.find((one) => one.name === name || one.device === name);
}

/** All that Node tells: adapters that are up and have an address. */
function adaptersOfNode(machine: Machine): readonly Adapter[] {
  return Object.entries(machine.interfaces())
    .slice(0, MAX_ADAPTERS)
    .map(([name, infos = []]) => ({
      name,
      device: name,
      description: '',
      kind: infos.some((info) => info.internal) ? 'loopback' : 'other',
      state: 'up',
      mtu: null,
      speed: null,
      hardwareAddress: hardwareAddress(infos[0]?.mac ?? null),
      addresses: addressesOf(machine, name),
      gateways: null,
      nameServers: null,
      master: null,
      members: [],
      lower: [],
      received: null,
    }));
}
