// The bench: runs the pipeline in its budget under load after load and says what it held. Each question has a process of its own,
// so that no answer carries the memory of another.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, devNull, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parallelism } from '../host/cpu.ts';
import { thisMachine } from '../host/machine.ts';
import { MDI_TABLE } from '../sizing/mdi-table.ts';
import { type Budget, makeBudget } from './budget.ts';
import { packetsPerSecond } from './figures.ts';
import type { Garbage } from './garbage.ts';
import { failings, judge, type Rung } from './ladder.ts';
import { type LoadFacts, MeasuredProcess } from './measured-process.ts';
import type { LoadJob, Measured, Phase } from './messages.ts';
import { readProfiles, type StageShares } from './profile.ts';
import { type Found, highestRate, holdRates } from './search.ts';

export interface BenchSettings {
  readonly captures: readonly string[];
  /** What the load is called in the report. */
  readonly loadNames: readonly string[];
  readonly cores: number;
  readonly memoryBytes: number;
  readonly workers: number;
  /** Seconds of each measurement; the highest rate is held six times as long. */
  readonly seconds: number;
  /** Few, short and coarse measurements. */
  readonly isQuick: boolean;
}

/** For those who watch. */
export interface BenchWatch {
  says(step: string): void;
  /** Ends the bench early when aborted. */
  readonly signal: AbortSignal;
}

export interface MachineFacts {
  readonly platform: string;
  readonly node: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
}

export interface Highest {
  readonly search: Found;
  /** The rate that was held for the whole time, and what was measured meanwhile. */
  readonly measured: Measured;
  readonly isHeld: boolean;
  readonly reasons: readonly string[];
  /** Of the whole process from its start. */
  readonly peakRssBytes: number;
  readonly garbage: Garbage;
}

export interface Scaling {
  readonly workers: number;
  readonly measured: Measured;
}

export interface FlowCost {
  readonly flows: number;
  readonly measured: Measured;
}

export interface BenchResult {
  readonly machine: MachineFacts;
  readonly load: LoadFacts & { readonly captures: readonly string[] };
  readonly budget: {
    readonly cores: number;
    readonly memoryBytes: number;
    readonly kind: Budget['kind'];
    readonly words: string;
    readonly workers: number;
  };
  readonly seconds: number;
  readonly isQuick: boolean;
  readonly ladder: readonly Rung[];
  readonly highest: Highest;
  /** Processor time by stage, and the packets that it was spent on. */
  readonly stages: StageShares & { readonly packets: number; readonly activitiesByProtocol: Readonly<Record<string, number>> };
  /** As fast as it goes, with 1 to N workers. */
  readonly scaling: readonly Scaling[];
  /** As fast as it goes, with so many flows open. */
  readonly flows: readonly FlowCost[];
}

/** The default buffer of an adapter (`capture.bufferMegabytes`). */
const BUFFER_BYTES = 64 << 20;
const FLOWS = [1_000, 10_000, 100_000, 1_000_000];
const QUICK_FLOWS = [1_000, 10_000];
/** More than the ring holds: some have gone all the way. */
const WARM_PACKETS = 200_000;
const QUICK_WARM_PACKETS = 110_000;
const PACKETS_OF_FLOW = 8;
/** Limits are shared out among 64 partitions, which get unequal numbers of flows. */
const FLOW_LIMIT_SHARE = 1.25;
const FLOW_LIMIT_MORE = 2048;
const HOLD_TIMES = 6;
const QUICK_HOLD_TIMES = 3;
const PROFILE_TIMES = 2;
/** However slow the machine is, what is profiled is more than the start. */
const PROFILE_PACKETS = 200_000;
const QUICK_PROFILE_PACKETS = 50_000;
/** What a rate that was held for a moment and not for long is lowered to, one after the other. */
const HOLD_SHARES = [1, 0.93, 0.85, 0.7, 0.5];
const QUICK_HOLD_SHARES = [1, 0.6];
const MOST_RATE = 50_000_000;

