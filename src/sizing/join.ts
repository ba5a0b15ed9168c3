// What several logs say of one adapter, joined by time: a file an hour, or another adapter in another file, is one machine.
import { AdtapError } from '../errors.ts';
import { median } from './median.ts';
import type { Sample } from './traffic.ts';

/** What one file says of one adapter, in order of time. */
export interface Log {
  readonly path: string;
  readonly machine: string;
  readonly adapter: string;
  /** A rate is the mean since the time before; a total counts on. */
  readonly kind: 'rate' | 'total';
  /** The file itself says which machine it is of. */
  readonly isNamed: boolean;
  readonly times: number[];
  /** NaN where there is none. */
  readonly values: number[];
  /** What reading the file took for granted. */
  readonly notes: readonly string[];
}

/** Samples of one machine, by adapter. */
export interface CounterSeries {
  readonly name: string;
  readonly adapters: ReadonlyMap<string, readonly Sample[]>;
  /** Counters that began again, such as after a restart: the time between was left out. */
  readonly restarts: number;
  /** What reading its files took for granted. */
  readonly notes: readonly string[];
}

/** A distance of so many usual ones is a gap. */
const GAP = 3;
/** What is usual is looked for among so many distances to each side: the interval may have been changed. */
const NEAR = 8;

/** One series a machine, in the order in which machines and adapters first come. Throws ADTAP_E_COUNTERS for times that come twice. */
export function joinLogs(logs: readonly Log[]): CounterSeries[] {
  const machines = new Map<string, { readonly name: string; readonly adapters: Map<string, Log[]> }>();
  for (const log of logs) {
    const key = log.machine.toLowerCase();
    const machine = machines.get(key) ?? { name: log.machine, adapters: new Map<string, Log[]>() };
    machines.set(key, machine);
    machine.adapters.set(log.adapter, [...(machine.adapters.get(log.adapter) ?? []), log]);
  }
  return [...machines.values()].map(({ name, adapters }) => {
    let restarts = 0;
    const joined = [...adapters].map(([adapter, parts]): [string, readonly Sample[]] => {
      const found = samplesOf(inOrder(parts));
      restarts += found.restarts;
      return [adapter, found.samples];
    });
    const notes = new Set([...adapters.values()].flatMap((parts) => parts.flatMap((log) => log.notes)));
    return { name, adapters: new Map(joined), restarts, notes: [...notes] };
  });
}

function inOrder(logs: readonly Log[]): readonly Log[] {
  // A column without any value, such as of an adapter that is down, is in nobody's way.
  const telling = logs.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  const sorted = [...telling].sort((a, b) => first(a) - first(b));
  for (const [index, log] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined) continue;
    const who = `${log.machine}${log.adapter === '' ? '' : `, ${log.adapter}`}`;
    if (log.kind !== before.kind)
      throw new AdtapError('ADTAP_E_COUNTERS', `${before.path} and ${log.path}: one has rates of ${who}, the other totals`);
    if (first(log) < last(before))
      throw new AdtapError(
        'ADTAP_E_COUNTERS',
        `${before.path} and ${log.path}: both tell of ${who} from ${iso(first(log))} to ${iso(Math.min(last(before), last(log)))}; give each time once, and name different domain controllers in a column dc`,
      );
  }
  return sorted;
}

function samplesOf(logs: readonly Log[]): { readonly samples: Sample[]; readonly restarts: number } {
  const times = logs.flatMap((log) => log.times);
  const values = logs.flatMap((log) => log.values);
  return logs[0]?.kind === 'total' ? fromTotals(times, values) : { samples: fromRates(times, values), restarts: 0 };
}

/** The first time only begins. A rate tells of one interval: what is between it and a time long ago is not known. */
function fromRates(times: readonly number[], values: readonly number[]): Sample[] {
  const distances = times.map((time, index) => time - (times[index - 1] ?? Number.NaN));
  const usual = median(distances);
  const samples: Sample[] = [];
  for (const [index, rate] of values.entries()) {
    const to = times[index]!;
    let length = distances[index]!;
    if (length > GAP * usual) {
      const near = median(distances.slice(Math.max(0, index - NEAR), index + NEAR + 1));
      if (length > GAP * near) length = near;
    }
    // Where one file ends and the next begins the same time may stand in both.
    if (length > 0 && !Number.isNaN(rate)) samples.push({ from: to - length, to, packets: rate * length });
  }
  return samples;
}

/** What a total grew by over a gap is known, if not when; one that shrinks began again. */
function fromTotals(
  times: readonly number[],
  values: readonly number[],
): { readonly samples: Sample[]; readonly restarts: number } {
  const samples: Sample[] = [];
  let restarts = 0;
  let from = Number.NaN;
  let total = Number.NaN;
  for (const [index, value] of values.entries()) {
    const to = times[index]!;
    if (Number.isNaN(value)) continue;
    if (value < total) restarts++;
    else if (to > from) samples.push({ from, to, packets: value - total });
    from = to;
    total = value;
  }
  return { samples, restarts };
}

const first = ({ times }: Log): number => times[0] ?? Number.NaN;
const last = ({ times }: Log): number => times.at(-1) ?? Number.NaN;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
