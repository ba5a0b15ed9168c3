// The sensor: adapters through the live pipeline into a sink, and the life around it: health, restraint, metrics, signals.
import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { addressKeys } from '../activity/address-key.ts';
import { SOURCE, SOURCE_COMPUTER } from '../activity/rows.ts';
import type { CaptureBackend } from '../capture/live/backend.ts';
import { chooseBackend } from '../capture/live/choose.ts';
import { type Config, needRestart, readSecret } from '../config/index.ts';
import { Enricher } from '../entity/enrich.ts';
import { addressBefore } from '../entity/entity-lines.ts';
import { AdtapError } from '../errors.ts';
import type { OpenIssue } from '../health/issues.ts';
import { thisMachine as host } from '../host/machine.ts';
import { becomeUser } from '../host/privileges.ts';
import { takeSample } from '../host/watch.ts';
import { LagHistogram } from '../metrics/lag.ts';
import { registerNames, registerNnr } from '../metrics/nnr.ts';
import { sensorRegistry } from '../metrics/sensor.ts';
import { type MetricsServer, serveMetrics } from '../metrics/server.ts';
import { TALKER_SECONDS, type Talker, Talkers } from '../metrics/talkers.ts';
import type { ActiveNnr } from '../nnr/active-nnr.ts';
import type { KeyOf } from '../nnr/book.ts';
import { openDescriptor } from '../sink/descriptor.ts';
import type { LastingSink } from '../sink/lasting.ts';
import { LineBuffer } from '../sink/line-buffer.ts';
import { RotatingFile } from '../sink/rotating-file.ts';
import { type Accounting, account } from './accounting.ts';
import { type AdapterStatus, Adapters } from './live/adapters.ts';
import { DomainControllers } from './live/domain-controllers.ts';
import { activeSettings } from './live/nnr.ts';
import { BoundedLines, LiveOutput } from './live/output.ts';
import { LivePipeline } from './live/pipeline.ts';
import { adapterPlan, heapMegabytes, restraintOf, rotation, workerCount } from './live/plans.ts';
import { nextShed, type RestraintSettings, restraintLoad, SHED_ALL } from './live/restraint.ts';
import { LOOK_SECONDS, Surroundings, surroundingsPlan } from './live/surroundings.ts';
import { Vigil } from './live/vigil.ts';
import type { Log } from './log.ts';
import { Names } from './names.ts';

/** The closing accounting of a sensor. */
export interface SensorSummary extends Accounting {
  readonly seconds: number;
  readonly adapters: readonly AdapterStatus[];
  /** Packets that adapters delivered and the pipeline took: equal, or something is wrong. */
  readonly delivered: number;
  readonly lines: { readonly written: number; readonly lost: number; readonly dropped: number };
  readonly crashes: number;
  readonly isDrained: boolean;
}

const MEBIBYTE = 1 << 20;
const SECOND = 1000;
/** How often health is looked at. */
const HEALTH_SECONDS = 5;
const TOP_TALKERS = 10;
/** How often what is known of names is saved. */
const SAVE_SECONDS = 60;

export class Sensor {
  readonly #config: Config;
  readonly #log: Log;
  readonly #version: string;
  readonly #backend: CaptureBackend;
  readonly #pipeline: LivePipeline;
  readonly #adapters: Adapters;
  readonly #controllers: DomainControllers;
  readonly #file: RotatingFile | null;
  readonly #sink: LastingSink;
  readonly #buffer: LineBuffer;
  readonly #bounded: BoundedLines;
  readonly #output: LiveOutput;
  readonly #names: Names;
  readonly #keyOf: KeyOf;
  readonly #lag = new LagHistogram();
  readonly #talkers = new Talkers();
  readonly #vigil: Vigil;
  readonly #surroundings: Surroundings;
  readonly #started = Date.now();
  #server: MetricsServer | null = null;
  #restraint: RestraintSettings;
  /** Lines that the output did not take before the end. */
  #abandoned = 0;
  #isReady = false;
  #isStopping = false;
  #cacheFault = '';
  #loop = performance.eventLoopUtilization();
  #loopShare = 0;
  #failed: (cause: unknown) => void = () => undefined;
  #stopped: () => void = () => undefined;
  readonly #end: Promise<void>;

