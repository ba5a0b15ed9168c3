// Capture by the addon: a thread an adapter, which fills slots itself.
import { AdtapError } from '../../errors.ts';
import type { Binding, Device, PoolHandle, PoolShape } from '../../native/binding.ts';
import { STAT_WORDS } from '../../native/binding.ts';
import type { CaptureBackend, CaptureInfo, CapturePool, CaptureSettings, CaptureState, CaptureStats } from './backend.ts';

const STATES: readonly CaptureState[] = ['open', 'running', 'stopping', 'ended', 'failed'];

export class NativeBackend implements CaptureBackend {
  readonly name = 'native';
  readonly library: string;
  readonly #binding: Binding;

  constructor(binding: Binding, library: string) {
    this.#binding = binding;
    this.library = library;
  }

  devices(): readonly Device[] {
    return this.#binding.devices();
  }

  pool(memory: Uint8Array, shape: PoolShape, wake: () => void): CapturePool {
    return new NativePool(this.#binding, this.#binding.createPool(memory, shape, wake));
  }
}

class NativePool implements CapturePool {
  readonly #binding: Binding;
  readonly #handle: PoolHandle;
  readonly #words = new Float64Array(STAT_WORDS);
  #isOpen = true;

  constructor(binding: Binding, handle: PoolHandle) {
    this.#binding = binding;
    this.#handle = handle;
  }

  give(slot: number): void {
    if (this.#isOpen) this.#binding.giveSlot(this.#handle, slot);
  }

  take(ready: Uint32Array): boolean {
    return this.#isOpen && this.#binding.takeSlot(this.#handle, ready);
  }

  open(id: number, device: string, settings: CaptureSettings): CaptureInfo {
    const { filter, promiscuous, ...sizes } = settings;
    try {
      return this.#binding.openCapture(this.#handle, id, device, { ...sizes, isPromiscuous: promiscuous ? 1 : 0 }, filter);
    } catch (cause) {
      throw openError(device, cause as Error);
    }
  }

  start(id: number): void {
    this.#binding.startCapture(this.#handle, id);
  }

  stop(id: number): void {
    this.#binding.stopCapture(this.#handle, id);
  }

  stats(id: number): CaptureStats {
    return this.#told(this.#binding.captureStats(this.#handle, id, this.#words));
  }

  closeCapture(id: number): CaptureStats {
    return this.#told(this.#binding.closeCapture(this.#handle, id, this.#words));
  }

  close(): void {
    this.#isOpen = false;
    this.#binding.closePool(this.#handle);
  }

  #told(error: string): CaptureStats {
    const words = this.#words;
    return {
      state: STATES[words[0]!] ?? 'failed',
      error,
      received: words[1]!,
      receivedBytes: words[2]!,
      delivered: words[3]!,
      noSlot: words[4]!,
      tooLong: words[5]!,
      kernelReceived: words[6]!,
      kernelDropped: words[7]!,
      adapterDropped: words[8]!,
      left: words[9]!,
    };
  }
}

/** Says what the user can do about an adapter that does not open. */
export function openError(device: string, cause: Error): AdtapError {
  const { message } = cause;
  if (message.startsWith('filter: ')) return new AdtapError('ADTAP_E_FILTER', `${message} (says libpcap)`, { cause });
  if (/permi|privilege|CAP_NET_RAW|Operation not permitted/i.test(message)) {
    const what = 'run as root or give it CAP_NET_RAW and CAP_NET_ADMIN (docs/sensor.md)';
    return new AdtapError('ADTAP_E_PRIVILEGE', `${device}: no permission to capture: ${what}`, { cause });
  }
  return new AdtapError('ADTAP_E_ADAPTER', `${device}: cannot capture there: ${message}`, { cause });
}
