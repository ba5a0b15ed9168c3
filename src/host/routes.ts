// Where packets leave by: the kernel's routing tables, and through them which adapter the name servers are behind.
import { endianness } from 'node:os';
import { formatAddress } from '../ip/address.ts';
import { parseAddress } from '../ip/parse-address.ts';
import { type Machine, toNumber } from './machine.ts';

export interface Route {
  readonly adapter: string;
  /** 4 or 16 bytes, and how many of their bits count. */
  readonly destination: Uint8Array;
  readonly prefix: number;
  /** Null where the destination is on the link itself. */
  readonly gateway: string | null;
  readonly metric: number;
}

/** Routes read; a router that holds the whole Internet has more, but not by a sensor's side. */
const MAX_ROUTES = 4096;
/** glibc reads three (resolv.conf(5)); systemd lists more. */
const MAX_NAME_SERVERS = 16;

/** Flags of <linux/route.h>. */
const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;

/** The main table of both families. Tables that only rules lead to are not in these files. */
export function routes(machine: Machine): readonly Route[] {
  return [...routes4(machine.read('/proc/net/route') ?? ''), ...routes6(machine.read('/proc/net/ipv6_route') ?? '')];
}

/** /proc/net/route: a header, then fields by tabs; addresses are printed as the machine's own 32-bit words. */
export function routes4(text: string, order: 'BE' | 'LE' = endianness()): readonly Route[] {
  return lines(text).flatMap((fields): Route[] => {
    const [adapter, destination, gateway, flags, , , metric, mask] = fields;
    const to = word(destination, order);
    const via = word(gateway, order);
    const bits = word(mask, order);
    const set = hex(flags);
    if (!adapter || to === null || via === null || bits === null || !isUsable(set)) return [];
    const prefix = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    return [route(adapter, to, prefix, set & RTF_GATEWAY ? via : null, toNumber(metric) ?? 0)];
  });
}

/** /proc/net/ipv6_route: destination, prefix, source, prefix, next hop, metric, references, uses, flags, adapter; all hexadecimal. */
export function routes6(text: string): readonly Route[] {
  return lines(text).flatMap((fields): Route[] => {
    const [destination, prefix, , , gateway, metric, , , flags, adapter] = fields;
    const to = bytes16(destination);
    const via = bytes16(gateway);
    const set = hex(flags);
    const length = hex(prefix);
    if (!adapter || to === null || via === null || !(length <= 128) || !isUsable(set)) return [];
    return [route(adapter, to, length, set & RTF_GATEWAY ? via : null, hex(metric) || 0)];
  });
}

/** The route to an address: the longest prefix, then the least metric. */
export function routeTo(all: readonly Route[], address: Uint8Array): Route | null {
  let best: Route | null = null;
  for (const one of all) {
    if (!covers(one, address)) continue;
    if (best === null || one.prefix > best.prefix || (one.prefix === best.prefix && one.metric < best.metric)) best = one;
  }
  return best;
}

/**
 * Why packets to an address would not leave by the management adapter alone: to bind an address does not bind an adapter, the
 * route decides. Empty where they would, or would leave by one of `besides`, or where the system tells no route.
 */
export function routeRefusal(
  all: readonly Route[],
  address: string,
  management: string,
  besides: readonly string[] = [],
): string {
  const bytes = parseAddress(address);
  const adapter = bytes === null ? undefined : routeTo(all, bytes)?.adapter;
  if (adapter === undefined || adapter === management || besides.includes(adapter)) return '';
  return `the route to it leaves by ${adapter}, not by the management adapter ${management}`;
}

/** Addresses of the name servers, those behind systemd's stub instead of it. */
export function nameServers(machine: Machine): readonly string[] {
  const own = inResolvConf(machine.read('/etc/resolv.conf'));
  // The stub of systemd-resolved listens on 127.0.0.53 and .54, and lists its upstream servers there.
  const isStub = own.length > 0 && own.every((server) => /^127\.0\.0\.5[34]$/.test(server));
  return isStub ? inResolvConf(machine.read('/run/systemd/resolve/resolv.conf')) : own;
}

/** The name servers by the adapter that packets to them leave by. */
export function nameServersByAdapter(machine: Machine, all: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const server of nameServers(machine)) {
    const [text = '', zone] = server.split('%', 2);
    const address = parseAddress(text);
    const adapter = zone ?? (address === null ? undefined : routeTo(all, address)?.adapter);
    if (adapter === undefined) continue;
    found.set(adapter, [...(found.get(adapter) ?? []), server]);
  }
  return found;
}

function inResolvConf(text: string | null): readonly string[] {
  const servers = (text ?? '').split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return servers.slice(0, MAX_NAME_SERVERS);
}

const lines = (text: string): string[][] => text.split('\n', MAX_ROUTES + 1).map((line) => line.trim().split(/\s+/));
const isUsable = (flags: number): boolean => (flags & RTF_UP) !== 0 && (flags & RTF_REJECT) === 0;
const hex = (text: string | undefined): number =>
  /^[0-9a-f]{1,8}$/i.test(text ?? '') ? Number.parseInt(text ?? '', 16) : Number.NaN;

function word(text: string | undefined, order: 'BE' | 'LE'): Uint8Array | null {
  if (!/^[0-9a-f]{8}$/i.test(text ?? '')) return null;
  const bytes = Buffer.from(text ?? '', 'hex');
  return order === 'LE' ? bytes.reverse() : bytes;
}

const bytes16 = (text: string | undefined): Uint8Array | null =>
  /^[0-9a-f]{32}$/i.test(text ?? '') ? Buffer.from(text ?? '', 'hex') : null;

function route(adapter: string, destination: Uint8Array, prefix: number, via: Uint8Array | null, metric: number): Route {
  const gateway = via === null ? null : formatAddress(via, 0, via.length === 4 ? 4 : 16);
  return { adapter, destination, prefix, gateway, metric };
}

function covers({ destination, prefix }: Route, address: Uint8Array): boolean {
  if (destination.length !== address.length) return false;
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (destination[i] !== address[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || ((destination[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest) === 0;
}