/** Runs the whole bench. Rejects with ADTAP_E_BENCH or the fault of the capture. */
export async function runBench(settings: BenchSettings, watch: BenchWatch): Promise<BenchResult> {
  return await new Bench(settings, watch).run();
}

class Bench {
  readonly #settings: BenchSettings;
  readonly #watch: BenchWatch;
  readonly #budget: Budget;
  #facts: LoadFacts = { packets: 0, meanBytes: 0, isCut: false };

  constructor(settings: BenchSettings, watch: BenchWatch) {
    this.#settings = settings;
    this.#watch = watch;
    this.#budget = makeBudget(settings);
  }

  async run(): Promise<BenchResult> {
    const { loadNames, cores, memoryBytes, workers, seconds, isQuick } = this.#settings;
    const { kind, words } = this.#budget;
    try {
      this.#watch.says(`budget: ${words}`);
      const scaling = await this.#scaling();
      const ladder = await this.#ladder();
      const highest = await this.#highest(packetsPerSecond(scaling.at(-1)!.measured));
      const stages = await this.#stages();
      const flows = await this.#flows();
      return {
        machine: machineFacts(),
        load: { ...this.#facts, captures: loadNames },
        budget: { cores, memoryBytes, kind, words, workers },
        seconds,
        isQuick,
        ladder,
        highest,
        stages,
        scaling,
        flows,
      };
    } finally {
      this.#budget.release();
    }
  }

  /** Runs `use` with a measured process, and sees to it that none is left. */
  async #with<T>(job: Partial<LoadJob>, options: readonly string[], use: (measured: MeasuredProcess) => Promise<T>): Promise<T> {
    const { signal } = this.#watch;
    signal.throwIfAborted();
    const measured = new MeasuredProcess(this.#budget, options);
    const onAbort = (): void => void measured.kill();
    signal.addEventListener('abort', onAbort);
    try {
      const { packets, meanBytes, isCut } = await measured.start({
        captures: this.#settings.captures,
        workers: this.#settings.workers,
        output: devNull,
        bufferBytes: BUFFER_BYTES,
        limits: {},
        flows: 0,
        packetsOfFlow: PACKETS_OF_FLOW,
        ...job,
      });
      this.#facts = { packets, meanBytes, isCut };
      return await use(measured);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await measured.kill();
    }
  }

  #phase(rate: number, seconds = this.#settings.seconds): Phase {
    return { rate, seconds, packets: 0, warmSeconds: this.#settings.isQuick ? 0.1 : 1, warmPackets: 0 };
  }

  async #scaling(): Promise<Scaling[]> {
    const found: Scaling[] = [];
    for (let workers = 1; workers <= this.#settings.workers; workers++) {
      this.#watch.says(`as fast as it goes: ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
      const measured = await this.#with({ workers }, [], async (process) => {
        await process.measure(this.#warmUp());
        const result = await process.measure(this.#phase(Number.POSITIVE_INFINITY));
        await process.finish();
        return result;
      });
      found.push({ workers, measured });
    }
    return found;
  }

  /** Long enough for V8 to have compiled what is hot. */
  #warmUp(): Phase {
    const phase = this.#phase(Number.POSITIVE_INFINITY, this.#settings.isQuick ? 0.3 : 2);
    return { ...phase, packets: this.#settings.isQuick ? QUICK_WARM_PACKETS : WARM_PACKETS };
  }

