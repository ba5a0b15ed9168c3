// What the configuration means for active name resolution.
import { getServers } from 'node:dns';
import type { Config } from '../../config/index.ts';
import { AdtapError } from '../../errors.ts';
import { type Machine, thisMachine } from '../../host/machine.ts';
import { type Route, routeRefusal, routes } from '../../host/routes.ts';
import { type Endpoint, type From, isIpv6, localAddress, parseEndpoint } from '../../nnr/active/endpoint.ts';
import { DNS_PORT } from '../../nnr/active/reverse-dns.ts';
import type { ActiveSettings } from '../../nnr/active-nnr.ts';
import { networksAround, PRIVATE_NETWORKS } from '../../nnr/scope.ts';

const LOOPBACK = 'lo';

/** Throws ADTAP_E_ADAPTER when the management adapter has no address to ask from. */
export function activeSettings(config: Config): ActiveSettings {
  const { networks, dnsServers, retries, ...rest } = config.nnr;
  return {
    ...rest,
    retries: retries === 0 ? 0 : 1,
    networks: networks.length > 0 ? networks : [...PRIVATE_NETWORKS, ...networksAround(config.domainControllers)],
    dnsServers: endpoints(dnsServers),
    from: waysFrom(config.management.adapter),
  };
}

/** DNS servers as given, or the system's where none are. */
export function endpoints(servers: readonly string[]): Endpoint[] {
  return (servers.length > 0 ? servers : getServers()).flatMap((text) => parseEndpoint(text, DNS_PORT) ?? []);
}

/** How old what is known of the routes may be. */
const ROUTES_MS = 3000;

/**
 * Where look-ups go out from: the adapter alone, if one is named. `given` are addresses to use instead of the adapter's own: the
 * first of each family, of IPv6 only one that is good beyond the link. Throws ADTAP_E_ADAPTER when the adapter has neither.
 */
export function waysFrom(adapter: string, given: Partial<From> = {}, machine: Machine = thisMachine): From {
  const { ipv4 = '', ipv6 = '' } = given;
  if (adapter === '') return { ipv4, ipv6 };
  const all = machine.interfaces()[adapter] ?? [];
  const first = (family: string): string =>
    all.find((one) => one.family === family && !one.address.startsWith('fe80:'))?.address ?? '';
  const from = { ipv4: ipv4 || first('IPv4'), ipv6: ipv6 || first('IPv6') };
  if (from.ipv4 === '' && from.ipv6 === '')
    throw new AdtapError('ADTAP_E_ADAPTER', `management.adapter: ${adapter} has no address that look-ups could go out from`);
  let known: readonly Route[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const refusal = (address: string): string => {
    // A socket without an address of its own would leave by whatever adapter has a route.
    if (localAddress(from, address) === '')
      return `the management adapter ${adapter} has no IPv${isIpv6(address) ? 6 : 4} address to ask it from`;
    const now = performance.now();
    if (now - readAt > ROUTES_MS) {
      known = routes(machine);
      readAt = now;
    }
    // What goes to this machine itself does not leave it.
    return routeRefusal(known, address, adapter, [LOOPBACK]);
  };
  return { ...from, refusal };
}