  private constructor(config: Config, log: Log, version: string, sink: LastingSink, file: RotatingFile | null) {
    this.#config = config;
    this.#log = log;
    this.#version = version;
    this.#end = new Promise<void>((resolve, reject) => {
      this.#stopped = resolve;
      this.#failed = reject;
    });
    this.#end.catch(() => undefined);
    this.#vigil = new Vigil(config, this.#started, log);
    const { backend, note } = chooseBackend(config.capture.backend);
    this.#backend = backend;
    log.info({ backend: backend.name, library: backend.library }, 'capture backend');
    if (note !== '') {
      log.warn(note);
      this.#vigil.note(note);
    }
    this.#sink = sink;
    this.#file = file;
    this.#buffer = new LineBuffer(sink);
    this.#bounded = new BoundedLines(this.#buffer, config.output.bufferMegabytes * MEBIBYTE);
    const emit = new Set(config.output.emit);
    const { name } = config.sensor;
    this.#names = new Names(
      config.nnr.enabled ? activeSettings(config) : null,
      (ip) => this.#keyOf(ip),
      (ip, key, answers) => this.#output.answered(ip, key, answers),
    );
    const enricher = new Enricher(this.#bounded, {
      entities: emit.has('entities'),
      activities: emit.has('activities'),
      sensor: name,
      book: this.#names.book,
    });
    this.#output = new LiveOutput(
      enricher,
      this.#buffer,
      {
        lag: (seconds) => this.#lag.observe(seconds),
        activity: (said, row) => {
          this.#talkers.see(said.rows[row + SOURCE]!, () => addressBefore(said, said.rows[row + SOURCE_COMPUTER]!));
          this.#names.activity(said, row);
        },
      },
      (cause) => this.#failed(cause),
    );
    this.#controllers = new DomainControllers(config.domainControllers);
    const workers = workerCount(config);
    this.#pipeline = new LivePipeline(
      backend,
      {
        workers,
        slots: config.capture.slots,
        messages: emit.has('messages'),
        activities: emit.has('activities') || emit.has('entities'),
        sensor: name,
        limits: config.limits,
        watch: config.domainControllers.length === 0 ? null : this.#controllers,
        supervision: {
          crashesPerMinute: config.life.crashesPerMinute,
          heapMegabytes: heapMegabytes(config, workers),
          crashed: (shard, reason, packets, flows) => this.#vigil.crashed(shard, reason, packets, flows),
        },
      },
      this.#output,
    );
    this.#keyOf = addressKeys(this.#pipeline.runKey);
    this.#adapters = new Adapters(backend, this.#pipeline, adapterPlan(config), log);
    this.#surroundings = new Surroundings(host, surroundingsPlan(config), log);
    this.#restraint = restraintOf(config);
  }

  /** Opens everything. Rejects with an AdtapError for what the user can mend; nothing is left open then. */
  static async start(config: Config, log: Log, version: string): Promise<Sensor> {
    const { path } = config.output;
    // Pipes and devices cannot be put aside.
    const isFile = path !== '-' && (await stat(path).catch(() => null))?.isFile() !== false;
    const file = isFile ? new RotatingFile(path, rotation(config)) : null;
    await file?.prepare().catch((cause: Error) => {
      throw new AdtapError('ADTAP_E_OUTPUT', `${path}: cannot be written: ${cause.message}`, { cause });
    });
    const sensor = new Sensor(config, log, version, file ?? (await openDescriptor(path)), file);
    try {
      await sensor.#open();
    } catch (error) {
      await sensor.#close();
      throw error;
    }
    return sensor;
  }

  /** Where the metrics answer, or 0. */
  get metricsPort(): number {
    return this.#server?.port ?? 0;
  }

  /** Runs until stop() is called. Rejects when it cannot go on. */
  async run(): Promise<SensorSummary> {
    const timers = this.#timers();
    let isDrained = true;
    try {
      await this.#end;
      this.#isStopping = true;
      isDrained = await this.#drain();
    } finally {
      for (const timer of timers) clearInterval(timer);
      this.#isReady = false;
      await this.#close();
    }
    return this.#summary(isDrained);
  }

  /** Ends capture; run() then resolves after what is in flight is out. */
  stop(): void {
    this.#stopped();
  }

  /** Takes over what can be changed while running; names the keys that need a restart. */
  async reload(config: Config): Promise<string[]> {
    // The workers' heaps were made for the budget of the start.
    this.#restraint = { ...restraintOf(config), memoryBytes: this.#restraint.memoryBytes };
    this.#vigil.thresholds = config.health;
    this.#log.level = config.log.level;
    await this.#file?.reopen();
    return needRestart(this.#config, config);
  }

  async #open(): Promise<void> {
    const { metrics, life } = this.#config;
    const { cachePath } = this.#config.nnr;
    if (cachePath !== '') {
      const { restored, problem } = await this.#names.load(cachePath, this.#keyOf);
      if (problem !== '') this.#log.warn(problem);
      else this.#log.info({ names: restored }, 'names of an earlier run');
    }
    this.#adapters.start();
    this.#pipeline.start();
    if (metrics.listen !== 'off') {
      const token = metrics.token === undefined ? null : readSecret(metrics.token, process.env);
      this.#server = await serveMetrics(metrics.listen, token, {
        registry: this.#registry(),
        isHealthy: () => !this.#vigil.open.some(({ severity }) => severity === 'high'),
        isReady: () => this.#isReady,
        issues: () => this.#vigil.open,
        status: () => this.status(),
      });
      this.#log.info({ listen: metrics.listen }, 'metrics');
    }
    if (life.user !== '') this.#become(life.user);
    this.#names.active?.start();
    this.#isReady = true;
  }

  #become(user: string): void {
    try {
      if (!becomeUser(user)) return;
    } catch (cause) {
      throw new AdtapError('ADTAP_E_CONFIG', `life.user: cannot become ${user}: ${(cause as Error).message}`, { cause });
    }
    this.#log.info({ user }, 'privileges dropped');
  }

  #timers(): NodeJS.Timeout[] {
    const every = (seconds: number, what: () => void): NodeJS.Timeout => setInterval(what, seconds * SECOND);
    let before = takeSample(host);
    const restrain = (): void => {
      const now = takeSample(host);
      const load = restraintLoad(before, now, this.#restraint.memoryBytes);
      if (load === null) return;
      this.#restrain(nextShed(this.#pipeline.shards.ring.shed, load, this.#restraint));
      before = now;
    };
    const look = (): void => void this.#surroundings.look(this.#vigil.thresholds.clockServers);
    look();
    return [
      every(1, () => {
        try {
          this.#pipeline.shards.check();
          this.#adapters.poll();
        } catch (error) {
          this.#failed(error);
        }
        this.#pipeline.tick(Date.now() / 1000);
        // Memory can run out much faster than restraint is eased.
        if (process.memoryUsage.rss() >= this.#restraint.memoryBytes) this.#restrain(SHED_ALL);
      }),
      every(HEALTH_SECONDS, () => this.#look()),
      every(SAVE_SECONDS, () => void this.#saveNames()),
      every(TALKER_SECONDS, () => this.#talkers.turn(TOP_TALKERS)),
      every(this.#config.restraint.everySeconds, restrain),
      every(LOOK_SECONDS, look),
    ];
  }

  #restrain(shed: number): void {
    const { ring } = this.#pipeline.shards;
    if (shed === ring.shed) return;
    this.#log.warn({ from: ring.shed / SHED_ALL, to: shed / SHED_ALL }, 'share of new flows that is shed to spare the machine');
    ring.shed = shed;
  }

  #look(): void {
    // Adapters that were let go are no issue.
    if (this.#isStopping) return;
    const loop = performance.eventLoopUtilization();
    this.#loopShare = performance.eventLoopUtilization(loop, this.#loop).utilization;
    this.#loop = loop;
    this.#vigil.look(
      {
        adapters: this.#adapters,
        controllers: this.#controllers,
        names: this.#names,
        sink: this.#sink,
        surroundings: this.#surroundings,
        dropped: account(this.#pipeline.gate, this.#pipeline.counters).dropped,
      },
      this.#restraint.memoryBytes,
    );
  }

  async #saveNames(): Promise<void> {
    const { cachePath } = this.#config.nnr;
    if (cachePath === '') return;
    try {
      await this.#names.save(cachePath);
      this.#cacheFault = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#cacheFault) this.#log.warn(`nnr.cachePath: ${cachePath}: ${message}`);
      this.#cacheFault = message;
    }
  }

  /** Everything there is to see, for /status and `adtap top`. */
  status(): SensorStatus {
    const { gate, counters } = this.#pipeline;
    const { user, system } = process.cpuUsage();
    return {
      name: this.#config.sensor.name,
      version: this.#version,
      mode: this.#config.sensor.mode,
      backend: this.#backend.name,
      uptimeSeconds: (Date.now() - this.#started) / 1000,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      memoryBytes: this.#restraint.memoryBytes,
      shed: this.#pipeline.shards.ring.shed / SHED_ALL,
      slots: { used: this.#pipeline.slotsInUse, total: this.#pipeline.slots },
      lag: { p50: this.#lag.quantile(0.5), p99: this.#lag.quantile(0.99) },
      adapters: this.#adapters.status(),
      controllers: this.#controllers.status(),
      packets: account(gate, counters),
      lines: this.#lines(),
      busiest: this.#talkers.top,
      lookUps: this.#names.active?.status() ?? null,
      issues: this.#vigil.open,
    };
  }

  #lines(): { written: number; lost: number; dropped: number; bytes: number } {
    const { writtenLines: written, lostLines: lost } = this.#sink.state;
    return { written, lost, dropped: this.#bounded.dropped + this.#abandoned, bytes: this.#buffer.bytes };
  }

  #registry(): ReturnType<typeof sensorRegistry> {
    const pipeline = this.#pipeline;
    const registry = sensorRegistry({
      version: this.#version,
      backend: this.#backend,
      state: pipeline,
      lag: this.#lag,
      adapters: () => this.#adapters.status(),
      controllers: () => this.#controllers.status(),
      issues: () => this.#vigil.open,
      slots: () => ({ used: pipeline.slotsInUse, total: pipeline.slots }),
      lines: () => this.#lines(),
      shed: () => pipeline.shards.ring.shed / SHED_ALL,
      busySeconds: () => pipeline.shards.busySeconds(),
      loopUtilisation: () => this.#loopShare,
      crashes: () => this.#vigil.crashes,
      lostFlows: () => this.#vigil.lostFlows,
    });
    registerNames(registry, this.#names.book);
    const { active } = this.#names;
    if (active !== null) registerNnr(registry, active);
    return registry;
  }

  /** Stops capture, then waits for what is in flight. False when time ran out. */
  async #drain(): Promise<boolean> {
    const milliseconds = this.#config.life.drainSeconds * SECOND;
    this.#log.info('stopping');
    const deadline = performance.now() + milliseconds;
    await this.#adapters.stop(milliseconds / 2);
    try {
      await this.#pipeline.finish(Math.max(SECOND, deadline - performance.now()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(resolve, Math.max(SECOND, deadline - performance.now()), false);
      });
      const isOut = await Promise.race([this.#output.drained().then(() => true), late]);
      clearTimeout(timer);
      if (isOut) return true;
      this.#log.error('the output takes no more lines; the rest is lost');
    } catch (error) {
      if (!(error instanceof AdtapError && error.code === 'ADTAP_E_DRAIN')) throw error;
      this.#log.error(error.message);
    }
    this.#output.stop();
    return false;
  }

  async #close(): Promise<void> {
    this.#surroundings.close();
    await this.#server?.close();
    await this.#names.active?.stop();
    await this.#saveNames();
    await this.#pipeline.close();
    // A reader that has stalled may never let a write end.
    await Promise.race([this.#sink.close(), new Promise<void>((resolve) => setTimeout(resolve, SECOND).unref())]);
  }

  #summary(isDrained: boolean): SensorSummary {
    const adapters = this.#adapters.status();
    const { writtenLines, lostLines } = this.#sink.state;
    this.#abandoned = Math.max(0, this.#buffer.lines - writtenLines - lostLines);
    return {
      ...accountAll(this.#pipeline),
      seconds: (Date.now() - this.#started) / 1000,
      adapters,
      delivered: adapters.reduce((sum, { counts }) => sum + counts.delivered, 0),
      lines: this.#lines(),
      crashes: this.#vigil.crashes,
      isDrained,
    };
  }
}

/** Where every packet went that a capture delivered, those too that nobody took in time. */
function accountAll({ gate, counters, untaken }: LivePipeline): Accounting {
  const accounting = account(gate, counters);
  if (untaken === 0) return accounting;
  return {
    ...accounting,
    packets: accounting.packets + untaken,
    dropped: accounting.dropped + untaken,
    ends: [...accounting.ends, { end: 'dropped', reason: 'not-taken', packets: untaken }],
  };
}

export interface SensorStatus {
  readonly name: string;
  readonly version: string;
  readonly mode: string;
  readonly backend: string;
  readonly uptimeSeconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly memoryBytes: number;
  /** Share of new flows that is shed. */
  readonly shed: number;
  readonly slots: { readonly used: number; readonly total: number };
  /** Seconds from packet to line. */
  readonly lag: { readonly p50: number; readonly p99: number };
  readonly adapters: readonly AdapterStatus[];
  readonly controllers: ReturnType<DomainControllers['status']>;
  readonly packets: Accounting;
  readonly lines: { readonly written: number; readonly lost: number; readonly dropped: number; readonly bytes: number };
  /** Addresses that most activities came from in the last ten seconds, and the rest together; activities a second. */
  readonly busiest: { readonly talkers: readonly Talker[]; readonly others: number };
  /** Active name resolution; null when it is off. */
  readonly lookUps: ReturnType<ActiveNnr['status']> | null;
  readonly issues: readonly OpenIssue[];
}
