// The addon of native-bindings/, found and typed. It is one build for every Node (Node-API 8) and finds libpcap or Npcap itself
// when it is first used; a machine without either still replays.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A network adapter as libpcap lists it. */
export interface Device {
  readonly name: string;
  readonly description: string;
  readonly addresses: readonly { readonly address: string; readonly netmask: string }[];
  readonly isLoopback: boolean;
  readonly isUp: boolean;
  readonly isRunning: boolean;
  readonly isWireless: boolean;
  readonly isDisconnected: boolean;
}

/** What the addon hands out and takes back; opaque here. */
export interface PoolHandle {
  readonly kind: 'pool';
}
export interface FileHandle {
  readonly kind: 'file';
}
export interface PlayerHandle {
  readonly kind: 'player';
}

export interface PoolShape {
  /** Bytes from one slot's start to the next; a multiple of 8. */
  readonly stride: number;
  readonly slots: number;
  /** Bytes of a slot that packets may fill. */
  readonly slotBytes: number;
  readonly slotPackets: number;
}

export interface OpenedCapture {
  /** LINKTYPE_ number. */
  readonly linktype: number;
  readonly snaplen: number;
  readonly isNano: boolean;
  /** What libpcap warned of, or empty. */
  readonly warning: string;
}

/** Words of captureStats(): the state, then the counts. */
export const STAT_WORDS = 10;

/** The addon's functions. All throw an Error with a `code` that begins with ADTAP_N for what they refuse. */
export interface Binding {
  /** Loads libpcap once and gives its description of itself. Throws ADTAP_NO_LIBPCAP with what to install. */
  load(): string;
  /** Ends the process at once, without waiting for any thread. */
  leave(code: number): never;
  devices(): Device[];
  linktype(device: string): number;
  /** Compiles a filter; four words an instruction: code, jt, jf, k. Throws ADTAP_NATIVE_FILTER with libpcap's own words. */
  compile(expression: string, linktype: number, snaplen: number): Uint32Array;
  match(program: Uint32Array, frame: Uint8Array, wirelen: number): boolean;
  createPool(memory: Uint8Array, shape: PoolShape, wake: () => void): PoolHandle;
  giveSlot(pool: PoolHandle, slot: number): boolean;
  /** Fills in slot, capture, packets, bytes; after false the next slot wakes again. */
  takeSlot(pool: PoolHandle, ready: Uint32Array): boolean;
  closePool(pool: PoolHandle): void;
  openCapture(
    pool: PoolHandle,
    id: number,
    device: string,
    options: {
      readonly snaplen: number;
      readonly isPromiscuous: 0 | 1;
      readonly timeoutMs: number;
      readonly bufferBytes: number;
      readonly drainMs: number;
    },
    filter: string,
  ): OpenedCapture;
  startCapture(pool: PoolHandle, id: number): void;
  stopCapture(pool: PoolHandle, id: number): void;
  /** Fills in the state and the counts; gives the error that ended the capture, or an empty text. */
  captureStats(pool: PoolHandle, id: number, out: Float64Array): string;
  /** Ends the capture, fills in and gives what captureStats() would then, and frees the place. */
  closeCapture(pool: PoolHandle, id: number, out: Float64Array): string;
  openFile(path: string): FileHandle;
  /** Fills `bytes` with records (see capture/live/records.ts); gives how many bytes, 0 at the end. */
  readFile(file: FileHandle, bytes: Uint8Array): number;
  openPlayer(device: string): PlayerHandle;
  /** Sends frames [ranges[2i], ranges[2i+1]); gives how many the adapter took before it refused one. */
  send(player: PlayerHandle, bytes: Uint8Array, ranges: Uint32Array, count: number): number;
  handleLinktype(handle: FileHandle | PlayerHandle): number;
  handleError(handle: FileHandle | PlayerHandle): string;
  closeHandle(handle: FileHandle | PlayerHandle): void;
}

/** The addon with libpcap loaded, or one line that says why not and what to do. */
export type Loaded = { readonly binding: Binding; readonly version: string } | { readonly problem: string };

const HOME = fileURLToPath(new URL('../../native-bindings', import.meta.url));
let loaded: Loaded | undefined;

/** Loads the addon, once. ADTAP_NATIVE_ADDON names another build of it, such as one with sanitizers. */
export function loadBinding(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  let binding: Binding;
  try {
    const require = createRequire(import.meta.url);
    const path = process.env['ADTAP_NATIVE_ADDON'];
    if (path !== undefined && path !== '') binding = require(path) as Binding;
    else binding = (require('node-gyp-build') as (folder: string) => Binding)(HOME);
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n');
    return { problem: `the capture addon is not built (${reason}): run node native-bindings/build.mjs` };
  }
  try {
    return { binding, version: binding.load() };
  } catch (cause) {
    return { problem: (cause as Error).message };
  }
}
