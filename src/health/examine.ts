// What is wrong with a sensor, as a function of what is known of it at one moment.
import type { Issue } from './issues.ts';
import { nameResolution, type Recent } from './name-resolution.ts';

/** What is known of the sensor. Counts are totals since the start; `before` of a minute ago. */
export interface Condition {
  /** Seconds since 1970, and of the start. */
  readonly now: number;
  readonly started: number;
  readonly adapters: readonly { readonly name: string; readonly isCapturing: boolean; readonly reason: string }[];
  readonly controllers: readonly { readonly address: string; readonly lastSeconds: number }[];
  readonly packets: Loss;
  readonly before: Loss;
  readonly isLossKnown: boolean;
  readonly residentBytes: number;
  readonly memoryBytes: number;
  /** Problems of the capture component, each in a sentence. */
  readonly component: readonly string[];
  readonly outputFault: string;
  /** Milliseconds that each domain controller's clock is ahead of ours, where it was asked. */
  readonly clockOffsets: ReadonlyMap<string, number>;
  /** Why the power plan is not the right one, or empty. */
  readonly powerProblem: string;
  /** Active look-ups of the last minutes by method; missing while names are not asked for. */
  readonly resolution?: readonly Recent[];
}

/** Packets seen in all and those of them that were not analysed. */
export interface Loss {
  readonly seen: number;
  readonly lost: number;
}

export interface Thresholds {
  readonly silenceSeconds: number;
  readonly lossPercent: number;
}

/** The real sensor's tolerance, which is Kerberos' own (RFC 4120 1.6). */
const CLOCK_MS = 300_000;
/** Share of the memory budget at which traffic is shed. */
export const MEMORY_SHARE = 0.9;

export function examine(condition: Condition, thresholds: Thresholds): Issue[] {
  return [
    ...adapters(condition),
    ...silence(condition, thresholds.silenceSeconds),
    ...loss(condition, thresholds.lossPercent),
    ...machine(condition),
    ...nameResolution(condition.resolution ?? []),
  ];
}

function* adapters({ adapters: all }: Condition): Generator<Issue> {
  const gone = all.filter((adapter) => !adapter.isCapturing);
  if (gone.length === all.length)
    yield { key: 'allAdaptersUnavailable', subject: '', message: gone.map(({ reason }) => reason).join('; ') };
  for (const { name, reason } of gone) yield { key: 'adapterUnavailable', subject: name, message: reason };
}

function* silence({ controllers, now, started }: Condition, seconds: number): Generator<Issue> {
  for (const { address, lastSeconds } of controllers) {
    const quiet = Math.floor(now - Math.max(lastSeconds, started));
    if (quiet >= seconds) yield { key: 'noTraffic', subject: address, message: `none for ${quiet} seconds` };
  }
}

function* loss({ packets, before, isLossKnown }: Condition, percent: number): Generator<Issue> {
  const seen = packets.seen - before.seen;
  // What is shed is counted when it is read, a moment after it was seen.
  const lost = Math.min(seen, packets.lost - before.lost);
  if (seen > 0 && (lost / seen) * 100 > percent)
    yield { key: 'trafficNotAnalysed', subject: '', message: `${lost} of ${seen} packets of the last minute` };
  if (!isLossKnown)
    yield { key: 'lossUnknown', subject: '', message: 'the package cap does not tell what the kernel dropped; build the addon' };
}

function* machine(condition: Condition): Generator<Issue> {
  const { residentBytes, memoryBytes, component, outputFault, clockOffsets, powerProblem } = condition;
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1048576)} MiB`;
  if (residentBytes > memoryBytes * MEMORY_SHARE)
    yield { key: 'memoryLimit', subject: '', message: `${megabytes(residentBytes)} of ${megabytes(memoryBytes)} in use` };
  for (const message of component) yield { key: 'captureComponent', subject: message, message };
  if (outputFault !== '') yield { key: 'outputNotWritable', subject: '', message: outputFault };
  for (const [address, offset] of clockOffsets)
    if (Math.abs(offset) > CLOCK_MS)
      yield { key: 'clockSkew', subject: address, message: `${Math.round(offset / 1000)} seconds ahead of ours` };
  if (powerProblem !== '') yield { key: 'powerPlan', subject: '', message: powerProblem };
}
