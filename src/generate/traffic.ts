// A domain's traffic, batch by batch, and what should be heard in it. The same profile, seed and end give the same bytes.
import type { FrameBatch } from './batch.ts';
import { Engine, MOST_RUNNING } from './engine.ts';
import { messagesOf } from './messages/messages.ts';
import { type End, Plan } from './plan.ts';
import type { Profile } from './profile.ts';
import { Random } from './random.ts';
import { SECOND } from './step.ts';
import { Truth } from './truth.ts';
import { World } from './world.ts';

/** When made-up traffic begins unless somebody says another time, seconds since 1970: a Monday morning at nine, UTC. */
export const DEFAULT_START = Date.UTC(2026, 0, 5, 9) / 1000;

interface TrafficSettings {
  readonly seed: number;
  /** Seconds since 1970 of the first packet. */
  readonly start: number;
  readonly end: End;
  /** Packets a second of capture time; null takes the profile's. */
  readonly rate: number | null;
  /** Whether activities() is to give anything. */
  readonly wantsTruth: boolean;
  /** Scenarios side by side, at most. */
  readonly mostRunning?: number;
}

export class Traffic {
  /** Messages written, by protocol and kind, as tshark would count them. */
  readonly messages = new Map<string, number>();
  readonly impaired = { retransmitted: 0, reordered: 0 };
  readonly #engine: Engine;
  readonly #truth: Truth;

  constructor(profile: Profile, { seed, start, end, rate, wantsTruth, mostRunning = MOST_RUNNING }: TrafficSettings) {
    const world = new World(profile, seed);
    this.#truth = new Truth(start, wantsTruth);
    const surroundings = {
      world,
      profile,
      random: new Random(seed),
      truth: this.#truth,
      messages: messagesOf(world, start),
      tally: this.messages,
      impaired: this.impaired,
      clock: { now: 0 },
      startSeconds: start,
    };
    this.#engine = new Engine(new Plan(surroundings, end, rate ?? profile.rate), start, mostRunning);
  }

  /** Fills the batch with the next frames, those of up to `until` seconds of capture time; false when there are none. */
  fill(batch: FrameBatch, until = Number.POSITIVE_INFINITY): boolean {
    return this.#engine.fill(batch, until * SECOND);
  }

  /** Seconds of capture time at which something is to be done next; infinite at the end. */
  get due(): number {
    return this.#engine.due / SECOND;
  }

  /** NDJSON of the activities whose last packet is out, since the last call. */
  activities(): Uint8Array {
    return this.#truth.take();
  }

  get frames(): number {
    return this.#engine.frames;
  }
  /** Seconds of capture time so far. */
  get seconds(): number {
    return this.#engine.now / SECOND;
  }
  /** Expected activities by type. */
  get expected(): ReadonlyMap<string, number> {
    return this.#truth.counts;
  }
  /** Scenarios that did not begin since too many were under way. */
  get skipped(): number {
    return this.#engine.skipped;
  }
}
