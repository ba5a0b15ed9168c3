// How busy an adapter is, by Microsoft's definition: the average of the busiest 15 minutes of the day, looked at every 5 seconds.
import { AdtapError } from '../errors.ts';

/** Packets between two moments, seconds since 1970. */
export interface Sample {
  readonly from: number;
  readonly to: number;
  readonly packets: number;
}

export interface Traffic {
  /** Packets per second: mean of the busiest 15 minutes, of all the time, and of the busiest 5 seconds. */
  readonly busy: number;
  readonly average: number;
  readonly peak: number;
  /** The busiest 15 minutes, seconds since 1970. */
  readonly busyFrom: number;
  readonly busyTo: number;
  /** First and last moment, and seconds between them of which something is known. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Less than 15 minutes in one piece are known: `busy` is the average of what there is. */
  readonly isShort: boolean;
  /** Less than 24 hours are known: the busiest time of the day may be another. */
  readonly isPartOfDay: boolean;
}

export const BUCKET_SECONDS = 5;
export const WINDOW_SECONDS = 15 * 60;
export const DAY_SECONDS = 24 * 3600;
const WINDOW = WINDOW_SECONDS / BUCKET_SECONDS;
/** Share of a window of which something must be known, so that a gap does not make the busiest time of its rest. */
const KNOWN_SHARE = 0.9;
/** Bounds memory against clocks that lie. */
export const MAX_DAYS = 62;

/** Traffic of one machine, whose adapters add up; null when there is no sample. Throws ADTAP_E_COUNTERS for a span beyond reason. */
export function trafficOf(adapters: readonly (readonly Sample[])[]): Traffic | null {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const samples of adapters)
    for (const sample of samples) {
      from = Math.min(from, sample.from);
      to = Math.max(to, sample.to);
    }
  if (!(to > from)) return null;
  if (to - from > MAX_DAYS * DAY_SECONDS)
    throw new AdtapError(
      'ADTAP_E_COUNTERS',
      `the samples span ${Math.round((to - from) / DAY_SECONDS)} days, at most ${MAX_DAYS} are read`,
    );
  const count = Math.ceil((to - from) / BUCKET_SECONDS);
  const packets = new Float64Array(count);
  const known = new Float64Array(count);
  for (const samples of adapters) {
    const own = new Float64Array(count);
    for (const sample of samples) spread(sample, from, packets, own);
    for (let bucket = 0; bucket < count; bucket++)
      known[bucket] = Math.max(known[bucket]!, Math.min(own[bucket]!, BUCKET_SECONDS));
  }
  const seconds = known.reduce((sum, one) => sum + one, 0);
  const average = packets.reduce((sum, one) => sum + one, 0) / seconds;
  let peak = 0;
  for (let bucket = 0; bucket < count; bucket++)
    if (known[bucket]! >= BUCKET_SECONDS / 2) peak = Math.max(peak, packets[bucket]! / known[bucket]!);
  const window = busiest(packets, known);
  return {
    busy: window?.rate ?? average,
    average,
    peak: Math.max(peak, window?.rate ?? average),
    busyFrom: window === null ? from : from + window.start * BUCKET_SECONDS,
    busyTo: window === null ? to : from + window.start * BUCKET_SECONDS + WINDOW_SECONDS,
    from,
    to,
    seconds,
    isShort: window === null,
    isPartOfDay: seconds < DAY_SECONDS * KNOWN_SHARE,
  };
}

/** Shares a sample's packets out among the buckets that it touches. */
function spread(sample: Sample, origin: number, packets: Float64Array, known: Float64Array): void {
  const length = sample.to - sample.from;
  if (length <= 0) return;
  let at = sample.from - origin;
  const end = sample.to - origin;
  while (at < end) {
    const bucket = Math.min(Math.floor(at / BUCKET_SECONDS), packets.length - 1);
    const next = Math.max(Math.min(end, (bucket + 1) * BUCKET_SECONDS), Math.min(end, at + 1e-6));
    packets[bucket]! += (sample.packets * (next - at)) / length;
    known[bucket]! += next - at;
    at = next;
  }
}

function busiest(packets: Float64Array, known: Float64Array): { readonly start: number; readonly rate: number } | null {
  let best: { start: number; rate: number } | null = null;
  let sum = 0;
  let seconds = 0;
  for (let end = 0; end < packets.length; end++) {
    sum += packets[end]!;
    seconds += known[end]!;
    if (end >= WINDOW) {
      sum -= packets[end - WINDOW]!;
      seconds -= known[end - WINDOW]!;
    }
    if (end < WINDOW - 1 || seconds < WINDOW_SECONDS * KNOWN_SHARE) continue;
    const rate = sum / seconds;
    if (best === null || rate > best.rate) best = { start: end - WINDOW + 1, rate };
  }
  return best;
}
