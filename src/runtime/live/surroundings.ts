// What around the sensor would spoil its work and nothing in the traffic tells: clocks that differ, processors that slow down.
// Looked at every ten minutes, apart from everything else; what it last found can be read at any time.
import type { Config } from '../../config/index.ts';
import { adapters } from '../../host/adapters/list.ts';
import type { Machine } from '../../host/machine.ts';
import { powerFacts } from '../../host/power.ts';
import { routes } from '../../host/routes.ts';
import { askClock } from '../../host/sntp/client.ts';
import { askClocks } from '../../host/sntp/servers.ts';
import type { Log } from '../log.ts';

export const LOOK_SECONDS = 600;

/** The keys that it goes by. */
export interface SurroundingsPlan {
  readonly isStandalone: boolean;
  readonly management: string;
  readonly domainControllers: readonly string[];
}

export const surroundingsPlan = ({ sensor, management, domainControllers }: Config): SurroundingsPlan => ({
  isStandalone: sensor.mode === 'standalone',
  management: management.adapter,
  domainControllers,
});

export class Surroundings {
  readonly #machine: Machine;
  readonly #plan: SurroundingsPlan;
  readonly #log: Log;
  readonly #ask: typeof askClock;
  readonly #offsets = new Map<string, number>();
  /** Why a domain controller's clock is not known, so that it is logged once and not every ten minutes. */
  readonly #problems = new Map<string, string>();
  #powerProblem = '';
  #looking: Promise<void> | null = null;
  readonly #end = new AbortController();

  constructor(machine: Machine, plan: SurroundingsPlan, log: Log, ask = askClock) {
    this.#machine = machine;
    this.#plan = plan;
    this.#log = log;
    this.#ask = ask;
  }

  /** Milliseconds that each domain controller's clock is ahead of ours; those that did not answer are missing. */
  get clockOffsets(): ReadonlyMap<string, number> {
    return this.#offsets;
  }

  /** Why processors do not run at full clock, or empty. */
  get powerProblem(): string {
    return this.#powerProblem;
  }

  /** Looks around once; one look at a time. Never rejects. */
  look(withClocks: boolean): Promise<void> {
    this.#looking ??= this.#look(withClocks).finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Ends a look that is under way: nothing of it keeps the process. */
  close(): void {
    this.#end.abort();
  }

  async #look(withClocks: boolean): Promise<void> {
    const { settings, isFull } = await powerFacts(this.#machine);
    this.#powerProblem = isFull === false ? `${settings.join(', ')}: processors slow down between bursts of packets` : '';
    if (!withClocks || this.#plan.domainControllers.length === 0) {
      this.#offsets.clear();
      return;
    }
    const { isStandalone, management, domainControllers } = this.#plan;
    const out = {
      adapters: await adapters(this.#machine),
      routes: routes(this.#machine),
      management: isStandalone ? management : null,
      signal: this.#end.signal,
    };
    const readings = await askClocks(domainControllers, out, this.#ask);
    if (this.#end.signal.aborted) return;
    for (const reading of readings) {
      if ('problem' in reading) this.#isUnknown(reading.server, reading.problem);
      else {
        this.#offsets.set(reading.server, nearest(reading.offset, reading.delay));
        this.#problems.delete(reading.server);
      }
    }
  }

  /** What was measured an hour ago is no longer true: an offset that is not known any more is forgotten. */
  #isUnknown(server: string, problem: string): void {
    this.#offsets.delete(server);
    if (this.#problems.get(server) === problem) return;
    this.#problems.set(server, problem);
    this.#log.info({ domainController: server }, `its clock is not known: ${problem}`);
  }
}

/** The offset nearest to none that a reading allows: half of the round trip may lie on either side. */
const nearest = (offset: number, delay: number): number => Math.sign(offset) * Math.max(0, Math.abs(offset) - delay / 2);
