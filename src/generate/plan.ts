// Which scenario begins when: the profile's mix and rate, the hour of the day, and the end that was asked for.
import type { Director } from './engine.ts';
import { Life, type Surroundings } from './life.ts';
import type { ScenarioName } from './scenarios/names.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { DONE, type Script, SECOND } from './step.ts';

const SECONDS_AN_HOUR = 3600;
const HOURS = 24;

/** When nothing more begins. */
export interface End {
  /** Packets; what has begun is brought to its end, so that a few more or less are written. */
  readonly packets: number;
  /** Nanoseconds of capture time. */
  readonly duration: number;
}

export class Plan implements Director {
  readonly #surroundings: Surroundings;
  readonly #end: End;
  readonly #rate: number;
  readonly #plays: readonly ((life: Life) => Script)[];
  /** Sum of the weights up to each scenario. */
  readonly #upTo: Float64Array;
  readonly #total: number;

  constructor(surroundings: Surroundings, end: End, rate: number) {
    this.#surroundings = surroundings;
    this.#end = end;
    this.#rate = rate;
    const mix = (Object.entries(surroundings.profile.mix) as [ScenarioName, number][]).filter(([, weight]) => weight > 0);
    this.#plays = mix.map(([name]) => scenarios[name]);
    this.#upTo = new Float64Array(mix.length);
    let sum = 0;
    mix.forEach(([, weight], index) => {
      sum += weight;
      this.#upTo[index] = sum;
    });
    this.#total = sum;
  }

  makeLife(): Life {
    return new Life(this.#surroundings);
  }

  begin(life: Life): Script {
    const drawn = this.#surroundings.random.unit() * this.#total;
    let at = 0;
    while (at < this.#plays.length - 1 && drawn >= (this.#upTo[at] as number)) at++;
    return (this.#plays[at] as (life: Life) => Script)(life);
  }

  next(now: number, expected: number, packets: number): number {
    if (now >= this.#end.duration || expected >= this.#end.packets) return DONE;
    const { profile, random, startSeconds } = this.#surroundings;
    const hour = Math.floor((startSeconds + now / SECOND) / SECONDS_AN_HOUR) % HOURS;
    const rate = this.#rate * (profile.hours[hour] as number);
    return Math.round(random.exponential((packets / rate) * SECOND));
  }

  tell(now: number): void {
    this.#surroundings.clock.now = now;
  }
}
