// Traffic of captures: when its packets came, and what they were.
import { openCapture } from '../capture/open.ts';
import type { SlotWriter } from '../capture/source.ts';
import { AdtapError } from '../errors.ts';
import { replayTo } from '../runtime/replay.ts';
import { BUCKET_SECONDS, DAY_SECONDS, MAX_DAYS, type Sample } from './traffic.ts';

/** What the packets of a capture were; numbers are packets unless they say otherwise. */
export interface Mix {
  readonly packets: number;
  readonly bytes: number;
  readonly decoded: number;
  readonly ignored: number;
  readonly dropped: number;
  /** Messages and activities by protocol. */
  readonly messages: Readonly<Record<string, number>>;
  readonly activities: Readonly<Record<string, number>>;
}

export interface CapturedTraffic {
  readonly samples: readonly Sample[];
  readonly mix: Mix;
}

const MAX_BUCKETS = (MAX_DAYS * DAY_SECONDS) / BUCKET_SECONDS;
const SLOT_BYTES = 1 << 20;

/** Reads captures twice: for their times, and for what is in them. Standard input cannot be. */
export async function readCapturedTraffic(files: readonly string[]): Promise<CapturedTraffic> {
  if (files.includes('-'))
    throw new AdtapError('ADTAP_E_COUNTERS', 'standard input can be read only once, captures are sized in two goes: give a file');
  const samples = await timeline(files);
  const { packets, bytes, decoded, ignored, dropped, messages, activities } = await replayTo(
    files,
    { emit: ['messages', 'activities'] },
    { write: () => undefined, close: async () => undefined },
  );
  return { samples, mix: { packets, bytes, decoded, ignored, dropped, messages, activities } };
}

async function timeline(files: readonly string[]): Promise<Sample[]> {
  const source = await openCapture(files);
  const counts = new Map<number, number>();
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  const slot: SlotWriter = {
    bytes: new Uint8Array(SLOT_BYTES),
    capacity: SLOT_BYTES,
    add(_offset, _caplen, _wirelen, seconds, nanoseconds) {
      const time = seconds + nanoseconds / 1e9;
      first = Math.min(first, time);
      last = Math.max(last, time);
      const bucket = Math.floor(seconds / BUCKET_SECONDS);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      return true;
    },
  };
  try {
    while (await source.fill(slot));
  } finally {
    await source.close();
  }
  if (counts.size === 0) return [];
  const firstBucket = Math.floor(first / BUCKET_SECONDS);
  const lastBucket = Math.floor(last / BUCKET_SECONDS);
  if (lastBucket - firstBucket > MAX_BUCKETS)
    throw new AdtapError('ADTAP_E_COUNTERS', `the packets span more than ${MAX_DAYS} days: cut the capture (editcap -A, -B)`);
  const samples: Sample[] = [];
  for (let bucket = firstBucket; bucket <= lastBucket; bucket++) {
    const from = Math.max(first, bucket * BUCKET_SECONDS);
    // A capture of one packet lasted no time.
    const to = Math.max(Math.min(last, (bucket + 1) * BUCKET_SECONDS), from + 1e-3);
    samples.push({ from, to, packets: counts.get(bucket) ?? 0 });
  }
  return samples;
}
