// Asks several time servers, each from the right address: a standalone sensor must never send by an adapter that captures.
import { isIPv6 } from 'node:net';
import type { Adapter } from '../adapters/adapter.ts';
import { findAdapter } from '../adapters/list.ts';
import { type Route, routeRefusal } from '../routes.ts';
import { askClock, type ClockReading } from './client.ts';

/** Servers asked at once. */
const AT_ONCE = 8;

/** What is known of the ways out of this machine. */
export interface WaysOut {
  readonly adapters: readonly Adapter[];
  /** Empty where the system does not tell. */
  readonly routes: readonly Route[];
  /** The only adapter to send by; null for any. */
  readonly management: string | null;
  /** Ends all questions at once. */
  readonly signal?: AbortSignal;
}

/** A reading of each server, in the order of the servers. Never rejects; takes some seconds for every eight that are silent. */
export async function askClocks(servers: readonly string[], out: WaysOut, ask = askClock): Promise<readonly ClockReading[]> {
  const readings: ClockReading[] = [];
  for (let at = 0; at < servers.length; at += AT_ONCE)
    readings.push(...(await Promise.all(servers.slice(at, at + AT_ONCE).map((server) => askOne(server, out, ask)))));
  return readings;
}

async function askOne(server: string, out: WaysOut, ask: typeof askClock): Promise<ClockReading> {
  const { adapters, routes, management, signal } = out;
  const stop = signal === undefined ? {} : { signal };
  if (management === null) return ask({ server, ...stop });
  const adapter = findAdapter(adapters, management);
  const from = adapter === undefined ? null : addressToward(server, adapter);
  if (adapter === undefined || from === null)
    return { server, problem: `the management adapter ${management} has no address to ask it from` };
  const problem = routeRefusal(routes, server, adapter.name);
  return problem !== '' ? { server, problem } : ask({ server, from, ...stop });
}

/** The address to send from: of the server's family, and link-local only to such a server. */
function addressToward(server: string, adapter: Adapter): string | null {
  const isLocal = (address: string): boolean => /^(fe[89ab]|169\.254\.)/i.test(address);
  const found = adapter.addresses.find(
    ({ address }) => isIPv6(address) === isIPv6(server) && isLocal(address) === isLocal(server),
  );
  return found?.address ?? null;
}
