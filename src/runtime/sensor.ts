// The sensor: adapters through the live pipeline into a sink, and the life around it: health, restraint, metrics, signals.
import { execFileSync } from 'node:child_process';
import { appendFile, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { addressKeys } from '../activity/address-key.ts';
import { SOURCE, SOURCE_COMPUTER } from '../activity/rows.ts';
import type { CaptureBackend } from '../capture/live/backend.ts';
import { chooseBackend } from '../capture/live/choose.ts';
import { type Config, needRestart, pipelineMegabytes, readSecret } from '../config/index.ts';
import { Enricher } from '../entity/enrich.ts';
import { addressBefore } from '../entity/entity-lines.ts';
import { AdtapError } from '../errors.ts';
import { type Condition, examine, type Loss } from '../health/examine.ts';
import { HealthBook, type IssueLine } from '../health/issues.ts';
import { parallelism } from '../host/cpu.ts';
import { thisMachine as host } from '../host/machine.ts';
import { takeSample } from '../host/watch.ts';
import { LagHistogram } from '../metrics/lag.ts';
import { registerNames, registerNnr } from '../metrics/nnr.ts';
import { sensorRegistry } from '../metrics/sensor.ts';
import { type MetricsServer, serveMetrics } from '../metrics/server.ts';
import { TALKER_SECONDS, type Talker, Talkers } from '../metrics/talkers.ts';
import type { ActiveNnr } from '../nnr/active-nnr.ts';
import type { KeyOf } from '../nnr/book.ts';
import { protocols } from '../protocols/registry.ts';
import { defaultFilter } from '../shard/default-filter.ts';
import { openDescriptor } from '../sink/descriptor.ts';
import type { LastingSink } from '../sink/lasting.ts';
import { LineBuffer } from '../sink/line-buffer.ts';
import { RotatingFile } from '../sink/rotating-file.ts';
import { PARTITIONS } from '../slots/layout.ts';
import { type Accounting, account } from './accounting.ts';
import { type AdapterPlan, type AdapterStatus, Adapters } from './live/adapters.ts';
import { DomainControllers } from './live/domain-controllers.ts';
import { activeSettings } from './live/nnr.ts';
import { BoundedLines, LiveOutput } from './live/output.ts';
import { LivePipeline } from './live/pipeline.ts';
import { nextShed, type RestraintSettings, restraintLoad, SHED_ALL } from './live/restraint.ts';
import { LOOK_SECONDS, Surroundings, surroundingsPlan } from './live/surroundings.ts';
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
/** How often health is examined; loss is that of so many examinations. */
const HEALTH_SECONDS = 5;
const TOP_TALKERS = 10;
/** How long a worker's crash is told of as an issue. */
const CRASH_MS = 600_000;
/** Share of the memory budget that the kernel's buffers may have. */
const BUFFERS_SHARE = 0.25;
/** How often what is known of names is saved. */
const SAVE_SECONDS = 60;
const LOSS_EXAMINATIONS = 12;
/** Memory beside the workers' heaps: slots, code, buffers. Half of what is left is theirs. */
const HEAP_SHARE = 0.5;
const LEAST_HEAP_MEGABYTES = 64;

export const workerCount = (config: Config): number =>
  config.sensor.workers === 0 ? Math.min(parallelism(host), PARTITIONS) : config.sensor.workers;

/** What the kernel is to let in, for Ethernet and for linktypes without tags. */
export function kernelFilters(config: Config): { readonly filter: string; readonly plainFilter: string } {
  const { filter, filterAdd } = config.capture;
  if (filter !== '') {
    const own = filterAdd === '' ? filter : `(${filter}) or (${filterAdd})`;
    return { filter: own, plainFilter: own };
  }
  return { filter: defaultFilter(protocols, true, filterAdd), plainFilter: defaultFilter(protocols, false, filterAdd) };
}

export class Sensor {
  readonly #config: Config;
  readonly #log: Log;
  readonly #version: string;
  readonly #backend: CaptureBackend;
  readonly #component: string[] = [];
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
  readonly #health: HealthBook;
  readonly #surroundings: Surroundings;
  readonly #losses: Loss[] = [];
  readonly #started = Date.now();
  #server: MetricsServer | null = null;
  #restraint: RestraintSettings;
  #thresholds: Config['health'];
  #crashes = 0;
  #lostFlows = 0;
  /** Lines that the output did not take before the end. */
  #abandoned = 0;
  #lastCrash = { message: '', at: Number.NEGATIVE_INFINITY };
  #isReady = false;
  #isStopping = false;
  #healthFault = '';
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
    const { backend, note } = chooseBackend(config.capture.backend);
    this.#backend = backend;
    if (note !== '') this.#component.push(note);
    log.info({ backend: backend.name, library: backend.library }, 'capture backend');
    if (note !== '') log.warn(note);
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
          crashed: (shard, reason, packets, flows) => this.#crashed(shard, reason, packets, flows),
        },
      },
      this.#output,
    );
    this.#keyOf = addressKeys(this.#pipeline.runKey);
    this.#adapters = new Adapters(backend, this.#pipeline, adapterPlan(config), log);
    this.#health = new HealthBook(name, (line) => this.#tell(line));
    this.#surroundings = new Surroundings(host, surroundingsPlan(config), log);
    this.#restraint = restraintOf(config);
    this.#thresholds = config.health;
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
    this.#thresholds = config.health;
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
        isHealthy: () => !this.#health.open.some(({ severity }) => severity === 'high'),
        isReady: () => this.#isReady,
        issues: () => this.#health.open,
        status: () => this.status(),
      });
      this.#log.info({ listen: metrics.listen }, 'metrics');
    }
    dropPrivileges(life.user, this.#log);
    this.#names.active?.start();
    this.#isReady = true;
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
    const look = (): void => void this.#surroundings.look(this.#thresholds.clockServers);
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
      every(HEALTH_SECONDS, () => this.#examine()),
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

  #examine(): void {
    // Adapters that were let go are no issue.
    if (this.#isStopping) return;
    const loop = performance.eventLoopUtilization();
    this.#loopShare = performance.eventLoopUtilization(loop, this.#loop).utilization;
    this.#loop = loop;
    const packets = this.#loss();
    this.#losses.push(packets);
    if (this.#losses.length > LOSS_EXAMINATIONS + 1) this.#losses.shift();
    const adapters = this.#adapters.status();
    const condition: Condition = {
      now: Date.now() / 1000,
      started: this.#started / 1000,
      adapters: adapters
        .filter(({ state }) => state !== 'gone')
        .map(({ name, state, reason }) => ({ name, isCapturing: state === 'capturing', reason })),
      controllers: this.#controllers.status(),
      packets,
      before: this.#losses[0] ?? packets,
      isLossKnown: !adapters.some(({ counts }) => Number.isNaN(counts.kernelDropped)),
      residentBytes: process.memoryUsage.rss(),
      memoryBytes: this.#restraint.memoryBytes,
      component: [...this.#component, ...this.#crashMessages(), ...this.#adapters.warnings],
      outputFault: this.#sink.state.fault,
      resolution: this.#names.active?.recent(Date.now() / 1000) ?? [],
      clockOffsets: this.#surroundings.clockOffsets,
      powerProblem: this.#surroundings.powerProblem,
    };
    this.#health.update(examine(condition, this.#thresholds));
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

  /** Packets that were there and those not analysed, whatever the reason. */
  #loss(): Loss {
    let lost = 0;
    let seen = 0;
    for (const { counts } of this.#adapters.status()) {
      const gone = [counts.kernelDropped, counts.adapterDropped, counts.noSlot, counts.tooLong, counts.left];
      const sum = gone.reduce((total, one) => total + (Number.isNaN(one) ? 0 : one), 0);
      lost += sum;
      seen += counts.delivered + sum;
    }
    return { seen, lost: lost + account(this.#pipeline.gate, this.#pipeline.counters).dropped };
  }

  #crashed(shard: number, reason: string, lostPackets: number, lostFlows: number): void {
    this.#crashes++;
    const [first = ''] = reason.split('\n');
    this.#log.error({ shard, lostPackets, lostFlows, reason }, 'a worker crashed and is replaced');
    this.#lostFlows += lostFlows;
    this.#lastCrash = { message: `a worker crashed: ${first}`, at: performance.now() };
  }

  /** A crash is an issue for some time: what was lost is lost, and another worker does the work. */
  #crashMessages(): string[] {
    const { message, at } = this.#lastCrash;
    return performance.now() - at < CRASH_MS ? [message] : [];
  }

  #tell(line: IssueLine): void {
    const { state, title, subject, message } = line;
    if (state === 'open') this.#log.warn({ issue: line.key, subject }, `health: ${title}: ${message}`);
    else this.#log.info({ issue: line.key, subject }, `health: over: ${title}`);
    const { path } = this.#thresholds;
    if (path === '') return;
    appendFile(path, `${JSON.stringify(line)}\n`).then(
      () => {
        this.#healthFault = '';
      },
      (error: Error) => {
        if (this.#healthFault !== error.message) this.#log.warn(`${path}: ${error.message}`);
        this.#healthFault = error.message;
      },
    );
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
      issues: this.#health.open,
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
      issues: () => this.#health.open,
      slots: () => ({ used: pipeline.slotsInUse, total: pipeline.slots }),
      lines: () => this.#lines(),
      shed: () => pipeline.shards.ring.shed / SHED_ALL,
      busySeconds: () => pipeline.shards.busySeconds(),
      loopUtilisation: () => this.#loopShare,
      crashes: () => this.#crashes,
      lostFlows: () => this.#lostFlows,
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
      crashes: this.#crashes,
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
  readonly issues: HealthBook['open'];
}

function adapterPlan(config: Config): AdapterPlan {
  const { adapters, loopback, snaplen, promiscuous, timeoutMs, bufferMegabytes } = config.capture;
  return {
    names: adapters,
    loopback,
    settings: {
      snaplen,
      promiscuous,
      timeoutMs,
      bufferBytes: bufferMegabytes * MEBIBYTE,
      drainMs: (config.life.drainSeconds * SECOND) / 2,
    },
    buffersBytes: config.sensor.memory * MEBIBYTE * BUFFERS_SHARE,
    ...kernelFilters(config),
  };
}

const rotation = ({ output }: Config): ConstructorParameters<typeof RotatingFile>[1] => ({
  rotateBytes: output.rotateMegabytes * MEBIBYTE,
  rotateSeconds: output.rotateMinutes * 60,
  keepBytes: output.keepMegabytes * MEBIBYTE,
  fsync: output.fsync,
});

const restraintOf = ({ restraint, sensor }: Config): RestraintSettings => ({
  isEnabled: restraint.enabled,
  freeCpu: restraint.freeCpuPercent / 100,
  freeMemory: restraint.freeMemoryPercent / 100,
  memoryBytes: sensor.memory * MEBIBYTE,
});

function heapMegabytes(config: Config, workers: number): number {
  const left = config.sensor.memory - pipelineMegabytes(config);
  return Math.max(LEAST_HEAP_MEGABYTES, Math.floor((left * HEAP_SHARE) / workers));
}

/** Capabilities needed to open an adapter are not needed to read it, nor is the user who has them. */
function dropPrivileges(user: string, log: Log): void {
  if (user === '' || process.setuid === undefined || process.setgid === undefined || process.setgroups === undefined) return;
  try {
    // Node cannot look up a user's own group.
    const group = Number(execFileSync('id', ['-g', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
    process.setgroups([]);
    process.setgid(group);
    process.setuid(user);
  } catch (cause) {
    throw new AdtapError('ADTAP_E_CONFIG', `life.user: cannot become ${user}: ${(cause as Error).message}`, { cause });
  }
  log.info({ user }, 'privileges dropped');
}
