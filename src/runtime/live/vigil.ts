// Watches over a running sensor's health: gathers what is known of it every few seconds, and tells in the log and in the health
// file what began to be wrong and what ended.
import { appendFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Config } from '../../config/index.ts';
import { type Condition, examine, type Loss } from '../../health/examine.ts';
import { HealthBook, type IssueLine, type OpenIssue } from '../../health/issues.ts';
import type { SinkState } from '../../sink/lasting.ts';
import type { Log } from '../log.ts';
import type { Names } from '../names.ts';
import type { Adapters } from './adapters.ts';
import type { DomainControllers } from './domain-controllers.ts';
import type { Surroundings } from './surroundings.ts';

/** Loss is that of so many examinations. */
const LOSS_EXAMINATIONS = 12;
/** How long a worker's crash is told of as an issue. */
const CRASH_MS = 600_000;

/** What is looked at. */
export interface Watched {
  readonly adapters: Pick<Adapters, 'status' | 'warnings'>;
  readonly controllers: Pick<DomainControllers, 'status'>;
  readonly names: Pick<Names, 'active'>;
  readonly sink: { readonly state: SinkState };
  readonly surroundings: Pick<Surroundings, 'clockOffsets' | 'powerProblem'>;
  /** Packets that were delivered and not analysed. */
  readonly dropped: number;
}

export class Vigil {
  /** Health settings, which may change while it runs. */
  thresholds: Config['health'];
  /** Workers that crashed, and flows that were lost with them. */
  crashes = 0;
  lostFlows = 0;
  readonly #book: HealthBook;
  readonly #log: Log;
  readonly #started: number;
  readonly #clock: () => number;
  readonly #component: string[] = [];
  readonly #losses: Loss[] = [];
  #lastCrash = { message: '', at: Number.NEGATIVE_INFINITY };
  #fileFault = '';

  /** `started` in milliseconds since 1970; `clock` in milliseconds that only go forward. */
  constructor({ sensor, health }: Config, started: number, log: Log, clock = (): number => performance.now()) {
    this.thresholds = health;
    this.#started = started;
    this.#log = log;
    this.#clock = clock;
    this.#book = new HealthBook(sensor.name, (line) => this.#tell(line));
  }

  /** Open issues, the oldest first. */
  get open(): readonly OpenIssue[] {
    return this.#book.open;
  }

  /** Remembers a problem of the capture component, in a sentence, that lasts as long as the sensor does. */
  note(problem: string): void {
    this.#component.push(problem);
  }

  crashed(shard: number, reason: string, lostPackets: number, lostFlows: number): void {
    this.crashes++;
    this.lostFlows += lostFlows;
    const [first = ''] = reason.split('\n');
    this.#log.error({ shard, lostPackets, lostFlows, reason }, 'a worker crashed and is replaced');
    this.#lastCrash = { message: `a worker crashed: ${first}`, at: this.#clock() };
  }

  /** Looks at everything once; `memoryBytes` is the sensor's budget. */
  look(watched: Watched, memoryBytes: number): void {
    const packets = loss(watched);
    this.#losses.push(packets);
    if (this.#losses.length > LOSS_EXAMINATIONS + 1) this.#losses.shift();
    const now = Date.now() / 1000;
    const adapters = watched.adapters.status();
    const condition: Condition = {
      now,
      started: this.#started / 1000,
      adapters: adapters
        .filter(({ state }) => state !== 'gone')
        .map(({ name, state, reason }) => ({ name, isCapturing: state === 'capturing', reason })),
      controllers: watched.controllers.status(),
      packets,
      before: this.#losses[0] ?? packets,
      isLossKnown: !adapters.some(({ counts }) => Number.isNaN(counts.kernelDropped)),
      residentBytes: process.memoryUsage.rss(),
      memoryBytes,
      component: [...this.#component, ...this.#crashMessages(), ...watched.adapters.warnings],
      outputFault: watched.sink.state.fault,
      resolution: watched.names.active?.recent(now) ?? [],
      clockOffsets: watched.surroundings.clockOffsets,
      powerProblem: watched.surroundings.powerProblem,
    };
    this.#book.update(examine(condition, this.thresholds));
  }

  /** A crash is an issue for some time: what was lost is lost, and another worker does the work. */
  #crashMessages(): string[] {
    const { message, at } = this.#lastCrash;
    return this.#clock() - at < CRASH_MS ? [message] : [];
  }

  #tell(line: IssueLine): void {
    const { state, title, subject, message } = line;
    if (state === 'open') this.#log.warn({ issue: line.key, subject }, `health: ${title}: ${message}`);
    else this.#log.info({ issue: line.key, subject }, `health: over: ${title}`);
    const { path } = this.thresholds;
    if (path === '') return;
    appendFile(path, `${JSON.stringify(line)}\n`).then(
      () => {
        this.#fileFault = '';
      },
      (error: Error) => {
        if (this.#fileFault !== error.message) this.#log.warn(`${path}: ${error.message}`);
        this.#fileFault = error.message;
      },
    );
  }
}

/** Packets that were there and those not analysed, whatever the reason. */
function loss({ adapters, dropped }: Watched): Loss {
  let lost = 0;
  let seen = 0;
  for (const { counts } of adapters.status()) {
    const gone = [counts.kernelDropped, counts.adapterDropped, counts.noSlot, counts.tooLong, counts.left];
    const sum = gone.reduce((total, one) => total + (Number.isNaN(one) ? 0 : one), 0);
    lost += sum;
    seen += counts.delivered + sum;
  }
  return { seen, lost: lost + dropped };
}
