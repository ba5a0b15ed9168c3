// The adapters of a sensor: which ones, opened when they appear, let go when they vanish or go down, opened again when they come
// back. What was counted of an adapter stays its own over all of that.
import {
  type CaptureBackend,
  type CaptureSettings,
  type CaptureState,
  type CaptureStats,
  MAX_CAPTURES,
} from '../../capture/live/backend.ts';
import { AdtapError } from '../../errors.ts';
import { type Standing, standingOf } from '../../host/adapters/linux.ts';
import { thisMachine } from '../../host/machine.ts';
import type { Device } from '../../native/binding.ts';
import type { Log } from '../log.ts';
import type { LivePipeline } from './pipeline.ts';

export interface AdapterPlan {
  /** Names; none means all that are up. */
  readonly names: readonly string[];
  readonly loopback: boolean;
  readonly settings: Omit<CaptureSettings, 'filter'>;
  /** Bytes that the kernel's buffers of all adapters together may have: they count as memory of this process. */
  readonly buffersBytes: number;
  /** Kernel filter for Ethernet, and for linktypes that know no tags. */
  readonly filter: string;
  readonly plainFilter: string;
}

/** Sums over all times that the adapter was open. What the kernel counts is NaN where it is unknown. */
export type AdapterCounts = Omit<CaptureStats, 'state' | 'error'>;

export interface AdapterStatus {
  readonly name: string;
  /** `gone` are those that are not missed: adapters of another time, counted as one. */
  readonly state: 'capturing' | 'unavailable' | 'gone';
  /** Why it is not capturing. */
  readonly reason: string;
  readonly linktype: number;
  readonly counts: AdapterCounts;
  /** How often it was opened. */
  readonly opened: number;
}

const COUNTS = [
  'received',
  'receivedBytes',
  'delivered',
  'noSlot',
  'tooLong',
  'kernelReceived',
  'kernelDropped',
  'adapterDropped',
  'left',
] as const satisfies readonly (keyof AdapterCounts)[];
type Sums = { -readonly [K in keyof AdapterCounts]: number };
const zero = (): Sums => Object.fromEntries(COUNTS.map((name) => [name, 0])) as Sums;

type Pipeline = Pick<LivePipeline, 'pool' | 'setLinktype'>;

/** Adapters of containers come and go under new names: beyond so many those gone the longest are counted as one. */
const MAX_KNOWN = 256;
const FORGOTTEN = '(others)';
/** An adapter that nobody named is missed for so long after it is gone. */
const MISSED_MS = 600_000;
/** The least buffer that an adapter gets. */
const LEAST_BUFFER = 2 << 20;

/** Pseudo-devices of libpcap, and what is no network adapter. */
const PSEUDO = /^(any$|nflog|nfqueue|bluetooth\d|usbmon|dbus-|rdma|rpcap|canusb|npcap loopback)/i;

class Adapter {
  readonly name: string;
  readonly sums = zero();
  place = -1;
  isUp = true;
  reason = '';
  linktype = -1;
  opened = 0;
  bufferBytes = 0;
  /** What libpcap warned of when it was opened. */
  warning = '';
  /** When it was last captured from, by performance.now(). */
  closed = 0;

  constructor(name: string) {
    this.name = name;
  }
}

export class Adapters {
  readonly #backend: CaptureBackend;
  readonly #pipeline: Pipeline;
  readonly #plan: AdapterPlan;
  readonly #log: Log;
  readonly #known = new Map<string, Adapter>();
  #forgotten: Adapter | null = null;
  #nextPlace = 0;
  #isStopping = false;

  constructor(backend: CaptureBackend, pipeline: Pipeline, plan: AdapterPlan, log: Log) {
    this.#backend = backend;
    this.#pipeline = pipeline;
    this.#plan = plan;
    this.#log = log;
  }

