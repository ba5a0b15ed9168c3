// Traffic onto an adapter, each frame at its time.
import { AdtapError } from '../errors.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import { FrameBatch } from './batch.ts';
import type { Traffic } from './traffic.ts';

const BATCH_BYTES = 1 << 18;
const BATCH_FRAMES = 1024;
/** Frames handed over at once: many enough not to feel the call. */
const BURST = 64;
const LINKTYPE_ETHERNET = 1;
/** How long an adapter may take nothing before that is an error. */
const PATIENCE_MS = 5000;

interface Played {
  readonly bytes: number;
  /** How late the latest frame was, in seconds. */
  readonly late: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An adapter that is open for sending. */
export class Player {
  #sent = 0;
  readonly #binding: Binding;
  readonly #handle: ReturnType<Binding['openPlayer']>;
  readonly #ranges = new Uint32Array(2 * BURST);

  private constructor(binding: Binding, handle: ReturnType<Binding['openPlayer']>) {
    this.#binding = binding;
    this.#handle = handle;
  }

  /** Throws AdtapError when the adapter cannot be sent to. */
  static open(adapter: string): Player {
    const loaded = loadBinding();
    if (!('binding' in loaded)) throw new AdtapError('ADTAP_E_NO_CAPTURE', loaded.problem);
    const { binding } = loaded;
    let handle: ReturnType<Binding['openPlayer']>;
    try {
      handle = binding.openPlayer(adapter);
    } catch (cause) {
      throw new AdtapError('ADTAP_E_ADAPTER', `${adapter}: cannot be sent to: ${(cause as Error).message}`, { cause });
    }
    const linktype = binding.handleLinktype(handle);
    if (linktype !== LINKTYPE_ETHERNET) {
      binding.closeHandle(handle);
      throw new AdtapError('ADTAP_E_ADAPTER', `${adapter}: takes no Ethernet frames (its link type is ${linktype})`);
    }
    return new Player(binding, handle);
  }

  close(): void {
    this.#binding.closeHandle(this.#handle);
  }

  /**
   * Sends all of the traffic; `speed` multiplies the capture's clock, infinity does not wait. `stop` is asked between batches. A frame
   * is not made before its time: what was made was sent.
   */
  async play(traffic: Traffic, speed: number, truth: (lines: Uint8Array) => Promise<void>, stop: () => boolean): Promise<Played> {
    const batch = new FrameBatch(BATCH_BYTES, BATCH_FRAMES);
    let bytes = 0;
    let late = 0;
    const began = performance.now();
    while (!stop()) {
      const now = speed === Number.POSITIVE_INFINITY ? speed : ((performance.now() - began) / 1000) * speed;
      const { due } = traffic;
      if (due === Number.POSITIVE_INFINITY) break;
      if (due > now) {
        await pause(Math.min(1000, Math.ceil(((due - now) / speed) * 1000)));
        continue;
      }
      if (now !== Number.POSITIVE_INFINITY) late = Math.max(late, (now - due) / speed);
      if (traffic.fill(batch, now)) {
        await this.#sendAll(batch);
        bytes += batch.end;
      }
      await truth(traffic.activities());
    }
    await truth(traffic.activities());
    return { bytes, late };
  }

  async #sendAll({ bytes, offsets, lengths, count }: FrameBatch): Promise<void> {
    for (let at = 0; at < count; at += BURST) {
      const burst = Math.min(BURST, count - at);
      for (let i = 0; i < burst; i++) {
        const offset = offsets[at + i] as number;
        this.#ranges[2 * i] = offset;
        this.#ranges[2 * i + 1] = offset + (lengths[at + i] as number);
      }
      await this.#send(bytes, burst);
    }
  }

  /** Sends the ranges; waits while the adapter's queue is full. */
  async #send(bytes: Uint8Array, count: number): Promise<void> {
    let from = 0;
    let refusedAt = Number.NaN;
    while (from < count) {
      const taken = this.#binding.send(this.#handle, bytes, this.#ranges.subarray(2 * from, 2 * count), count - from);
      from += taken;
      this.#sent += taken;
      if (from >= count) break;
      const now = performance.now();
      if (taken > 0 || Number.isNaN(refusedAt)) refusedAt = now;
      if (now - refusedAt > PATIENCE_MS)
        throw new AdtapError('ADTAP_E_ADAPTER', `the adapter takes no more frames: ${this.#binding.handleError(this.#handle)}`);
      await pause(1);
    }
    // Signals and timers get their turn, however fast it goes.
    if ((this.#sent & 0x3fff) < count) await pause(0);
  }
}
