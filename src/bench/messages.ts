// What the bench and the process that it measures say to each other.

/** What the measured process is to run. */
export interface LoadJob {
  readonly captures: readonly string[];
  readonly workers: number;
  /** Where activities go, as NDJSON. */
  readonly output: string;
  /** Bytes that may wait before packets are dropped: the buffer of an adapter. */
  readonly bufferBytes: number;
  readonly limits: Readonly<Record<string, number>>;
  /** One conversation held by so many pairs of addresses at once, instead of the whole capture; 0 for the whole. */
  readonly flows: number;
  /** Packets of that conversation. */
  readonly packetsOfFlow: number;
}

/** A stretch of load to measure. It lasts until both its seconds and its packets are over. */
export interface Phase {
  /** Packets per second; infinite for as fast as they are taken. */
  readonly rate: number;
  readonly seconds: number;
  readonly packets: number;
  /** Run before and not measured. */
  readonly warmSeconds: number;
  readonly warmPackets: number;
}

export interface Moment {
  /** Since the phase began. */
  readonly seconds: number;
  readonly packetsPerSecond: number;
  readonly cores: number;
  readonly rssBytes: number;
  readonly backlogMs: number;
}

/** Delay from the moment when a packet was due to the activity that it finished being written, milliseconds. */
export interface Lag {
  readonly samples: number;
  /** Upper bounds of equal shares: [share, milliseconds], share ascending to 1. */
  readonly percentiles: readonly (readonly [number, number])[];
}

export interface Measured {
  readonly rate: number;
  readonly seconds: number;
  readonly packets: number;
  readonly dropped: number;
  /** Bytes on the wire. */
  readonly bytes: number;
  readonly activities: number;
  readonly activitiesByProtocol: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  /** Processors that others used meanwhile, on the whole machine. */
  readonly otherCores: number;
  readonly peakRssBytes: number;
  readonly meanRssBytes: number;
  /** Mean time that the next packet had waited in the first and the last third of the phase. */
  readonly backlogFirstMs: number;
  readonly backlogLastMs: number;
  readonly activeFlows: number;
  readonly lag: Lag;
  readonly moments: readonly Moment[];
}

export type ToLoad =
  | { readonly kind: 'start'; readonly job: LoadJob }
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'finish' };

export type FromLoad =
  | { readonly kind: 'loaded'; readonly packets: number; readonly meanBytes: number; readonly isCut: boolean }
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'finished'; readonly peakRssBytes: number }
  | { readonly kind: 'failed'; readonly code: string | null; readonly message: string };
