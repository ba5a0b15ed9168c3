// What is known of a network adapter, whatever the system.
import { isIPv6 } from 'node:net';
import { type Machine, toNumber } from '../machine.ts';

export type AdapterKind = 'ethernet' | 'wireless' | 'loopback' | 'bond' | 'team' | 'bridge' | 'vlan' | 'tunnel' | 'other';

export interface AdapterAddress {
  readonly address: string;
  /** Bits of the network; null when it is not told. */
  readonly prefix: number | null;
}

export interface Adapter {
  /** The system's name, such as `eth0` or `Ethernet 2`. */
  readonly name: string;
  /** What libpcap or Npcap calls it; the same as `name` but on Windows. */
  readonly device: string;
  readonly description: string;
  readonly kind: AdapterKind;
  /** `no-link`: switched on, but nothing at the other end of the cable. */
  readonly state: 'up' | 'down' | 'no-link';
  readonly mtu: number | null;
  /** Bits per second; null for most virtual adapters. */
  readonly speed: number | null;
  readonly hardwareAddress: string | null;
  /** Only those of adapters that are up. */
  readonly addresses: readonly AdapterAddress[];
  /** Routers of its default routes, `on-link` for a route without one. Null: not known on this system. */
  readonly gateways: readonly string[] | null;
  /** Name servers that are asked through it. Null: not known on this system. */
  readonly nameServers: readonly string[] | null;
  /** The bond, team or bridge that it is part of. */
  readonly master: string | null;
  readonly members: readonly string[];
  /** All adapters that it stands on: its members, or the adapter that carries a VLAN. */
  readonly lower: readonly string[];
  readonly received: ReceiveCounters | null;
}

/** Since the adapter came up. */
export interface ReceiveCounters {
  readonly packets: number;
  readonly bytes: number;
  readonly errors: number;
  readonly dropped: number;
}

/** Adapters looked at: a host of many containers has one for each. */
export const MAX_ADAPTERS = 1024;

/** A hardware address with colons, in lower case; null for none and for all zeros. */
export const hardwareAddress = (text: string | null): string | null =>
  text === null || /^(00:?)+$/.test(text) || !/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(text) ? null : text.toLowerCase();

export function addressesOf(machine: Machine, name: string): readonly AdapterAddress[] {
  return (machine.interfaces()[name] ?? []).map(({ address, cidr }) => ({
    address,
    prefix: toNumber(cidr?.split('/')[1]),
  }));
}

/** An address alone in its network reaches nobody, a link-local one no further than the cable. */
export function isRoutable({ address, prefix }: AdapterAddress): boolean {
  if (/^(fe[89ab]|169\.254\.)/i.test(address)) return false;
  return prefix === null || prefix < (isIPv6(address) ? 128 : 32);
}