  /** Opens all adapters of the plan. Throws the first problem when none can be opened: a sensor that hears nothing must say so. */
  start(): void {
    const problems = this.#openMissing(chosenAdapters(this.#backend.devices(), this.#plan.names, this.#plan.loopback));
    if (this.#open().length > 0) return;
    throw problems[0] ?? new AdtapError('ADTAP_E_ADAPTER', 'there is no adapter that is up; name one with --adapter');
  }

  /** Looks after the adapters; to be called every second or so. */
  poll(): void {
    if (this.#isStopping) return;
    for (const adapter of this.#open()) {
      const { state, error } = this.#pipeline.pool.stats(adapter.place);
      if (state === 'failed' || state === 'ended') this.#close(adapter, error === '' ? 'the capture ended' : error);
    }
    const devices = this.#backend.devices();
    for (const adapter of this.#open()) this.#note(adapter, devices.find(({ name }) => name === adapter.name)?.isUp !== false);
    const chosen = chosenAdapters(devices, this.#plan.names, this.#plan.loopback);
    if (this.#plan.names.length === 0) this.#closeParts(devices, chosen);
    this.#openMissing(chosen);
    this.#forget();
  }

  /** What became a part of a bond or bridge is heard there: nothing is to be captured twice. */
  #closeParts(devices: readonly Device[], chosen: readonly string[]): void {
    for (const adapter of this.#open()) {
      if (!adapter.isUp || chosen.includes(adapter.name) || !devices.some(({ name }) => name === adapter.name)) continue;
      this.#close(adapter, 'it is captured as a part of another adapter');
      // Not missed: it is heard elsewhere.
      adapter.closed = Number.NEGATIVE_INFINITY;
    }
  }

  /** What libpcap warned of, of the adapters that are captured from. */
  get warnings(): string[] {
    return this.#open().flatMap(({ name, warning }) => (warning === '' ? [] : [`${name}: ${warning}`]));
  }

  /** A capture outlives its adapter's being down: it only hears nothing. */
  #note(adapter: Adapter, isUp: boolean): void {
    if (adapter.isUp === isUp) return;
    adapter.isUp = isUp;
    adapter.reason = isUp ? '' : 'the adapter is down';
    if (isUp) this.#log.info({ adapter: adapter.name }, 'the adapter is up again');
    else this.#log.warn({ adapter: adapter.name }, adapter.reason);
  }

  status(): AdapterStatus[] {
    const all = this.#forgotten === null ? this.#known.values() : [...this.#known.values(), this.#forgotten];
    return [...all].map((adapter) => ({
      name: adapter.name,
      state: adapter === this.#forgotten ? 'gone' : adapter.place !== -1 && adapter.isUp ? 'capturing' : 'unavailable',
      reason: adapter.reason,
      linktype: adapter.linktype,
      counts: this.#counts(adapter),
      opened: adapter.opened,
    }));
  }

  /** Stops all captures; resolves when each has read what was there, or after `milliseconds`. */
  async stop(milliseconds: number): Promise<void> {
    this.#isStopping = true;
    const { pool } = this.#pipeline;
    for (const { place } of this.#open()) pool.stop(place);
    const running: readonly CaptureState[] = ['running', 'stopping'];
    const deadline = performance.now() + milliseconds;
    while (this.#open().some(({ place }) => running.includes(pool.stats(place).state)) && performance.now() < deadline)
      await new Promise<void>((resolve) => setTimeout(resolve, 10));
    for (const adapter of this.#open()) this.#close(adapter, '');
  }

  #open(): Adapter[] {
    return [...this.#known.values()].filter((adapter) => adapter.place !== -1);
  }

  #forget(): void {
    for (const [name, adapter] of this.#known) {
      if (adapter.place !== -1 || this.#plan.names.includes(name)) continue;
      if (this.#known.size <= MAX_KNOWN && performance.now() - adapter.closed < MISSED_MS) continue;
      // Never opened and refused each time: that stays an issue.
      if (adapter.opened === 0 && this.#known.size <= MAX_KNOWN) continue;
      this.#forgotten ??= new Adapter(FORGOTTEN);
      for (const count of COUNTS) this.#forgotten.sums[count] += adapter.sums[count];
      this.#forgotten.opened += adapter.opened;
      this.#forgotten.reason = 'adapters that are gone for long';
      this.#known.delete(name);
    }
  }

  #openMissing(chosen: readonly string[]): AdtapError[] {
    const problems: AdtapError[] = [];
    for (const name of chosen) {
      const adapter = this.#known.get(name) ?? new Adapter(name);
      this.#known.set(name, adapter);
      if (adapter.place !== -1) continue;
      try {
        this.#openOne(adapter);
      } catch (error) {
        if (!(error instanceof AdtapError)) throw error;
        problems.push(error);
        if (adapter.reason !== error.message) this.#log.warn({ adapter: name }, error.message);
        adapter.reason = error.message;
      }
    }
    return problems;
  }

  #openOne(adapter: Adapter): void {
    const { pool } = this.#pipeline;
    const place = this.#freePlace();
    if (place === -1) throw new AdtapError('ADTAP_E_ADAPTER', `${adapter.name}: more than ${MAX_CAPTURES} adapters`);
    const { settings: wished, filter, plainFilter, buffersBytes } = this.#plan;
    const left = buffersBytes - this.#open().reduce((sum, { bufferBytes }) => sum + bufferBytes, 0);
    const settings = { ...wished, bufferBytes: Math.max(LEAST_BUFFER, Math.min(wished.bufferBytes, Math.floor(left / 2))) };
    let info: ReturnType<typeof pool.open>;
    try {
      info = pool.open(place, adapter.name, { ...settings, filter });
    } catch (error) {
      if (!(error instanceof AdtapError && error.code === 'ADTAP_E_FILTER') || plainFilter === filter) throw error;
      info = pool.open(place, adapter.name, { ...settings, filter: plainFilter });
    }
    this.#pipeline.setLinktype(place, info.linktype);
    pool.start(place);
    adapter.place = place;
    adapter.isUp = true;
    adapter.linktype = info.linktype;
    adapter.reason = '';
    adapter.opened++;
    adapter.bufferBytes = settings.bufferBytes;
    adapter.warning = info.warning;
    const { linktype, snaplen, isNano } = info;
    this.#log.info({ adapter: adapter.name, linktype, snaplen, nanoseconds: isNano }, 'capturing');
    if (info.warning !== '') this.#log.warn({ adapter: adapter.name }, info.warning);
  }

  /** In turn: slots of a capture that has just ended may still be on their way under its place. */
  #freePlace(): number {
    const taken = new Set(this.#open().map(({ place }) => place));
    for (let tried = 0; tried < MAX_CAPTURES; tried++) {
      const place = this.#nextPlace;
      this.#nextPlace = (place + 1) % MAX_CAPTURES;
      if (!taken.has(place)) return place;
    }
    return -1;
  }

  #close(adapter: Adapter, reason: string): void {
    const last = this.#pipeline.pool.closeCapture(adapter.place);
    for (const name of COUNTS) adapter.sums[name] += last[name];
    adapter.place = -1;
    adapter.closed = performance.now();
    adapter.reason = reason;
    if (reason !== '') this.#log.warn({ adapter: adapter.name }, `capture ended: ${reason}`);
  }

  #counts(adapter: Adapter): AdapterCounts {
    if (adapter.place === -1) return adapter.sums;
    const now = this.#pipeline.pool.stats(adapter.place);
    const counts = zero();
    for (const name of COUNTS) counts[name] = adapter.sums[name] + now[name];
    return counts;
  }
}

/** The adapters that are captured from now: those named, or all that are up. */
export const chosenAdapters = (devices: readonly Device[], names: readonly string[], loopback: boolean): readonly string[] =>
  names.length > 0 ? names : chooseAdapters(devices, loopback, (name) => standingOf(thisMachine, name));

/** All adapters that are up, each packet once: no parts of a bond or bridge, and no VLAN whose carrier is captured from. */
export function chooseAdapters(
  devices: readonly Pick<Device, 'name' | 'isUp' | 'isLoopback'>[],
  loopback: boolean,
  standing: (name: string) => Standing,
): string[] {
  const up = devices.filter((device) => device.isUp && !PSEUDO.test(device.name) && (loopback || !device.isLoopback));
  // Each is looked at once: every look is of files.
  const stands = new Map(up.map(({ name }) => [name, standing(name)]));
  const under = new Set([...stands.values()].flatMap(({ lower }) => lower));
  // A part is left to what it is a part of as far as that is up.
  const chosen = [...stands].filter(([name, { hasMaster }]) => !(hasMaster && under.has(name)));
  const names = new Set(chosen.map(([name]) => name));
  return chosen.filter(([, { lower }]) => !lower.some((one) => names.has(one))).map(([name]) => name);
}
