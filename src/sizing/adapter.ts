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
}

/** Packets in and out of an adapter since it came up. */
export type ReadCounter = (adapter: string) => number;

/** Samples by adapter. Rejects with ADTAP_E_ADAPTER when there is no such adapter or no such counter. */
export async function countAdapters(
  adapters: readonly string[],
  settings: AdapterSettings,
  read: ReadCounter = linuxCounter(thisMachine),
  clock: () => number = () => Date.now() / 1000,
): Promise<Map<string, Sample[]>> {
  const found = new Map<string, Sample[]>(adapters.map((adapter) => [adapter, []]));
  let time = clock();
  const totals = new Map(adapters.map((adapter) => [adapter, read(adapter)]));
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
      const total = read(adapter);
      const more = total - totals.get(adapter)!;
      totals.set(adapter, total);
      // A driver that was loaded again counts from 0.
      if (more >= 0 && now > time) samples.push({ from: time, to: now, packets: more });
      packets += Math.max(0, more);
    }
    if (now > time) settings.says(now - began, packets / (now - time));
    time = now;
  }
  return found;
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