  #ladder(): Promise<Rung[]> {
    return this.#with({}, [], async (process) => {
      const rungs: Rung[] = [];
      // Starts the workers.
      await process.measure({ ...this.#warmUp(), rate: MDI_TABLE[0]?.upTo ?? 0, packets: 0 });
      for (const row of MDI_TABLE) {
        this.#watch.says(`ladder: ${row.upTo} packets/s`);
        rungs.push(judge(row, await process.measure(this.#phase(row.upTo))));
      }
      await process.finish();
      return rungs;
    });
  }

  async #highest(start: number): Promise<Highest> {
    const { isQuick, seconds } = this.#settings;
    const search = await this.#with({}, [], async (process) => {
      await process.measure(this.#warmUp());
      const found = await highestRate(
        { start: start / 2, most: MOST_RATE, step: isQuick ? 1.6 : 1.5, precision: isQuick ? 0.6 : 0.04 },
        async (rate) => {
          const measured = await process.measure(this.#phase(rate, isQuick ? seconds : seconds / 2));
          const reasons = failings(measured);
          this.#watch.says(`search: ${rate} packets/s ${reasons.length === 0 ? 'held' : `not held: ${reasons.join(', ')}`}`);
          return reasons.length === 0;
        },
      );
      await process.finish();
      return found;
    });
    // Where nothing was held there is still something to be said of the lowest rung.
    const least = MDI_TABLE[0]?.upTo ?? 0;
    const [first = least, ...lower] = holdRates(search.rate, isQuick ? QUICK_HOLD_SHARES : HOLD_SHARES, least);
    let held = await this.#hold(first, search);
    for (const rate of lower) {
      if (held.isHeld) break;
      held = await this.#hold(rate, search);
    }
    return held;
  }

  /** Holds a rate for long, in a process of its own. */
  #hold(rate: number, search: Found): Promise<Highest> {
    const { isQuick } = this.#settings;
    const seconds = this.#settings.seconds * (isQuick ? QUICK_HOLD_TIMES : HOLD_TIMES);
    return this.#with({}, ['--trace-gc'], async (process) => {
      this.#watch.says(`hold: ${rate} packets/s for ${seconds.toFixed(1)} s`);
      await process.measure(this.#warmUp());
      const measured = await process.measure(this.#phase(rate, seconds));
      const { peakRssBytes, garbage } = await process.finish();
      const reasons = failings(measured);
      if (peakRssBytes > this.#settings.memoryBytes) reasons.push(`${peakRssBytes} bytes of memory, over the budget`);
      this.#watch.says(reasons.length === 0 ? 'held' : `not held: ${reasons.join(', ')}`);
      return { search, measured, isHeld: reasons.length === 0, reasons, peakRssBytes, garbage };
    });
  }

  async #stages(): Promise<BenchResult['stages']> {
    const folder = mkdtempSync(join(tmpdir(), 'adtap-bench-'));
    try {
      const options = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
      return await this.#with({}, options, async (process) => {
        this.#watch.says('profile by stage');
        // The profile begins with the process; the longer it is, the less starting counts.
        const phase = this.#phase(Number.POSITIVE_INFINITY, this.#settings.seconds * PROFILE_TIMES);
        const packetsAtLeast = this.#settings.isQuick ? QUICK_PROFILE_PACKETS : PROFILE_PACKETS;
        const measured = await process.measure({ ...phase, warmSeconds: 0, packets: packetsAtLeast });
        await process.finish();
        const { packets, activitiesByProtocol } = measured;
        return { ...readProfiles(folder), packets, activitiesByProtocol };
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async #flows(): Promise<FlowCost[]> {
    const { isQuick } = this.#settings;
    const found: FlowCost[] = [];
    for (const flows of isQuick ? QUICK_FLOWS : FLOWS) {
      this.#watch.says(`${flows} flows`);
      const limit = Math.ceil(flows * FLOW_LIMIT_SHARE) + FLOW_LIMIT_MORE;
      const group = flows * PACKETS_OF_FLOW;
      const least = isQuick ? 100_000 : 2_000_000;
      const measured = await this.#with({ flows, limits: { 'flow.flows': limit } }, [], async (process) => {
        const result = await process.measure({
          rate: Number.POSITIVE_INFINITY,
          seconds: 0,
          warmSeconds: 0,
          // Whole conversations, so that all sizes measure the same packets.
          packets: Math.ceil(least / group) * group,
          warmPackets: Math.ceil(least / 4 / group) * group,
        });
        await process.finish();
        return result;
      });
      found.push({ flows, measured });
    }
    return found;
  }
}

function machineFacts(): MachineFacts {
  return {
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: parallelism(thisMachine),
    memoryBytes: totalmem(),
  };
}
