// The process that is measured: the pipeline of a replay over a load in memory, told what to do by the bench that started it.
import { cpus } from 'node:os';
import { createHistogram } from 'node:perf_hooks';
import { ACTIVITY, FRAME, KIND, type Said } from '../activity/rows.ts';
import { openCapture } from '../capture/open.ts';
import { Enricher } from '../entity/enrich.ts';
import { AdtapError } from '../errors.ts';
import { growSparingly } from '../runtime/heap.ts';
import { type Downstream, Pipeline } from '../runtime/pipeline.ts';
import { EVERYTHING } from '../shard/gate.ts';
import { openByteSink } from '../sink/file.ts';
import { LineBuffer } from '../sink/line-buffer.ts';
import type { CounterBlocks } from '../slots/counters.ts';
import { DEFAULT_SHAPE } from '../slots/layout.ts';
import { ACTIVE_FLOWS, ACTIVITIES, activityTypes, OUTCOMES, WORKER_BUSY } from '../worker/catalogue.ts';
import { type Load, ManyFlowsLoad, RepeatedLoad, systemClock } from './load.ts';
import type { FromLoad, Lag, LoadJob, Measured, Moment, Phase, ToLoad } from './messages.ts';
import { hasFlow, longestFlow, type PacketStore, readStore } from './packet-store.ts';

/** Between looks at memory and backlog. */
const LOOK_MS = 25;
/** Between points of the series. */
const MOMENT_MS = 250;
/** Looks without any work done after which nothing is on its way. */
const QUIET_LOOKS = 4;
/** Every so many-th activity's delay is noted: enough for percentiles, too few to cost anything. */
const NOTED = 4;
const MILLISECONDS = 1e6;

/** Lines on their way out, and how late they are. */
class TimedLines implements Downstream {
  lag = createHistogram();
  readonly claim: Downstream['claim'];
  readonly #load: Load;
  readonly #enricher: Enricher;
  readonly #buffer: LineBuffer;
  #count = 0;

  constructor(load: Load, enricher: Enricher, buffer: LineBuffer) {
    this.#load = load;
    this.#enricher = enricher;
    this.#buffer = buffer;
    this.claim = (claim) => enricher.claim(claim);
  }

  line(said: Said, row: number): void {
    this.#enricher.line(said, row);
    const { rows } = said;
    if (rows[row + KIND] !== ACTIVITY || ++this.#count % NOTED !== 0) return;
    const late = systemClock() - this.#load.dueMs(said.sequence, rows[row + FRAME]!);
    this.lag.record(Math.max(1, Math.round(late * MILLISECONDS)));
  }

  /** A sensor lets no line wait for others. */
  drain(): Promise<void> {
    return this.#buffer.flush(true);
  }
}

interface Totals {
  readonly time: number;
  readonly packets: number;
  readonly dropped: number;
  readonly bytes: number;
  readonly cpuMicroseconds: number;
  /** Processor milliseconds of the whole machine. */
  readonly machineMs: number;
  readonly activities: readonly number[];
}

/** Measures phases of a running pipeline. */
class Meter {
  readonly #load: Load;
  readonly #counters: CounterBlocks;
  readonly #lines: TimedLines;

  constructor(load: Load, counters: CounterBlocks, lines: TimedLines) {
    this.#load = load;
    this.#counters = counters;
    this.#lines = lines;
  }

  async measure(phase: Phase): Promise<Measured> {
    const load = this.#load;
    await this.#settle();
    load.pace(phase.rate);
    // Workers that are still starting on a busy machine are not what is measured.
    while (this.#busySeconds() === 0) await pause();
    await this.#last(phase.warmSeconds, phase.warmPackets, () => undefined);
    this.#lines.lag = createHistogram();
    const before = this.#totals();
    const backlog: number[] = [];
    const moments: Moment[] = [];
    let point = before;
    let peakRssBytes = 0;
    let rssSum = 0;
    await this.#last(phase.seconds, phase.packets, () => {
      const rssBytes = process.memoryUsage.rss();
      peakRssBytes = Math.max(peakRssBytes, rssBytes);
      rssSum += rssBytes;
      backlog.push(load.backlogMs());
      if (performance.now() - point.time < MOMENT_MS) return;
      const now = this.#totals();
      const seconds = (now.time - point.time) / 1000;
      moments.push({
        seconds: (now.time - before.time) / 1000,
        packetsPerSecond: (now.packets - point.packets) / seconds,
        cores: (now.cpuMicroseconds - point.cpuMicroseconds) / 1e6 / seconds,
        rssBytes,
        backlogMs: load.backlogMs(),
      });
      point = now;
    });
    const after = this.#totals();
    const activities = after.activities.map((count, index) => count - before.activities[index]!);
    const cpuSeconds = (after.cpuMicroseconds - before.cpuMicroseconds) / 1e6;
    const seconds = (after.time - before.time) / 1000;
    const third = Math.max(1, Math.floor(backlog.length / 3));
    return {
      rate: phase.rate,
      seconds,
      packets: after.packets - before.packets,
      dropped: after.dropped - before.dropped,
      bytes: after.bytes - before.bytes,
      activities: activities.reduce((sum, one) => sum + one, 0),
      activitiesByProtocol: byProtocol(activities),
      cpuSeconds,
      otherCores: Math.max(0, (after.machineMs - before.machineMs) / 1000 - cpuSeconds) / seconds,
      peakRssBytes,
      meanRssBytes: rssSum / backlog.length,
      backlogFirstMs: mean(backlog.slice(0, third)),
      backlogLastMs: mean(backlog.slice(-third)),
      activeFlows: this.#counters.totals(ACTIVE_FLOWS)[0] ?? 0,
      lag: this.#lag(),
      moments,
    };
  }

