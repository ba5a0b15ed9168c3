// Which addresses may be asked at all: single hosts inside the configured networks that are not ours.
import { networkInterfaces } from 'node:os';
import { u8 } from '../bytes/read.ts';
import { formatAddress } from '../ip/address.ts';
import { parseAddress } from '../ip/parse-address.ts';

/** RFC 1918 and RFC 4193. */
export const PRIVATE_NETWORKS: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

export interface Network {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone; null when it is none of them. */
export function parseNetwork(text: string): Network | null {
  const [address = '', length, ...more] = text.split('/');
  const bytes = parseAddress(address);
  if (bytes === null || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const prefix = length === undefined ? bytes.length * 8 : Number(length);
  return prefix > bytes.length * 8 ? null : { bytes, prefix };
}

/** The one form of an address: RFC 5952, and dotted decimal for IPv4 inside IPv6. Null when it is none. */
export function canonicalAddress(text: string): string | null {
  const bytes = parseAddress(text);
  if (bytes === null) return null;
  return isMapped(bytes) ? formatAddress(bytes, 12, 4) : formatAddress(bytes, 0, bytes.length as 4 | 16);
}

/** An IPv4 address inside IPv6 (RFC 4291 2.5.5.2). */
const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);

function contains({ bytes, prefix }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || u8(bytes, whole) >> (8 - rest) === u8(address, whole) >> (8 - rest);
}

/** Whether all bits behind the prefix are ones: the broadcast address of an IPv4 network with more than two addresses. */
function isBroadcast({ bytes, prefix }: Network, address: Uint8Array): boolean {
  if (bytes.length !== 4 || prefix > 30) return false;
  for (let bit = prefix; bit < 32; bit++) if (((u8(address, bit >> 3) >> (7 - (bit & 7))) & 1) === 0) return false;
  return true;
}

export interface ScopeSettings {
  readonly networks: readonly string[];
  /** Addresses and networks inside those that are left alone. */
  readonly exclude: readonly string[];
  /** Whether this machine's own addresses may be asked too. */
  readonly own?: boolean;
}

/** Networks of this machine's adapters, each with the machine's own address in it. */
export type OwnNetworks = () => readonly Network[];

const adapterNetworks: OwnNetworks = () =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ cidr }) => (cidr === null ? [] : (parseNetwork(cidr) ?? [])));

/** How old what is known of our own addresses may be. */
const OWN_MS = 10_000;

export class Scope {
  readonly #networks: readonly Network[];
  readonly #exclude: readonly Network[];
  readonly #asksOwn: boolean;
  readonly #readOwn: OwnNetworks;
  #own: readonly Network[] = [];
  #ownAt = Number.NEGATIVE_INFINITY;

  constructor({ networks, exclude, own: asksOwn = false }: ScopeSettings, own: OwnNetworks = adapterNetworks) {
    const parsed = (list: readonly string[]): Network[] => list.flatMap((text) => parseNetwork(text) ?? []);
    this.#networks = parsed(networks);
    this.#exclude = parsed(exclude);
    this.#asksOwn = asksOwn;
    this.#readOwn = own;
  }

  /** Why the address may not be asked; empty when it may. */
  refusal(text: string): string {
    const canonical = canonicalAddress(text);
    const address = canonical === null ? null : parseAddress(canonical);
    if (address === null) return 'no IP address';
    const general = neverAsked(address);
    if (general !== '') return general;
    const networks = this.#networks.filter((network) => contains(network, address));
    if (networks.length === 0) return 'outside the configured networks';
    if (this.#exclude.some((network) => contains(network, address))) return 'excluded';
    const own = this.#ownNetworks();
    if (
      !this.#asksOwn &&
      own.some(({ bytes }) => bytes.length === address.length && bytes.every((byte, i) => byte === address[i]))
    )
      return 'an address of this machine';
    if ([...networks, ...own.filter((network) => contains(network, address))].some((network) => isBroadcast(network, address)))
      return 'a broadcast address';
    return '';
  }

  #ownNetworks(): readonly Network[] {
    const now = performance.now();
    if (now - this.#ownAt > OWN_MS) {
      this.#own = this.#readOwn();
      this.#ownAt = now;
    }
    return this.#own;
  }
}

/** What no configuration lets in: addresses that are no single host's, or that mean nothing without an adapter. */
function neverAsked(address: Uint8Array): string {
  const first = u8(address, 0);
  if (address.length === 4) {
    if (first === 0) return 'an unspecified address';
    if (first >= 240) return address.every((byte) => byte === 255) ? 'a broadcast address' : 'a reserved address';
    if (first === 169 && u8(address, 1) === 254) return 'a link-local address';
    return first >= 224 ? 'a multicast address' : '';
  }
  if (first === 255) return 'a multicast address';
  if (first === 0xfe && u8(address, 1) >> 6 === 2) return 'a link-local address';
  return address.every((byte) => byte === 0) ? 'an unspecified address' : '';
}

/** The networks around domain controllers, as far as an address alone tells: /24 and /64. */
export const networksAround = (addresses: readonly string[]): string[] =>
  addresses.map((address) => `${address}/${address.includes(':') ? 64 : 24}`);
