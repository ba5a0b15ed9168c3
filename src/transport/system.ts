// Which family of systems sent a SYN, by the order of its TCP options, its time to live and its window: the signatures that p0f
// made known (p0f.fp, [tcp:request]), cut down to families that can be told apart and are met in a domain.
import { u8, u16be } from '../bytes/read.ts';
import type { Packet } from '../ip/packet.ts';

/** TCP options (IANA tcp-parameters): end, no-operation, segment size, window scale, selective acknowledgment, timestamps. */
const EOL = 0;
const NOP = 1;
const MSS = 2;
const WS = 3;
const SOK = 4;
const TS = 8;
const MSS_BYTES = 4;
const TCP_BYTES = 20;
const MOST_OPTIONS = 10;

/** Options in order as one number, a hexadecimal digit each, so that none at all is another number than an end. */
const order = (...kinds: number[]): number => kinds.reduce((sum, kind) => sum * 16 + kind + 1, 0);

interface Signature {
  readonly system: string;
  /** Time to live at the sender. */
  readonly ttl: number;
  /** Whether the window fits: it is given with the segment size. */
  readonly isWindow: (window: number, mss: number) => boolean;
}

const isAny = (): boolean => true;
const isMultiple = (window: number, mss: number): boolean => mss > 0 && window % mss === 0;
const isLinux = (window: number, mss: number): boolean =>
  isMultiple(window, mss) || window === 64_240 || window === 65_535 || window === 29_200;
const isOneOf =
  (...windows: readonly number[]) =>
  (window: number): boolean =>
    windows.includes(window);
const isWindows = (window: number, mss: number): boolean =>
  isOneOf(8192, 16_384, 64_240, 65_535)(window) || isMultiple(window, mss);

const SIGNATURES: ReadonlyMap<number, readonly Signature[]> = new Map([
  [order(MSS, NOP, WS, NOP, NOP, SOK), [{ system: 'Windows', ttl: 128, isWindow: isWindows }]],
  [
    order(MSS, NOP, WS, SOK, TS),
    [
      { system: 'Windows', ttl: 128, isWindow: isWindows },
      { system: 'FreeBSD', ttl: 64, isWindow: isOneOf(65_535) },
    ],
  ],
  [order(MSS, NOP, NOP, SOK), [{ system: 'Windows', ttl: 128, isWindow: isWindows }]],
  [order(MSS, SOK, TS, NOP, WS), [{ system: 'Linux', ttl: 64, isWindow: isLinux }]],
  [order(MSS, NOP, WS, NOP, NOP, TS, SOK, EOL), [{ system: 'macOS', ttl: 64, isWindow: isOneOf(65_535) }]],
  [order(MSS, NOP, NOP, SOK, NOP, WS, NOP, NOP, TS), [{ system: 'OpenBSD', ttl: 64, isWindow: isAny }]],
]);

/** Hops that a packet in one organisation has made at most: more, and its time to live was another at first. */
const HOPS = 32;

/** The family of the sender of a SYN; empty when it is not known. The packet's TCP header has been walked. */
export function systemOf(packet: Packet): string {
  const { bytes, transport, end } = packet;
  const until = transport + (u8(bytes, transport + 12) >> 4) * 4;
  if (until > end) return '';
  let kinds = 0;
  let count = 0;
  let mss = 0;
  for (let at = transport + TCP_BYTES; at < until && count < MOST_OPTIONS; count++) {
    const kind = u8(bytes, at);
    if (kind > TS) return '';
    kinds = kinds * 16 + kind + 1;
    if (kind === EOL) break;
    if (kind === NOP) {
      at++;
      continue;
    }
    if (at + 2 > until) return '';
    const size = u8(bytes, at + 1);
    if (size < 2 || at + size > until) return '';
    if (kind === MSS && size === MSS_BYTES) mss = u16be(bytes, at + 2);
    at += size;
  }
  const window = u16be(bytes, transport + 14);
  const ttl = u8(bytes, packet.network + (packet.version === 4 ? 8 : 7));
  for (const signature of SIGNATURES.get(kinds) ?? [])
    if (ttl <= signature.ttl && ttl > signature.ttl - HOPS && signature.isWindow(window, mss)) return signature.system;
  return '';
}
