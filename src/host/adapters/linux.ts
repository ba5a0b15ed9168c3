// Adapters of Linux, by /proc/net/dev and /sys/class/net.
import { keyValues, type Machine, readNumber, readWord, toNumber } from '../machine.ts';
import { nameServersByAdapter, routes } from '../routes.ts';
import { type Adapter, type AdapterKind, addressesOf, hardwareAddress, MAX_ADAPTERS, type ReceiveCounters } from './adapter.ts';

const NET = '/sys/class/net';
/** ARPHRD_* of <linux/if_arp.h>. */
const ETHERNET = 1;
const LOOPBACK = 772;
const WIRELESS: readonly number[] = [801, 802, 803];
const IFF_UP = 0x1;

export function adaptersOfLinux(machine: Machine): readonly Adapter[] {
  const all = routes(machine);
  const resolvers = nameServersByAdapter(machine, all);
  const counters = receiveCounters(machine);
  // Not the folder list of /sys/class/net: that may show another network namespace than the one this process is in.
  const names = [...new Set([...counters.keys(), ...Object.keys(machine.interfaces())])].slice(0, MAX_ADAPTERS);
  const masters = new Map(names.map((name) => [name, machine.link(`${NET}/${name}/master`)]));
  return names.map((name) => {
    const folder = `${NET}/${name}`;
    const members = names.filter((one) => masters.get(one) === name);
    const megabits = readNumber(machine, `${folder}/speed`);
    const defaults = all.filter((route) => route.adapter === name && route.prefix === 0);
    return {
      name,
      device: name,
      description: readWord(machine, `${folder}/ifalias`) ?? driver(machine, folder),
      kind: kindOf(machine, folder, members.length > 0),
      state: stateOf(machine, folder),
      mtu: readNumber(machine, `${folder}/mtu`),
      speed: megabits !== null && megabits > 0 ? megabits * 1e6 : null,
      hardwareAddress: hardwareAddress(readWord(machine, `${folder}/address`)),
      addresses: addressesOf(machine, name),
      gateways: [...new Set(defaults.map((route) => route.gateway ?? 'on-link'))],
      nameServers: resolvers.get(name) ?? [],
      master: masters.get(name) ?? null,
      members,
      lower: standingOf(machine, name).lower,
      received: counters.get(name) ?? null,
    };
  });
}

/** What arrived at each adapter, by /proc/net/dev: bytes, packets, errs, drop first (proc_pid_net(5)). */
export function receiveCounters(machine: Machine): ReadonlyMap<string, ReceiveCounters> {
  const found = new Map<string, ReceiveCounters>();
  // The first two lines are headings. An adapter's name may hold a colon (an alias), its numbers none.
  for (const line of (machine.read('/proc/net/dev') ?? '').split('\n').slice(2)) {
    const at = line.lastIndexOf(':');
    const [bytes, packets, errors, dropped] = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(toNumber);
    if (at < 0 || bytes == null || packets == null || errors == null || dropped == null) continue;
    found.set(line.slice(0, at).trim(), { packets, bytes, errors, dropped });
  }
  return found;
}

function kindOf(machine: Machine, folder: string, hasMembers: boolean): AdapterKind {
  const type = readNumber(machine, `${folder}/type`);
  const devType = keyValues(machine.read(`${folder}/uevent`), '=').get('DEVTYPE');
  if (type === LOOPBACK) return 'loopback';
  if (devType === 'wlan' || (type !== null && WIRELESS.includes(type))) return 'wireless';
  if (devType === 'bond' || machine.list(`${folder}/bonding`) !== null) return 'bond';
  if (devType === 'bridge' || machine.list(`${folder}/bridge`) !== null) return 'bridge';
  if (devType === 'vlan') return 'vlan';
  if (devType !== undefined && TUNNELS.includes(devType)) return 'tunnel';
  if (type !== ETHERNET) return type === null ? 'other' : 'tunnel';
  // The team driver leaves no mark of its own. Hardware that has members is a pair of a virtual and a passed-through adapter.
  if (hasMembers && devType === undefined && machine.link(`${folder}/device`) === null) return 'team';
  return 'ethernet';
}

/** DEVTYPE of tunnels that carry Ethernet. */
const TUNNELS: readonly string[] = ['vxlan', 'geneve', 'gre', 'wireguard', 'wwan', 'bareudp', 'l2tpeth'];

function stateOf(machine: Machine, folder: string): Adapter['state'] {
  const operstate = readWord(machine, `${folder}/operstate`);
  const flags = Number(readWord(machine, `${folder}/flags`) ?? Number.NaN);
  if (Number.isInteger(flags) && (flags & IFF_UP) === 0) return 'down';
  if (operstate === 'up') return 'up';
  // Drivers that do not track it say "unknown" (loopback, tun); their carrier still tells.
  if (operstate === 'unknown' && readNumber(machine, `${folder}/carrier`) !== 0) return 'up';
  return operstate === null ? 'up' : 'no-link';
}

/** Adapters that one stands on, and whether it is itself a part of another: all that a choice between them needs. */
export interface Standing {
  readonly lower: readonly string[];
  readonly hasMaster: boolean;
}

/** By one look at its folder; an adapter that there is not stands on nothing. */
export function standingOf(machine: Machine, name: string): Standing {
  const entries = machine.list(`${NET}/${name}`) ?? [];
  return {
    lower: entries.filter((entry) => entry.startsWith('lower_')).map((entry) => entry.slice('lower_'.length)),
    hasMaster: entries.includes('master'),
  };
}

const driver = (machine: Machine, folder: string): string => machine.link(`${folder}/device/driver`) ?? '';
