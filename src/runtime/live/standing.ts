// Where a sensor stands: a standalone sensor's capture adapters only listen, and look-ups leave by another one.
import type { Config } from '../../config/index.ts';
import { AdtapError } from '../../errors.ts';
import { type Adapter, isRoutable } from '../../host/adapters/adapter.ts';
import { findAdapter } from '../../host/adapters/list.ts';

/** Throws ADTAP_E_CONFIG for what must not be; returns what is unwise. `all` are the adapters of this machine. */
export function checkStanding(config: Config, all: readonly Adapter[]): string[] {
  const { mode } = config.sensor;
  const { adapters } = config.capture;
  const management = config.management.adapter;
  if (mode === 'local') return [];
  if (adapters.length === 0)
    throw refuse('capture.adapters: a standalone sensor must be told which adapters the mirror port feeds');
  if (management === '') throw refuse('management.adapter: a standalone sensor needs an adapter of its own for look-ups');
  const speaker = findAdapter(all, management);
  const warnings: string[] = [];
  for (const name of adapters) {
    const adapter = findAdapter(all, name);
    // On Windows an adapter has two names.
    if (name === management || (adapter !== undefined && adapter === speaker))
      throw refuse(`management.adapter: ${management} is a capture adapter too; they must differ`);
    if (adapter === undefined) continue;
    if ((adapter.gateways ?? []).length > 0)
      throw refuse(`capture.adapters: ${name} has a default gateway; a mirror port must have none`);
    if ((adapter.nameServers ?? []).length > 0)
      throw refuse(`capture.adapters: ${name} has DNS servers; a mirror port must have none`);
    for (const one of adapter.addresses)
      if (isRoutable(one)) warnings.push(`${name} has the routable address ${one.address}; give a mirror port none, or a /32`);
  }
  if ((speaker?.addresses ?? []).length === 0) warnings.push(`${management} has no address: look-ups cannot leave by it`);
  if (config.domainControllers.length === 0)
    warnings.push('domainControllers is empty: that a mirror port fell silent cannot be noticed');
  return warnings;
}

const refuse = (message: string): AdtapError => new AdtapError('ADTAP_E_CONFIG', message);
