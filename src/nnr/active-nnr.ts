// Active name resolution as the sensor runs it: addresses in, the more important first, answers out; nothing until start().
import { setMaxListeners } from 'node:events';
import { activeLimits as limits } from './active/limits.ts';
import type { ActiveMethod, Answer } from './answer.ts';
import { Pace, type PaceSettings } from './pace.ts';
import { type Importance, ImportanceQueue } from './queue.ts';
import { type AskerSettings, askers, Resolver, type ResolverParts } from './resolver.ts';
import { canonicalAddress, Scope, type ScopeSettings } from './scope.ts';
import { Tally } from './tally.ts';
import { UntilTable } from './until-table.ts';
import { needsReverse } from './verdict.ts';

export interface ActiveSettings extends AskerSettings, PaceSettings, ScopeSettings {
  readonly staged: boolean;
  readonly perTargetSeconds: number;
  /** An address is not asked again for so long: after a name, after none. */
  readonly hitSeconds: number;
  readonly missSeconds: number;
}

/** What became of an address that was offered. */
export type Offered = 'queued' | 'known' | 'out-of-scope' | 'dropped' | 'off';

export class ActiveNnr {
  readonly tally = new Tally();
  readonly #settings: ActiveSettings;
  readonly #onAnswers: (address: string, answers: readonly Answer[]) => void;
  readonly #scope: Scope;
  readonly #pace: Pace;
  readonly #resolver: Resolver;
  readonly #queue = new ImportanceQueue(limits.queued);
  readonly #known = new UntilTable(limits.remembered);
  readonly #atOnce: number;
  readonly #busy = new Map<string, Promise<void>>();
  #stop: AbortController | null = null;

  /** `onAnswers` gets all answers of one address at once; it must not throw. */
  constructor(
    settings: ActiveSettings,
    onAnswers: (address: string, answers: readonly Answer[]) => void,
    parts: { readonly scope?: Scope } & Partial<Pick<ResolverParts, 'askers' | 'needsReverse'>> = {},
  ) {
    this.#settings = settings;
    this.#onAnswers = onAnswers;
    this.#scope = parts.scope ?? new Scope(settings);
    this.#pace = new Pace(settings);
    this.#resolver = new Resolver({
      askers: parts.askers ?? askers(settings),
      staged: settings.staged,
      refusal: (address) => this.#scope.refusal(address),
      pace: this.#pace,
      targets: new UntilTable(limits.remembered),
      perTargetSeconds: settings.perTargetSeconds,
      tally: this.tally,
      needsReverse: parts.needsReverse ?? needsReverse,
    });
    // What waits in the pace has left the queue and can no longer be overtaken: no more of it than sockets can take.
    const primaries = settings.methods.filter((method) => method !== 'reverse-dns').length;
    this.#atOnce = Math.max(1, Math.floor(settings.sockets / (settings.staged ? 1 : Math.max(1, primaries))));
  }

  start(): void {
    if (this.#stop === null) {
      this.#stop = new AbortController();
      // Everything that waits listens to it.
      setMaxListeners(0, this.#stop.signal);
    }
    this.#pump();
  }

  /** Cancels what is under way; resolves when no socket is open. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    this.#queue.clear();
    await Promise.all(this.#busy.values());
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.race(this.#busy.values());
  }

  /** Asks the address soon, unless it was asked lately or may not be. */
  offer(text: string, importance: Importance): Offered {
    if (this.#stop === null) return 'off';
    const address = canonicalAddress(text) ?? text;
    if (this.#known.holds(address, Date.now() / 1000) || this.#busy.has(address)) return 'known';
    if (this.#scope.refusal(address) !== '') return 'out-of-scope';
    if (!this.#queue.offer(address, importance)) return 'dropped';
    this.#pump();
    return 'queued';
  }

  /** What there is to see now. */
  status(): {
    readonly queued: readonly number[];
    readonly dropped: number;
    readonly sockets: number;
    readonly waiting: number;
    readonly known: number;
  } {
    return {
      queued: this.#queue.sizes(),
      dropped: this.#queue.dropped,
      sockets: this.#pace.inFlight,
      waiting: this.#pace.waiting,
      known: this.#known.size,
    };
  }

  /** Look-ups of the last ten minutes before `now` (seconds since 1970), for health. */
  recent(now: number): { readonly method: ActiveMethod; readonly made: number; readonly named: number }[] {
    return [...this.tally.entries()].map(([method, tally]) => ({ method, ...tally.recent(now) }));
  }

  #pump(): void {
    while (this.#stop !== null && this.#busy.size < this.#atOnce) {
      const address = this.#queue.take();
      if (address === null) return;
      const { signal } = this.#stop;
      this.#busy.set(
        address,
        this.#resolver.resolve(address, signal).then((answers) => {
          this.#busy.delete(address);
          if (signal.aborted) return;
          const { hitSeconds, missSeconds } = this.#settings;
          const isNamed = answers.some(({ names }) => names !== null);
          this.#known.set(address, Date.now() / 1000 + (isNamed ? hitSeconds : missSeconds));
          this.#onAnswers(address, answers);
          this.#pump();
        }),
      );
    }
  }
}
