// What the configuration means for active name resolution.
import { getServers } from 'node:dns';
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/index.ts';
import { AdtapError } from '../../errors.ts';
import { type Endpoint, type From, parseEndpoint } from '../../nnr/active/endpoint.ts';
import { DNS_PORT } from '../../nnr/active/reverse-dns.ts';
import type { ActiveSettings } from '../../nnr/active-nnr.ts';
import { networksAround, PRIVATE_NETWORKS } from '../../nnr/scope.ts';

/** Throws ADTAP_E_ADAPTER when the management adapter has no address to ask from. */
export function activeSettings(config: Config): ActiveSettings {
  const { networks, dnsServers, retries, ...rest } = config.nnr;
  return {
    ...rest,
    retries: retries === 0 ? 0 : 1,
    networks: networks.length > 0 ? networks : [...PRIVATE_NETWORKS, ...networksAround(config.domainControllers)],
    dnsServers: endpoints(dnsServers),
    from: addressesOf(config.management.adapter),
  };
}

/** DNS servers as given, or the system's where none are. */
export function endpoints(servers: readonly string[]): Endpoint[] {
  return (servers.length > 0 ? servers : getServers()).flatMap((text) => parseEndpoint(text, DNS_PORT) ?? []);
}

/** First address of each family; of IPv6 only one that is good beyond the link. */
function addressesOf(adapter: string): From {
  if (adapter === '') return { ipv4: '', ipv6: '' };
  const all = networkInterfaces()[adapter] ?? [];
  const first = (family: string): string =>
    all.find((one) => one.family === family && !one.address.startsWith('fe80:'))?.address ?? '';
  const from = { ipv4: first('IPv4'), ipv6: first('IPv6') };
  if (from.ipv4 === '' && from.ipv6 === '')
    throw new AdtapError('ADTAP_E_ADAPTER', `management.adapter: ${adapter} has no address that look-ups could go out from`);
  return from;
}
