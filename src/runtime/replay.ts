// Replay: capture files through the pipeline, once, in order.
import { addressKeys } from '../activity/address-key.ts';
import { ACTIVITY, KIND } from '../activity/rows.ts';
import { openCapture } from '../capture/open.ts';
import { Enricher, type EnrichSettings } from '../entity/enrich.ts';
import { parallelism } from '../host/cpu.ts';
import { thisMachine } from '../host/machine.ts';
import type { ActiveSettings } from '../nnr/active-nnr.ts';
import { EVERYTHING } from '../shard/gate.ts';
import { type ByteSink, LineBuffer } from '../sink/line-buffer.ts';
import { PARTITIONS } from '../slots/layout.ts';
import { type Accounting, account } from './accounting.ts';
import { Names } from './names.ts';
import { paceClock } from './pace.ts';
import { packetFilter } from './packet-filter.ts';
import { type Downstream, Pipeline, type PipelineState } from './pipeline.ts';

export type Emit = 'messages' | 'activities' | 'entities';

export interface ReplaySettings {
  /** What to write; activities alone when left out. */
  readonly emit?: readonly Emit[];
  /** Worker threads; left out, one a core but one, which the main thread takes. */
  readonly workers?: number;
  /** A filter expression; see docs/cli.md. */
  readonly filter?: string;
  /** Frames to read at most. */
  readonly limit?: number;
  /** Only packets from / up to this time, seconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  /** Multiple of the capture's own speed; as fast as possible when left out. */
  readonly speed?: number;
  readonly sensor?: string;
  /** 16 bytes that key the ids of tickets and challenges, so that several replays can be joined. */
  readonly runKey?: Uint8Array;
  /** Ask addresses for their names as well (sends packets to them); left out, names are only overheard. */
  readonly ask?: ActiveSettings;
  /** Limits by key; see docs/limits.md. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** What a replay did, when it is over. */
export interface ReplaySummary extends Accounting {
  /** Wall-clock seconds. */
  readonly seconds: number;
  /** First and last packet's time, seconds since 1970. */
  readonly firstTime: number;
  readonly lastTime: number;
  readonly entities: Readonly<Record<string, number>>;
  readonly lines: number;
  readonly bytesOut: number;
  readonly warnings: readonly string[];
  readonly workers: number;
}

/** For those who watch a replay while it runs. */
export interface ReplayWatch {
  started?(state: PipelineState, progress: () => { readonly read: number; readonly total: number }): void;
  /** Hands out the means to end the replay early. */
  stoppable?(stop: () => void): void;
}

class EnrichedLines implements Downstream {
  readonly #enricher: Enricher;
  readonly #buffer: LineBuffer;
  readonly claim: Downstream['claim'];
  readonly line: Downstream['line'];

  constructor(enricher: Enricher, buffer: LineBuffer, names: Names) {
    this.#enricher = enricher;
    this.#buffer = buffer;
    this.claim = (claim) => this.#enricher.claim(claim);
    this.line =
      names.active === null
        ? (said, row) => this.#enricher.line(said, row)
        : (said, row) => {
            this.#enricher.line(said, row);
            if (said.rows[row + KIND] === ACTIVITY) names.activity(said, row);
          };
  }

  drain(all: boolean): Promise<void> {
    return this.#buffer.flush(all);
  }
}

/** Replays captures into a sink. Rejects with an AdtapError for what the user can mend. */
export async function replayTo(
  files: readonly string[],
  settings: ReplaySettings,
  sink: ByteSink,
  watch: ReplayWatch = {},
): Promise<ReplaySummary> {
  const emit = settings.emit ?? ['activities'];
  const workers = Math.min(PARTITIONS, settings.workers ?? Math.max(1, parallelism(thisMachine) - 1));
  const sensor = settings.sensor ?? 'adtap';
  const selection = {
    from: settings.from ?? EVERYTHING.from,
    to: settings.to ?? EVERYTHING.to,
    limit: settings.limit ?? EVERYTHING.limit,
    filter: settings.filter === undefined ? null : packetFilter(settings.filter),
  };
  const source = await openCapture(files);
  const started = performance.now();
  const buffer = new LineBuffer(sink);
  const enrich: EnrichSettings = { entities: emit.includes('entities'), activities: emit.includes('activities'), sensor };
  const names: Names = new Names(
    settings.ask ?? null,
    (ip): number => addressKeys(pipeline.runKey)(ip),
    (ip, key, answers): void => {
      // What is said now is told of the capture's time.
      const at = pipeline.gate.seconds + pipeline.gate.nanoseconds / 1e9;
      const then = answers.map((answer) => ({ ...answer, at }));
      enricher.answered(ip, key, then);
    },
  );
  const enricher: Enricher = new Enricher(buffer, { ...enrich, book: names.book });
  const pipeline: Pipeline = new Pipeline(
    source,
    {
      workers,
      messages: emit.includes('messages'),
      activities: enrich.activities || enrich.entities,
      sensor,
      runKey: settings.runKey ?? null,
      limits: settings.limits ?? {},
      selection,
      pace: settings.speed === undefined ? null : paceClock(settings.speed),
    },
    new EnrichedLines(enricher, buffer, names),
  );
  try {
    watch.started?.(pipeline, () => source.progress());
    watch.stoppable?.(() => {
      pipeline.stop();
      void names.active?.stop();
    });
    names.active?.start();
    await pipeline.run();
    if (names.active !== null) {
      await names.active.idle();
      await buffer.flush(true);
    }
    const { gate, counters } = pipeline;
    return {
      ...account(gate, counters),
      seconds: (performance.now() - started) / 1000,
      firstTime: gate.firstSeconds + gate.firstNanoseconds / 1e9,
      lastTime: gate.seconds + gate.nanoseconds / 1e9,
      entities: Object.fromEntries(enricher.entityCounts),
      lines: buffer.lines,
      bytesOut: buffer.bytes,
      warnings: source.warnings,
      workers,
    };
  } finally {
    await names.active?.stop();
    await source.close();
  }
}
