// A capture backend whose adapters a test makes: they appear, carry packets, fail and vanish when it says so. It keeps the
// contract of capture/live/backend.ts: slots belong to it from give() to take().
import type {
  CaptureBackend,
  CaptureInfo,
  CapturePool,
  CaptureSettings,
  CaptureState,
  CaptureStats,
} from '../../src/capture/live/backend.ts';
import { recordSize, writeRecord } from '../../src/capture/live/records.ts';
import { AdtapError } from '../../src/errors.ts';
import type { Device, PoolShape } from '../../src/native/binding.ts';

export const device = (name: string, more: Partial<Device> = {}): Device => ({
  name,
  description: '',
  addresses: [],
  isLoopback: false,
  isUp: true,
  isRunning: true,
  isWireless: false,
  isDisconnected: false,
  ...more,
});

export interface FakePacket {
  readonly bytes: Uint8Array;
  readonly seconds: number;
  readonly nanoseconds: number;
}

interface Opened {
  readonly device: string;
  readonly settings: CaptureSettings;
  stats: CaptureStats;
}

const NOTHING: CaptureStats = {
  state: 'open',
  error: '',
  received: 0,
  receivedBytes: 0,
  delivered: 0,
  noSlot: 0,
  tooLong: 0,
  kernelReceived: 0,
  kernelDropped: 0,
  adapterDropped: 0,
  left: 0,
};

export class FakeBackend implements CaptureBackend {
  readonly name = 'native';
  readonly library = 'a test';
  present: Device[] = [];
  /** Errors that opening a device gives. */
  readonly refusals = new Map<string, AdtapError>();
  linktype = 1;
  made: FakePool | null = null;

  devices(): readonly Device[] {
    return this.present;
  }

  pool(memory: Uint8Array, shape: PoolShape, wake: () => void): FakePool {
    this.made = new FakePool(this, memory, shape, wake);
    return this.made;
  }
}

export class FakePool implements CapturePool {
  readonly captures = new Map<number, Opened>();
  /** All that was opened, in order. */
  readonly opened: { readonly device: string; readonly place: number; readonly filter: string }[] = [];
  readonly #backend: FakeBackend;
  readonly #memory: Uint8Array;
  readonly #words: Uint32Array;
  readonly #shape: PoolShape;
  readonly #wake: () => void;
  readonly #free: number[] = [];
  readonly #ready: [slot: number, capture: number, packets: number, bytes: number][] = [];

  constructor(backend: FakeBackend, memory: Uint8Array, shape: PoolShape, wake: () => void) {
    this.#backend = backend;
    this.#memory = memory;
    this.#words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
    this.#shape = shape;
    this.#wake = wake;
  }

  get freeSlots(): number {
    return this.#free.length;
  }

  /** Puts packets into one slot of the capture at `place`; without a free slot they are dropped and counted. */
  carry(place: number, packets: readonly FakePacket[]): void {
    const slot = this.#free.shift();
    const bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0);
    this.set(place, (stats) => ({
      received: stats.received + packets.length,
      receivedBytes: stats.receivedBytes + bytes,
      kernelReceived: stats.kernelReceived + packets.length,
      ...(slot === undefined ? { noSlot: stats.noSlot + packets.length } : { delivered: stats.delivered + packets.length }),
    }));
    if (slot === undefined) return;
    const start = slot * this.#shape.stride;
    let at = 0;
    for (const packet of packets) {
      if (at + recordSize(packet.bytes.length) > this.#shape.slotBytes) throw new RangeError('more than a slot holds');
      const { length } = packet.bytes;
      at = writeRecord(this.#memory, this.#words, start + at, packet.bytes, length, packet.seconds, packet.nanoseconds) - start;
    }
    this.#ready.push([slot, place, packets.length, at]);
    this.#wake();
  }

  set(place: number, change: (stats: CaptureStats) => Partial<CaptureStats>): void {
    const capture = this.#at(place);
    capture.stats = { ...capture.stats, ...change(capture.stats) };
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  take(ready: Uint32Array): boolean {
    const next = this.#ready.shift();
    if (next === undefined) return false;
    ready.set(next);
    return true;
  }

  open(id: number, name: string, settings: CaptureSettings): CaptureInfo {
    const refusal = this.#backend.refusals.get(name) ?? this.#backend.refusals.get(settings.filter);
    if (refusal !== undefined) throw refusal;
    if (!this.#backend.present.some((one) => one.name === name))
      throw new AdtapError('ADTAP_E_ADAPTER', `${name}: cannot capture there: No such device exists`);
    if (this.captures.has(id)) throw new Error(`place ${id} is taken`);
    this.captures.set(id, { device: name, settings, stats: NOTHING });
    this.opened.push({ device: name, place: id, filter: settings.filter });
    return { linktype: this.#backend.linktype, snaplen: settings.snaplen, isNano: true, warning: '' };
  }

  start(id: number): void {
    this.#state(id, 'running');
  }

  stop(id: number): void {
    this.#state(id, 'stopping');
    setTimeout(() => {
      if (this.captures.has(id)) this.#state(id, 'ended');
    }, 5);
  }

  stats(id: number): CaptureStats {
    return this.#at(id).stats;
  }

  closeCapture(id: number): CaptureStats {
    const { stats } = this.#at(id);
    this.captures.delete(id);
    return stats;
  }

  close(): void {
    this.captures.clear();
  }

  #state(id: number, state: CaptureState): void {
    this.set(id, () => ({ state }));
  }

  #at(id: number): Opened {
    const capture = this.captures.get(id);
    if (capture === undefined) throw new Error(`nothing is open at place ${id}`);
    return capture;
  }
}
