// Where a sensor stands: a standalone sensor's capture adapters only listen, and look-ups leave by another one.
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/index.ts';
import { AdtapError } from '../../errors.ts';

/** What is known of this machine's network; tests hand in their own. */
export interface Network {
  /** Addresses of an adapter; undefined when there is no such adapter or it has none. */
  addresses(
    adapter: string,
  ): readonly { readonly address: string; readonly isLinkLocal: boolean; readonly isHostOnly: boolean }[];
  hasGateway(adapter: string): boolean;
  /** Adapters that DNS servers were configured for, where the platform tells. */
  hasDns(adapter: string): boolean;
}

/** Throws ADTAP_E_CONFIG for what must not be; returns what is unwise. */
export function checkStanding(config: Config, network: Network = thisNetwork): string[] {
  const { mode } = config.sensor;
  const { adapters } = config.capture;
  const management = config.management.adapter;
  if (mode === 'local') return [];
  if (adapters.length === 0)
    throw refuse('capture.adapters: a standalone sensor must be told which adapters the mirror port feeds');
  if (management === '') throw refuse('management.adapter: a standalone sensor needs an adapter of its own for look-ups');
  if (adapters.includes(management)) throw refuse(`management.adapter: ${management} is a capture adapter too; they must differ`);
  const warnings: string[] = [];
  for (const adapter of adapters) {
    if (network.hasGateway(adapter))
      throw refuse(`capture.adapters: ${adapter} has a default gateway; a mirror port must have none`);
    if (network.hasDns(adapter)) throw refuse(`capture.adapters: ${adapter} has DNS servers; a mirror port must have none`);
    for (const { address, isLinkLocal, isHostOnly } of network.addresses(adapter))
      if (!isLinkLocal && !isHostOnly)
        warnings.push(`${adapter} has the routable address ${address}; give a mirror port none, or a /32`);
  }
  if (network.addresses(management).length === 0) warnings.push(`${management} has no address: look-ups cannot leave by it`);
  if (config.domainControllers.length === 0)
    warnings.push('domainControllers is empty: that a mirror port fell silent cannot be noticed');
  return warnings;
}

const refuse = (message: string): AdtapError => new AdtapError('ADTAP_E_CONFIG', message);

const LINUX_ROUTES = '/proc/net/route';
const LINUX_ROUTES_6 = '/proc/net/ipv6_route';
const RESOLVED_LINKS = '/run/systemd/netif/links';

const thisNetwork: Network = {
  addresses(adapter) {
    return (networkInterfaces()[adapter] ?? []).map(({ address, cidr }) => ({
      address,
      isLinkLocal: /^(169\.254\.|fe[89ab])/i.test(address),
      isHostOnly: cidr?.endsWith(address.includes(':') ? '/128' : '/32') ?? false,
    }));
  },
  hasGateway(adapter) {
    return (
      readLines(LINUX_ROUTES).some(([name, destination]) => name === adapter && destination === '00000000') ||
      readLines(LINUX_ROUTES_6).some(
        (cells) => cells.at(-1) === adapter && cells[0] === '0'.repeat(32) && cells[1] === '00' && !isReject(cells),
      )
    );
  },
  hasDns(adapter) {
    const index = readLines(`/sys/class/net/${adapter}/ifindex`)[0]?.[0];
    return index !== undefined && readLines(`${RESOLVED_LINKS}/${index}`).some(([line]) => /^DNS=./.test(line ?? ''));
  },
};

/** RTF_REJECT: Linux lists a default route that refuses everything. */
const isReject = (cells: readonly string[]): boolean => (Number.parseInt(cells[8] ?? '0', 16) & 0x0200) !== 0;

const readLines = (path: string): string[][] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => line.trim().split(/\s+/))
    : [];
