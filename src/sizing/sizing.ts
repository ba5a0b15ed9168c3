// Sizing: traffic in, verdicts and machines out.
import type { Mix } from './capture.ts';
import { type Host, UNKNOWN_HOST } from './hosts.ts';
import { type MachinePlan, planMachines } from './machines.ts';
import { MDI_MOST } from './mdi-table.ts';
import { median } from './median.ts';
import { highestOf, type Model } from './model.ts';
import { type Sample, type Traffic, trafficOf, WINDOW_SECONDS } from './traffic.ts';
import { type AdtapVerdict, adtapVerdict, FREE_SHARE, type MdiVerdict, mdiVerdict } from './verdict.ts';

/** What is known of one domain controller's traffic. */
export interface Observed {
  readonly name: string;
  readonly adapters: ReadonlyMap<string, readonly Sample[]>;
  readonly restarts: number;
  readonly mix: Mix | null;
  /** What is to be said of how the samples came about. */
  readonly notes?: readonly string[];
  /** The time in which there should be samples, where it is more than that of the samples. */
  readonly looked?: { readonly from: number; readonly to: number };
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

/** Microsoft's tool looks every 5 seconds; more than a minute, and what a timer is late by, hides too much not to be told. */
const COARSE_SECONDS = 65;
/** So many usual intervals without a sample are worth a note. */
const WORTH_A_NOTE = 3;

function warningsOf(one: Observed, traffic: Traffic | null): string[] {
  const warnings = [...(one.notes ?? [])];
  if (one.restarts > 0) warnings.push(`counters began again ${one.restarts} times; the time between was left out`);
  if (traffic === null) return warnings;
  if (traffic.average === 0) warnings.push('no packet was counted in all this time: is it the adapter that hears them?');
  warnings.push(...unknownTimes(one, traffic));
  if (traffic.isShort)
    warnings.push(`only ${Math.round(traffic.seconds)} s in one piece: busy is their average, not the busiest 15 minutes`);
  else if (traffic.isPartOfDay)
    warnings.push(`only ${(traffic.seconds / 3600).toFixed(1)} hours: the busiest 15 minutes of the day may be others`);
  const interval = Math.max(...[...one.adapters.values()].map(usualInterval).filter((seconds) => !Number.isNaN(seconds)));
  if (interval > WINDOW_SECONDS)
    warnings.push(`a sample is the mean of ${lasting(interval)}: the busiest 15 minutes and the peak within it are higher`);
  else if (interval > COARSE_SECONDS)
    warnings.push(`a sample is the mean of ${lasting(interval)}: peaks are higher, the busiest 15 minutes may be`);
  return warnings;
}

/** How much of the time nothing is known of an adapter. */
function unknownTimes({ adapters, looked }: Observed, { from, to }: Traffic): string[] {
  const all = looked === undefined ? to - from : Math.max(to, looked.to) - Math.min(from, looked.from);
  return [...adapters].flatMap(([adapter, samples]) => {
    const unknown = all - samples.reduce((sum, sample) => sum + sample.to - sample.from, 0);
    if (samples.length > 0 && unknown < WORTH_A_NOTE * usualInterval(samples)) return [];
    return [`${adapter === '' ? '' : `${adapter}: `}nothing is known of ${lasting(unknown)} of ${lasting(all)}`];
  });
}

const usualInterval = (samples: readonly Sample[]): number => median(samples.map(({ from, to }) => to - from));

/** Seconds, minutes or hours. */
function lasting(seconds: number): string {
  if (seconds < 120) return `${+seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${+(seconds / 60).toFixed(1)} min` : `${+(seconds / 3600).toFixed(1)} hours`;
}

export const hostOf = (cores: number | null, memoryGib: number | null): Host => ({ ...UNKNOWN_HOST, cores, memoryGib });
