// Asks an address by all methods: only what is in scope, within the rates, reverse DNS only when it is due.
import { type Endpoint, type From, isIpv6 } from './active/endpoint.ts';
import { NetbiosAsker } from './active/netbios.ts';
import { NtlmRpcAsker } from './active/ntlm-rpc.ts';
import { answerOf, noName, type Outcome } from './active/outcome.ts';
import { RdpAsker } from './active/rdp.ts';
import { ReverseDnsAsker } from './active/reverse-dns.ts';
import type { ActiveMethod, Answer, Asker } from './answer.ts';
import type { Pace } from './pace.ts';
import { canonicalAddress } from './scope.ts';
import type { Tally } from './tally.ts';
import type { UntilTable } from './until-table.ts';

export interface AskerSettings {
  readonly methods: readonly ActiveMethod[];
  readonly from: From;
  readonly timeoutMs: number;
  readonly retries: 0 | 1;
  readonly dnsServers: readonly Endpoint[];
  readonly searchSuffixes: readonly string[];
}

/** The real askers of the methods that are switched on. */
export function askers(settings: AskerSettings): Asker[] {
  const { from, timeoutMs, retries, dnsServers: servers, searchSuffixes: suffixes } = settings;
  const make: Readonly<Record<ActiveMethod, () => Asker>> = {
    'ntlm-rpc': () => new NtlmRpcAsker({ from, timeoutMs }),
    netbios: () => new NetbiosAsker({ from, timeoutMs, retries }),
    rdp: () => new RdpAsker({ from, timeoutMs }),
    'reverse-dns': () => new ReverseDnsAsker({ from, timeoutMs, retries, servers, suffixes }),
  };
  return settings.methods.map((method) => make[method]());
}

export interface ResolverParts {
  readonly askers: readonly Asker[];
  /** Primary methods one after the other until one answers, instead of all at once. */
  readonly staged: boolean;
  /** Why an address may not be asked; empty when it may. */
  readonly refusal: (address: string) => string;
  readonly pace: Pace;
  /** Addresses asked within the last `perTargetSeconds`, which are left in peace. */
  readonly targets: UntilTable;
  readonly perTargetSeconds: number;
  readonly tally: Tally;
  /** Whether reverse DNS is due after what the primary methods said. */
  readonly needsReverse: (answers: readonly Answer[]) => boolean;
}

export class Resolver {
  readonly #parts: ResolverParts;
  readonly #primaries: readonly Asker[];
  readonly #secondaries: readonly Asker[];
  /** Addresses being asked: nobody is asked twice at once. */
  readonly #underWay = new Map<string, Promise<Answer[]>>();

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    this.#primaries = parts.askers.filter(({ method }) => method !== 'reverse-dns');
    this.#secondaries = parts.askers.filter(({ method }) => method === 'reverse-dns');
  }

  /** One answer a method that was asked. Never rejects; an address that may not be asked (now) gets answers that say so, and no packet. */
  resolve(text: string, signal: AbortSignal): Promise<Answer[]> {
    const address = canonicalAddress(text) ?? text;
    const { refusal, targets, perTargetSeconds } = this.#parts;
    const why = refusal(address);
    if (why !== '') return this.#unasked(address, noName('out-of-scope', why));
    const known = this.#underWay.get(address);
    if (known !== undefined) return known;
    const now = Date.now() / 1000;
    if (targets.holds(address, now))
      return this.#unasked(address, noName('rate-limited', `asked less than ${perTargetSeconds} seconds ago`));
    if (perTargetSeconds > 0) targets.set(address, now + perTargetSeconds);
    const answers = this.#ask(address, signal).finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, answers);
    return answers;
  }

  #unasked(address: string, outcome: Outcome): Promise<Answer[]> {
    const started = performance.now();
    return Promise.resolve(this.#parts.askers.map(({ method }) => answerOf(method, address, started, outcome)));
  }

  async #ask(address: string, signal: AbortSignal): Promise<Answer[]> {
    const answers: Answer[] = [];
    // NetBIOS over TCP/IP knows addresses of 32 bits only (RFC 1002 4.2.1.3).
    const primaries = this.#primaries.filter(({ method }) => method !== 'netbios' || !isIpv6(address));
    if (this.#parts.staged)
      for (const asker of primaries) {
        const answer = await this.#one(asker, address, signal);
        answers.push(answer);
        if (answer.names !== null) break;
      }
    else answers.push(...(await Promise.all(primaries.map((asker) => this.#one(asker, address, signal)))));
    if (this.#secondaries.length > 0 && this.#parts.needsReverse(answers))
      for (const asker of this.#secondaries) answers.push(await this.#one(asker, address, signal));
    return answers;
  }

  async #one(asker: Asker, address: string, signal: AbortSignal): Promise<Answer> {
    const { pace, tally } = this.#parts;
    const waited = performance.now();
    const ended = (outcome: Outcome): Answer => answerOf(asker.method, address, waited, outcome);
    if (!(await pace.acquire(signal))) return ended(noName('cancelled', 'cancelled before it was asked'));
    if (signal.aborted) {
      pace.release();
      return ended(noName('cancelled', 'cancelled before it was asked'));
    }
    const counts = tally.of(asker.method);
    counts.begun();
    let answer: Answer;
    try {
      answer = await asker.ask(address, signal);
    } catch (error) {
      // An asker that throws is a defect; it must not take the sensor with it.
      answer = ended(noName('error', error instanceof Error ? error.message : String(error)));
    }
    pace.release();
    counts.ended(answer);
    return answer;
  }
}