  /** Waits until nothing of an earlier phase is on its way. */
  async #settle(): Promise<void> {
    this.#load.pace(0);
    for (let before = -1, quiet = 0; quiet < QUIET_LOOKS; ) {
      const now = this.#busySeconds();
      quiet = now === before ? quiet + 1 : 0;
      before = now;
      await pause();
    }
  }

  #busySeconds(): number {
    return this.#counters.totals(WORKER_BUSY)[0] ?? 0;
  }

  /** Looks until so much time and so many packets have passed; once at least. */
  async #last(seconds: number, packets: number, look: () => void): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const until = this.#load.taken + packets;
    do {
      await pause();
      look();
    } while (performance.now() < end || this.#load.taken < until);
  }

  #totals(): Totals {
    const { user, system } = process.cpuUsage();
    return {
      time: performance.now(),
      packets: this.#load.taken,
      dropped: this.#load.dropped,
      bytes: this.#load.wireBytes,
      cpuMicroseconds: user + system,
      machineMs: cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0),
      activities: this.#counters.totals(ACTIVITIES),
    };
  }

  #lag(): Lag {
    const { lag } = this.#lines;
    const percentiles = [...lag.percentiles]
      .map(([percent, nanoseconds]): [number, number] => [percent / 100, nanoseconds / MILLISECONDS])
      .sort(([a], [b]) => a - b);
    return { samples: lag.count, percentiles: lag.count === 0 ? [] : percentiles };
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS));

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);

function byProtocol(activities: readonly number[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [index, count] of activities.entries()) {
    const { protocol } = activityTypes[Math.floor(index / OUTCOMES.length)]!;
    if (count > 0) found[protocol] = (found[protocol] ?? 0) + count;
  }
  return found;
}

function loadOf(store: PacketStore, job: LoadJob): Load {
  // What is found now need not be found when most has been measured.
  if (!hasFlow(store))
    throw new AdtapError('ADTAP_E_LOAD', 'there is no TCP or UDP flow in the capture: nothing of it would be decoded');
  if (job.flows === 0) return new RepeatedLoad(store, job.bufferBytes, DEFAULT_SHAPE.slotBytes);
  return new ManyFlowsLoad(store, longestFlow(store, job.packetsOfFlow), job.flows);
}

async function run(job: LoadJob, say: (message: FromLoad) => void, next: () => Promise<ToLoad>): Promise<void> {
  const source = await openCapture(job.captures);
  const store = await readStore(source, job.captures.join(', '));
  await source.close();
  const load = loadOf(store, job);
  const sink = await openByteSink(job.output);
  const buffer = new LineBuffer(sink);
  const sensor = 'bench';
  const lines = new TimedLines(load, new Enricher(buffer, { activities: true, entities: false, sensor }), buffer);
  const pipeline = new Pipeline(
    load,
    {
      workers: job.workers,
      messages: false,
      activities: true,
      sensor,
      runKey: null,
      limits: job.limits,
      selection: EVERYTHING,
      pace: null,
    },
    lines,
  );
  const ran = pipeline.run();
  const failed = ran.then(() => new Promise<never>(() => undefined));
  // Said when the next phase is asked for.
  failed.catch(() => undefined);
  const meter = new Meter(load, pipeline.counters, lines);
  say({ kind: 'loaded', packets: store.count, meanBytes: store.meanWirelen, isCut: store.isCut });
  for (let order = await next(); order.kind === 'phase'; order = await next())
    say({ kind: 'measured', measured: await Promise.race([meter.measure(order.phase), failed]) });
  load.stop();
  await ran;
  await sink.close();
  // libuv gives kibibytes.
  say({ kind: 'finished', peakRssBytes: process.resourceUsage().maxRSS * 1024 });
}

const waiting: ToLoad[] = [];
let arrived = (): void => undefined;
process.on('message', (order: ToLoad) => {
  waiting.push(order);
  arrived();
});
// Nobody is left to tell anything to.
process.on('disconnect', () => process.exit(1));

const next = async (): Promise<ToLoad> => {
  for (;;) {
    const order = waiting.shift();
    if (order !== undefined) return order;
    await new Promise<void>((resolve) => {
      arrived = resolve;
    });
  }
};
const say = (message: FromLoad): void => {
  process.send?.(message);
};

growSparingly();
const first = await next();
if (first.kind === 'start') {
  try {
    await run(first.job, say, next);
  } catch (error) {
    const code = error instanceof AdtapError ? error.code : null;
    say({
      kind: 'failed',
      code,
      message: error instanceof Error ? (code === null ? (error.stack ?? error.message) : error.message) : String(error),
    });
  }
}
process.removeAllListeners('disconnect');
process.disconnect();
