// Sizing: traffic in, verdicts and machines out.
import type { Mix } from './capture.ts';
import { type Host, UNKNOWN_HOST } from './hosts.ts';
import { type MachinePlan, planMachines } from './machines.ts';
import { MDI_MOST } from './mdi-table.ts';
import { highestOf, type Model } from './model.ts';
import { type Sample, type Traffic, trafficOf } from './traffic.ts';
import { type AdtapVerdict, adtapVerdict, FREE_SHARE, type MdiVerdict, mdiVerdict } from './verdict.ts';

/** What is known of one domain controller's traffic. */
export interface Observed {
  readonly name: string;
  readonly adapters: ReadonlyMap<string, readonly Sample[]>;
  readonly restarts: number;
  readonly mix: Mix | null;
  /** What is to be said of how the samples came about. */
  readonly notes?: readonly string[];
}

export interface Sized {
  readonly name: string;
  readonly adapters: readonly string[];
  readonly traffic: Traffic | null;
  readonly mix: Mix | null;
  readonly host: Host;
  readonly mdi: MdiVerdict;
  readonly adtap: AdtapVerdict;
  readonly warnings: readonly string[];
}

export interface SizingResult {
  readonly model: Model;
  readonly controllers: readonly Sized[];
  /** A sensor on each controller that is not a No. */
  readonly sensors: { readonly mdi: number; readonly adtap: number };
  /** Standalone machines instead: MDI's as far as its table goes, adtap's like the measured one with 15% free. */
  readonly standalone: { readonly mdi: MachinePlan; readonly adtap: MachinePlan };
}

/** `hosts` by lower-case name; `host` is for those that are not among them. */
export function size(observed: readonly Observed[], hosts: ReadonlyMap<string, Host>, host: Host, model: Model): SizingResult {
  const controllers = observed.map((one): Sized => {
    const traffic = trafficOf([...one.adapters.values()]);
    const own = hosts.get(one.name.toLowerCase()) ?? host;
    return {
      name: one.name,
      adapters: [...one.adapters.keys()].filter((adapter) => adapter !== ''),
      traffic,
      mix: one.mix,
      host: own,
      mdi: mdiVerdict(traffic, own),
      adtap: adtapVerdict(traffic, own, model),
      warnings: warningsOf(one, traffic),
    };
  });
  const unseen = [...hosts]
    .filter(([name]) => !observed.some((one) => one.name.toLowerCase() === name))
    .map(
      ([name, own]): Sized => ({
        name,
        adapters: [],
        traffic: null,
        mix: null,
        host: own,
        mdi: mdiVerdict(null, own),
        adtap: adtapVerdict(null, own, model),
        warnings: [],
      }),
    );
  const busy = controllers.flatMap(({ name, traffic }) => (traffic === null ? [] : [{ name, busy: traffic.busy }]));
  return {
    model,
    controllers: [...controllers, ...unseen],
    sensors: {
      mdi: controllers.filter(({ mdi }) => mdi.words.startsWith('Yes') || mdi.words.startsWith('Maybe')).length,
      adtap: controllers.filter(({ adtap }) => adtap.words.startsWith('Yes')).length,
    },
    standalone: { mdi: planMachines(busy, MDI_MOST), adtap: planMachines(busy, highestOf(model) * (1 - FREE_SHARE)) },
  };
}

function warningsOf({ restarts, notes = [] }: Observed, traffic: Traffic | null): string[] {
  const warnings = [...notes];
  if (restarts > 0) warnings.push(`counters began again ${restarts} times; the time between was left out`);
  if (traffic?.isShort)
    warnings.push(`only ${Math.round(traffic.seconds)} s in one piece: busy is their average, not the busiest 15 minutes`);
  else if (traffic?.isPartOfDay)
    warnings.push(`only ${(traffic.seconds / 3600).toFixed(1)} hours: the busiest 15 minutes of the day may be others`);
  return warnings;
}

export const hostOf = (cores: number | null, memoryGib: number | null): Host => ({ ...UNKNOWN_HOST, cores, memoryGib });
