// What captures packets from adapters: the contract that the native addon and its stand-in, the package cap, both keep, and the
// one conformance test both pass.
import type { Device, PoolShape } from '../../native/binding.ts';

export interface CaptureSettings {
  /** Bytes kept of a packet. */
  readonly snaplen: number;
  readonly promiscuous: boolean;
  /** How long the kernel may gather packets before it hands them over. */
  readonly timeoutMs: number;
  /** The kernel's buffer. */
  readonly bufferBytes: number;
  /** How long at most a capture that is told to stop reads what the kernel still holds. */
  readonly drainMs: number;
  /** In libpcap's syntax; empty for everything. */
  readonly filter: string;
}

export interface CaptureInfo {
  readonly linktype: number;
  readonly snaplen: number;
  readonly isNano: boolean;
  readonly warning: string;
}

export type CaptureState = 'open' | 'running' | 'stopping' | 'ended' | 'failed';

/**
 * Counts since the capture was opened. received = delivered + noSlot + tooLong (+ what lies in a slot not yet delivered).
 * What the kernel counts is NaN where the backend cannot know: unknown, which is not none.
 */
export interface CaptureStats {
  readonly state: CaptureState;
  /** Why it failed. */
  readonly error: string;
  readonly received: number;
  readonly receivedBytes: number;
  readonly delivered: number;
  readonly noSlot: number;
  readonly tooLong: number;
  readonly kernelReceived: number;
  readonly kernelDropped: number;
  readonly adapterDropped: number;
  /** Seen by the kernel and not read when the capture ended; NaN where it counts otherwise than what it lets through. */
  readonly left: number;
}

/** Words that take() fills in. */
export const READY_SLOT = 0;
export const READY_CAPTURE = 1;
export const READY_PACKETS = 2;
export const READY_BYTES = 3;

/** Captures that one pool can have at a time. */
export const MAX_CAPTURES = 64;

/** A pool of slots that several captures fill. A slot belongs to the pool from give() to take(). */
export interface CapturePool {
  give(slot: number): void;
  /** False when nothing is ready; wake() is called when that changes. */
  take(ready: Uint32Array): boolean;
  /** Opens an adapter in place `id`. Throws AdtapError ADTAP_E_ADAPTER, ADTAP_E_PRIVILEGE or ADTAP_E_FILTER. */
  open(id: number, device: string, settings: CaptureSettings): CaptureInfo;
  /** Throws when it has started or was told to stop. */
  start(id: number): void;
  /** Asks the capture to read what is there by now and to end; the state tells when it has. */
  stop(id: number): void;
  stats(id: number): CaptureStats;
  /** Ends it at once and frees the place; gives its last counts, of which nothing lies in a slot not yet delivered. */
  closeCapture(id: number): CaptureStats;
  close(): void;
}

export interface CaptureBackend {
  readonly name: 'native' | 'cap';
  /** libpcap's description of itself, where it is known. */
  readonly library: string;
  devices(): readonly Device[];
  /** Slots lie in `memory`; wake() may come at any time from the event loop. */
  pool(memory: Uint8Array, shape: PoolShape, wake: () => void): CapturePool;
}
