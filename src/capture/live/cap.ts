// Capture by the package cap, for machines where the addon is not built. It calls JavaScript for each packet, on the main thread
// alone; it tells neither times nor lengths on the wire nor what the kernel dropped, so those are the clock's, the captured
// length, and unknown.
import { createRequire } from 'node:module';
import { AdtapError } from '../../errors.ts';
import type { Device, PoolShape } from '../../native/binding.ts';
import type { CaptureBackend, CaptureInfo, CapturePool, CaptureSettings, CaptureState, CaptureStats } from './backend.ts';
import { READY_BYTES, READY_CAPTURE, READY_PACKETS, READY_SLOT } from './backend.ts';
import { openError } from './native.ts';
import { recordSize, writeRecord } from './records.ts';

/** What is used of cap 0.2.1. */
interface Cap {
  open(device: string, filter: string, bufferBytes: number, packet: Buffer): string;
  close(): void;
  on(event: 'packet', listener: (bytes: number, isCut: boolean) => void): void;
  setMinBytes?(bytes: number): void;
}
interface CapDevice {
  readonly name: string;
  readonly description?: string;
  readonly flags?: string;
  readonly addresses: readonly { readonly addr?: string; readonly netmask?: string }[];
}
interface CapModule {
  /** Ours: what must not be collected, kept by what lives as long as the process does. */
  adtapKept?: Cap[];
  readonly Cap: { new (): Cap; deviceList(): CapDevice[] };
}

/** The linktypes that cap has names for, as LINKTYPE_ numbers. */
const LINKTYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  IEEE802_11_RADIO: 127,
  RAW: 101,
  LINKTYPE_LINUX_SLL: 113,
};
/** cap's own snaplen, which cannot be set. */
const SNAPLEN = 65_535;
/**
 * cap 0.2.1 leaves its libuv handle in the loop when it closes, and counts wrongly when open() fails: an object that is collected
 * takes the process with it. So all are kept, and no more than so many are made.
 */
const MOST_OPENED = 4096;
/** How long a slot that is filled in part may wait. */
const HOLD_MS = 10;

/** The stand-in, or null where it is not installed either. */
export function loadCap(): CaptureBackend | null {
  try {
    return new CapBackend(createRequire(import.meta.url)('cap') as CapModule);
  } catch {
    return null;
  }
}

class CapBackend implements CaptureBackend {
  readonly name = 'cap';
  readonly library = 'libpcap, by the package cap';
  readonly #module: CapModule;

  constructor(module: CapModule) {
    this.#module = module;
  }

  devices(): readonly Device[] {
    return this.#module.Cap.deviceList().map((device) => ({
      name: device.name,
      description: device.description ?? '',
      addresses: device.addresses.flatMap(({ addr, netmask }) => (addr ? [{ address: addr, netmask: netmask ?? '' }] : [])),
      isLoopback: device.flags?.includes('LOOPBACK') ?? false,
      // cap says nothing of these: what opens is up.
      isUp: true,
      isRunning: true,
      isWireless: false,
      isDisconnected: false,
    }));
  }

  pool(memory: Uint8Array, shape: PoolShape, wake: () => void): CapturePool {
    return new CapPool(this.#module, memory, shape, wake);
  }
}

interface Ready {
  readonly slot: number;
  readonly capture: number;
  readonly packets: number;
  readonly bytes: number;
}

class CapPool implements CapturePool {
  readonly memory: Uint8Array;
  readonly shape: PoolShape;
  readonly module: CapModule;
  readonly #wake: () => void;
  readonly #free: number[] = [];
  readonly #ready: Ready[] = [];
  readonly #captures = new Map<number, CapCapture>();
  #isWoken = false;

  constructor(module: CapModule, memory: Uint8Array, shape: PoolShape, wake: () => void) {
    this.module = module;
    this.memory = memory;
    this.shape = shape;
    this.#wake = wake;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  grab(): number {
    return this.#free.pop() ?? -1;
  }

  deliver(ready: Ready): void {
    this.#ready.push(ready);
    this.wake();
  }

  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    setImmediate(this.#wake);
  }

  take(out: Uint32Array): boolean {
    const ready = this.#ready.shift();
    if (ready === undefined) {
      this.#isWoken = false;
      return false;
    }
    out[READY_SLOT] = ready.slot;
    out[READY_CAPTURE] = ready.capture;
    out[READY_PACKETS] = ready.packets;
    out[READY_BYTES] = ready.bytes;
    return true;
  }

