// Counts packets of adapters without capturing: the kernel's counters, looked at every few seconds.
import { setTimeout as sleep } from 'node:timers/promises';
import { AdtapError } from '../errors.ts';
import { type Machine, readNumber, thisMachine } from '../host/machine.ts';
import type { Sample } from './traffic.ts';

export interface AdapterSettings {
  readonly seconds: number;
  readonly intervalSeconds: number;
  /** Ends the counting early; what was counted counts. */
  readonly signal: AbortSignal;
  /** Told after each look. */
  says(seconds: number, packetsPerSecond: number): void;
  /** Told once when an adapter goes, and once when it comes back. */
  warns(what: string): void;
}

export interface AdapterCounts {
  readonly adapters: ReadonlyMap<string, readonly Sample[]>;
  /** Counters that began again, such as of a driver that was loaded again: the time between was left out. */
  readonly restarts: number;
  readonly looked: { readonly from: number; readonly to: number };
}

/** Packets in and out of an adapter since it came up. */
export type ReadCounter = (adapter: string) => number;

/** Rejects with ADTAP_E_ADAPTER when there is no such adapter or no such counter to begin with; one that goes later may come back. */
export async function countAdapters(
  adapters: readonly string[],
  settings: AdapterSettings,
  read: ReadCounter = linuxCounter(thisMachine),
  clock: () => number = () => Date.now() / 1000,
): Promise<AdapterCounts> {
  const found = new Map<string, Sample[]>(adapters.map((adapter) => [adapter, []]));
  let restarts = 0;
  let time = clock();
  const totals = new Map<string, number | null>(adapters.map((adapter) => [adapter, read(adapter)]));
  const began = time;
  while (time - began < settings.seconds && !settings.signal.aborted) {
    try {
      const left = settings.seconds - (time - began);
      await sleep(Math.min(settings.intervalSeconds, left) * 1000, undefined, { signal: settings.signal });
    } catch {
      // Ended early: the piece of an interval counts too.
    }
    const now = clock();
    let packets = 0;
    for (const [adapter, samples] of found) {
      const before = totals.get(adapter) ?? null;
      const total = readAgain(adapter, read);
      totals.set(adapter, total);
      if (before !== null && total === null)
        settings.warns(`${adapter} is gone; it will be counted again when it comes back, the time between is not known`);
      if (before === null && total !== null) settings.warns(`${adapter} is back and is counted again`);
      if (before === null || total === null) continue;
      const more = total - before;
      if (more < 0) restarts++;
      else if (now > time) samples.push({ from: time, to: now, packets: more });
      packets += Math.max(0, more);
    }
    if (now > time) settings.says(now - began, packets / (now - time));
    time = now;
  }
  return { adapters: found, restarts, looked: { from: began, to: time } };
}

/** Null while the adapter is away. */
function readAgain(adapter: string, read: ReadCounter): number | null {
  try {
    return read(adapter);
  } catch (error) {
    if (error instanceof AdtapError) return null;
    throw error;
  }
}

export function linuxCounter(machine: Machine): ReadCounter {
  return (adapter) => {
    if (machine.platform !== 'linux')
      throw new AdtapError(
        'ADTAP_E_ADAPTER',
        'adapters are counted on Linux only; elsewhere collect the counter (on Windows: typeperf "\\Network Interface(*)\\Packets/sec" -si 5 -o F.csv) and use --counters',
      );
    if (!/^[^/\s]+$/.test(adapter) || adapter === '..' || adapter === '.') throw noAdapter(adapter);
    const counter = (name: string): number => {
      const value = readNumber(machine, `/sys/class/net/${adapter}/statistics/${name}`);
      if (value === null) throw noAdapter(adapter);
      return value;
    };
    return counter('rx_packets') + counter('tx_packets');
  };
}

const noAdapter = (adapter: string): AdtapError =>
  new AdtapError('ADTAP_E_ADAPTER', `${adapter}: there is no such adapter; /sys/class/net lists them`);
