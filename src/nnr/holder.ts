// One computer's time at an address: what was said of it, when and by whom, and how far it is to be believed.
import { type ComputerName, domainName, domainOf, merged, printed } from './names.ts';
import { type Certainty, type CertaintyReason, methodOf } from './weights.ts';

/** One claim, from a packet or an answer. All but address and time may be empty; with nothing else it ends what was claimed. */
export interface BookClaim {
  /** Address key (see activity/address-key.ts) and its text. */
  readonly address: number;
  readonly ip: string;
  /** Seconds since 1970 UTC, with fraction. */
  readonly at: number;
  readonly name: string;
  readonly domain: string;
  readonly os: string;
  readonly mac: string;
  readonly method: string;
}

/** Seconds without confirmation after which a name is less certain, and yields to any other. */
export const STALE_SECONDS = 3600;

const encoder = new TextEncoder();

/** A name that was said against another. */
interface Rival {
  readonly name: ComputerName;
  /** When it was last said. */
  last: number;
  /** What it is worth if it is somebody's record; infinite where a computer says it of itself. */
  readonly weight: number;
}

export class Holder {
  name: ComputerName;
  domain = '';
  os = '';
  mac = '';
  readonly from: number;
  until = Number.POSITIVE_INFINITY;
  /** When it was last said, by anybody, and by each method. */
  last: number;
  readonly methods = new Map<string, number>();
  /** High from this time on; infinite while it is low. */
  highFrom = Number.POSITIVE_INFINITY;
  reasons: readonly CertaintyReason[] = [];
  rival: Rival | null = null;
  /** Nothing ever contradicted it: what is known of it holds for all its time. */
  isWhole = true;
  directory: string | null | undefined = undefined;
  /** How it stands in a line, by certainty; made when it is needed. */
  #high: Uint8Array | null = null;
  #low: Uint8Array | null = null;

  constructor(name: ComputerName, from: number) {
    this.name = name;
    this.from = from;
    this.last = from;
  }

  get isHigh(): boolean {
    return this.rival === null && this.highFrom < Number.POSITIVE_INFINITY;
  }

  /** Takes what the claim adds; true when the name became fuller. */
  confirm(name: ComputerName, claim: BookClaim, at: number): boolean {
    const before = printed(this.name);
    this.name = merged(this.name, name);
    this.last = at;
    this.methods.set(claim.method, at);
    if (claim.os !== '') this.os = claim.os;
    if (claim.mac !== '') this.mac = claim.mac;
    const domain = domainName(claim.domain) || domainOf(this.name);
    if (this.domain === '' || (domain.includes('.') && !this.domain.includes('.'))) this.domain = domain;
    if (printed(this.name) === before) return false;
    this.#high = null;
    this.#low = null;
    return true;
  }

  contradict(name: ComputerName, last: number, weight: number): void {
    this.rival = { name, last, weight };
    this.isWhole = false;
  }

  /** Weight of the strongest method that said so lately. */
  weightAt(at: number): number {
    let most = 0;
    for (const [name, last] of this.methods) if (at - last <= STALE_SECONDS) most = Math.max(most, methodOf(name).weight);
    return most;
  }

  certaintyAt(at: number): Certainty {
    return this.rival === null && at >= this.highFrom && at - this.last <= STALE_SECONDS ? 'high' : 'low';
  }

  /** `"name","certainty":"high"`, ready to be spliced into a line. */
  json(certainty: Certainty): Uint8Array {
    if (certainty === 'high') {
      this.#high ??= encoder.encode(`${JSON.stringify(printed(this.name))},"certainty":"high"`);
      return this.#high;
    }
    this.#low ??= encoder.encode(`${JSON.stringify(printed(this.name))},"certainty":"low"`);
    return this.#low;
  }
}