  open(id: number, device: string, settings: CaptureSettings): CaptureInfo {
    if (this.#captures.has(id)) throw new RangeError(`place ${id} is taken`);
    // What is not there is refused without cap's having to fail; see `failed`.
    if (!this.module.Cap.deviceList().some(({ name }) => name === device))
      throw openError(device, new Error('there is no such adapter'));
    this.module.adtapKept ??= [];
    const kept = this.module.adtapKept;
    if (kept.length >= MOST_OPENED)
      throw new AdtapError('ADTAP_E_ADAPTER', `${device}: cap opened adapters ${MOST_OPENED} times; start the sensor again`);
    const cap = new this.module.Cap();
    kept.push(cap);
    const capture = new CapCapture(this, cap, id, settings);
    const linktype = capture.open(device);
    this.#captures.set(id, capture);
    return { linktype, snaplen: Math.min(SNAPLEN, settings.snaplen), isNano: false, warning: '' };
  }

  start(id: number): void {
    const capture = this.#capture(id);
    if (capture.state !== 'open') throw new Error('the capture cannot be started');
    capture.state = 'running';
  }

  stop(id: number): void {
    this.#capture(id).stop();
  }

  stats(id: number): CaptureStats {
    return this.#capture(id).stats();
  }

  closeCapture(id: number): CaptureStats {
    const capture = this.#capture(id);
    capture.stop();
    this.#captures.delete(id);
    return capture.stats();
  }

  close(): void {
    for (const id of [...this.#captures.keys()]) this.closeCapture(id);
  }

  #capture(id: number): CapCapture {
    const capture = this.#captures.get(id);
    if (capture === undefined) throw new RangeError(`no capture ${id}`);
    return capture;
  }
}

class CapCapture {
  state: CaptureState = 'open';
  readonly #pool: CapPool;
  readonly #cap: Cap;
  readonly #id: number;
  readonly #settings: CaptureSettings;
  /** cap keeps a raw pointer to it: it must live as long as the capture does. */
  readonly #packet = Buffer.alloc(SNAPLEN);
  #slot = -1;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #used = 0;
  #packets = 0;
  #timer: NodeJS.Timeout | null = null;
  #received = 0;
  #receivedBytes = 0;
  #delivered = 0;
  #noSlot = 0;

  constructor(pool: CapPool, cap: Cap, id: number, settings: CaptureSettings) {
    this.#pool = pool;
    this.#cap = cap;
    this.#id = id;
    this.#settings = settings;
  }

  open(device: string): number {
    let name: string;
    try {
      name = this.#cap.open(device, this.#settings.filter, this.#settings.bufferBytes, this.#packet);
    } catch (cause) {
      throw openError(device, cause as Error);
    }
    this.#cap.setMinBytes?.(0);
    const linktype = LINKTYPES[name] ?? Number(/^Unknown linktype (\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(linktype)) {
      this.#cap.close();
      throw new AdtapError('ADTAP_E_ADAPTER', `${device}: cap knows no linktype "${name}"`);
    }
    this.#cap.on('packet', (bytes) => this.#take(bytes));
    return linktype;
  }

  #take(length: number): void {
    if (this.state !== 'running') return;
    const { shape, memory } = this.#pool;
    const caplen = Math.min(length, this.#settings.snaplen, this.#packet.length);
    this.#received++;
    this.#receivedBytes += caplen;
    if (this.#slot !== -1 && (this.#used + recordSize(caplen) > shape.slotBytes || this.#packets >= shape.slotPackets))
      this.#deliver();
    if (this.#slot === -1) {
      this.#slot = this.#pool.grab();
      if (this.#slot === -1) {
        this.#noSlot++;
        return;
      }
      const start = memory.byteOffset + this.#slot * shape.stride;
      this.#bytes = new Uint8Array(memory.buffer, start, shape.slotBytes);
      this.#words = new Uint32Array(memory.buffer, start, shape.slotBytes >> 2);
      this.#timer ??= setTimeout(() => this.#flush(), HOLD_MS);
    }
    const now = performance.timeOrigin + performance.now();
    const seconds = Math.floor(now / 1000);
    const nanoseconds = Math.floor((now - seconds * 1000) * 1e6);
    this.#used = writeRecord(
      this.#bytes,
      this.#words,
      this.#used,
      this.#packet.subarray(0, caplen),
      length,
      seconds,
      nanoseconds,
    );
    this.#packets++;
  }

  #deliver(): void {
    this.#delivered += this.#packets;
    this.#pool.deliver({ slot: this.#slot, capture: this.#id, packets: this.#packets, bytes: this.#used });
    this.#slot = -1;
    this.#used = 0;
    this.#packets = 0;
  }

  #flush(): void {
    this.#timer = null;
    if (this.#slot !== -1) this.#deliver();
  }

  stop(): void {
    if (this.state === 'ended') return;
    this.#cap.close();
    this.state = 'ended';
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#flush();
    this.#pool.wake();
  }

  stats(): CaptureStats {
    return {
      state: this.state,
      error: '',
      received: this.#received,
      receivedBytes: this.#receivedBytes,
      delivered: this.#delivered,
      noSlot: this.#noSlot,
      tooLong: 0,
      kernelReceived: Number.NaN,
      kernelDropped: Number.NaN,
      adapterDropped: Number.NaN,
      left: Number.NaN,
    };
  }
}
