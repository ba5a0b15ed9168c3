// Which computer had which address when, by all that was overheard and asked. A claim that contradicts what is known ends it from
// then on, or is noted as a conflict; what an address was before is kept, so that an activity gets the name of its own time.
import { hit } from '../protocols/limits.ts';
import { type Directory, NO_DIRECTORY } from './directory.ts';
import { Generations } from './generations.ts';
import { type BookClaim, Holder, STALE_SECONDS } from './holder.ts';
import { nnrLimits as limits } from './limits.ts';
import { type ComputerName, computerName, computerNameOf, isDomainOf, isSameComputer, printed } from './names.ts';
import type { Lifetimes } from './verdict.ts';
import { type Certainty, type CertaintyReason, judgeMethods, methodOf } from './weights.ts';

/** What became of an address. `ended`: given back; `expired`: not confirmed for its lifetime. */
export type ChangeKind = 'new' | 'changed' | 'fuller' | 'confirmed' | 'conflict' | 'ended' | 'expired';

/** An address and its computer, as they are known now. */
export interface Holding {
  readonly ip: string;
  readonly name: ComputerName;
  /** The name as it is printed. */
  readonly text: string;
  readonly domain: string;
  readonly os: string;
  readonly mac: string;
  readonly certainty: Certainty;
  readonly reasons: readonly CertaintyReason[];
  /** Methods that said so, strongest first. */
  readonly methods: readonly string[];
  /** What else was said lately, as it is printed; empty when nothing was. */
  readonly conflict: string;
  /** Id of the directory's computer, null when the directory has none, undefined when it cannot tell. */
  readonly directory: string | null | undefined;
  /** Seconds since 1970 UTC. */
  readonly from: number;
  readonly validUntil: number;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly holding: Holding;
  /** The name that the address had before, where it changed; '' otherwise. */
  readonly previous: string;
}

/** Seconds for which what contradicts is a conflict: later it is another computer's turn. */
const CONFLICT_SECONDS = 300;
/** Weakest claim that casts doubt on another. */
const DOUBT = 30;
/** A working day without confirmation ends a passive name: leases are of that order. */
export const PASSIVE_LIFETIMES: Lifetimes = { hitSeconds: 8 * 3600, missSeconds: 300 };
const BUCKET_SECONDS = 60;
const OS_HINTS = 65_536;

const NOTHING: readonly Change[] = [];

/** The key of an address in text. */
export type KeyOf = (ip: string) => number;

/** Who asked for an address by DHCP and waits for the answer. */
interface Applicant {
  readonly claim: BookClaim;
  readonly name: ComputerName;
}

/** All that is known of one address. */
interface Page {
  readonly address: number;
  readonly ip: string;
  holder: Holder | null;
  applicant: Applicant | null;
  /** Earlier holders, oldest first, and whether older ones were forgotten. */
  readonly past: Holder[];
  isCut: boolean;
  /** Latest time that was told of it: time does not go back. */
  clock: number;
  /** The minute in which it is looked at whether its name has expired; -1: it is not. */
  bucket: number;
}

/** A look-up's answer. */
export interface Found {
  readonly text: string;
  readonly certainty: Certainty;
}

/** What outlives a restart: an address with its computer. */
export interface Saved {
  readonly ip: string;
  readonly netbios: string;
  readonly dns: string;
  readonly domain: string;
  readonly os: string;
  readonly mac: string;
  /** When each method last said so, seconds since 1970 UTC. */
  readonly methods: Readonly<Record<string, number>>;
  readonly from: number;
  readonly last: number;
  /** What else was said lately. */
  readonly rival: { readonly netbios: string; readonly dns: string; readonly last: number } | null;
}

/** An address without a name, which is not to be asked again before `until`. */
export interface Miss {
  readonly ip: string;
  readonly until: number;
}

export class Book {
  /** Ends of activities that had a name, and that had none. */
  hits = 0;
  misses = 0;
  /** Addresses whose computer is known; that a name has expired is noticed within a minute. */
  known = 0;
  readonly #lifetimes: Lifetimes;
  readonly #directory: Directory;
  readonly #pages = new Generations<number, Page>(
    () => limits.addresses.value,
    (address, page) => this.#forgotten(address, page),
  );
  readonly #misses = new Generations<number, Miss>(() => limits.addresses.value);
  /** Addresses by the minute in which their names may expire. */
  readonly #buckets = new Map<number, Set<number>>();
  #minute = 0;
  /** Systems that were recognised at addresses, with a name or without. */
  readonly #os = new Generations<number, string>(OS_HINTS);

  constructor(lifetimes: Lifetimes = PASSIVE_LIFETIMES, directory: Directory = NO_DIRECTORY) {
    this.#lifetimes = lifetimes;
    this.#directory = directory;
  }

  /**
   * Takes a claim; tells what it changed of what matters: nothing as a rule, and an expiry before what comes of it. A claim that is
   * outvoted by others of its time may confirm or cast doubt, but never takes the address.
   */
  claim(claim: BookClaim, isOutvoted = false): readonly Change[] {
    const page = this.#pages.get(claim.address);
    const at = Math.max(claim.at, page?.clock ?? Number.NEGATIVE_INFINITY);
    let expired: Change | undefined;
    if (page !== undefined) {
      page.clock = at;
      if (page.holder !== null && this.#validUntil(page.holder) < at) expired = this.#expired(page, page.holder);
    }
    const change = this.#take(page, claim, at, isOutvoted);
    if (change === undefined) return expired === undefined ? NOTHING : [expired];
    return expired === undefined ? [change] : [expired, change];
  }

  #take(page: Page | undefined, claim: BookClaim, at: number, isOutvoted: boolean): Change | undefined {
    const name = computerName(claim.name);
    if (name === null) return this.#nameless(page, claim, at);
    const { nature } = methodOf(claim.method);
    if (page === undefined || page.holder === null)
      return isOutvoted ? undefined : this.#begin(page ?? this.#open(claim), claim, name, at, '');
    const { holder } = page;
    if (isSameComputer(holder.name, name)) return this.#confirm(page, holder, claim, name, at);
    if (isOutvoted) return this.#doubt(page, holder, claim, name, at);
    if (nature === 'alias' && isDomainOf(name, holder.name)) return undefined;
    if (isDomainOf(holder.name, name)) return this.#replace(page, holder, claim, name, at);
    return this.#contradict(page, holder, claim, name, at);
  }

  /** Nobody could name the address: it is not to be asked for a while. */
  miss(address: number, ip: string, at: number): void {
    this.#misses.set(address, { ip, until: at + this.#lifetimes.missSeconds });
  }

  /** Whether asking the address may tell something new: its name is not known, or not for certain, and it was not asked lately. */
  isWanted(address: number, at: number): boolean {
    const miss = this.#misses.get(address);
    return (miss === undefined || miss.until < at) && this.find(address, at)?.certainty !== 'high';
  }

  /** The computer that had the address at a time (seconds since 1970 UTC, with fraction), if known. */
  find(address: number, at: number): Found | undefined {
    const holder = this.#holderAt(address, at);
    return holder === undefined ? undefined : { text: printed(holder.name), certainty: holder.certaintyAt(at) };
  }

  /** What stands in a line for it: `"name","certainty":"high"`. Counted. */
  json(address: number, at: number): Uint8Array | undefined {
    const holder = this.#holderAt(address, at);
    if (holder === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    return holder.json(holder.certaintyAt(at));
  }

  /** Ends what was not confirmed for its lifetime; to be called as time goes on, with seconds since 1970 UTC. */
  expire(now: number): readonly Change[] {
    const minute = Math.floor(now / BUCKET_SECONDS);
    if (minute <= this.#minute) return NOTHING;
    this.#minute = minute;
    const changes: Change[] = [];
    const due = [...this.#buckets.keys()].filter((one) => one < minute).sort((a, b) => a - b);
    for (const bucket of due) {
      const addresses = this.#buckets.get(bucket) ?? [];
      this.#buckets.delete(bucket);
      for (const address of addresses) {
        const page = this.#pages.peek(address);
        if (page === undefined) continue;
        page.bucket = -1;
        const { holder } = page;
        if (holder === null) continue;
        if (this.#validUntil(holder) >= now) this.#await(page, holder);
        else changes.push(this.#expired(page, holder));
      }
    }
    return changes;
  }

  /** What is worth keeping over a restart, at `now`. */
  save(now: number): { readonly hits: Saved[]; readonly misses: Miss[] } {
    const hits = [...this.#pages.values()].flatMap(({ ip, holder }): Saved[] => {
      if (holder === null || this.#validUntil(holder) < now) return [];
      const { name, domain, os, mac, methods, from, last, rival } = holder;
      return [
        {
          ip,
          netbios: name.netbios,
          dns: name.dns,
          domain,
          os,
          mac,
          methods: Object.fromEntries(methods),
          from,
          last,
          rival: rival === null ? null : { netbios: rival.name.netbios, dns: rival.name.dns, last: rival.last },
        },
      ];
    });
    return { hits, misses: [...this.#misses.values()].filter(({ until }) => until > now) };
  }

  /** Takes what was saved, as far as it is still believed at `now`. Says nothing of it: it was said before the restart. */
  restore(saved: { readonly hits: readonly Saved[]; readonly misses: readonly Miss[] }, keyOf: KeyOf, now: number): number {
    let restored = 0;
    for (const one of saved.hits) {
      const name = computerNameOf(one.netbios, one.dns);
      if (name === null || one.last > now || one.last + this.#lifetimes.hitSeconds < now) continue;
      const address = keyOf(one.ip);
      // Who changes the file may have put one in twice.
      if (this.#pages.peek(address)?.holder) continue;
      const page = this.#open({ address, ip: one.ip, at: one.last });
      const holder = new Holder(name, Math.min(one.from, one.last));
      holder.domain = one.domain;
      holder.os = one.os;
      holder.mac = one.mac;
      holder.last = one.last;
      for (const [method, at] of Object.entries(one.methods)) holder.methods.set(method, Math.min(at, one.last));
      page.holder = holder;
      this.known++;
      const rival = one.rival === null ? null : computerNameOf(one.rival.netbios, one.rival.dns);
      if (one.rival !== null && rival !== null) holder.contradict(rival, one.rival.last, Number.POSITIVE_INFINITY);
      this.#judge(holder, one.last);
      this.#await(page, holder);
      restored++;
    }
    for (const { ip, until } of saved.misses)
      if (until > now) this.#misses.set(keyOf(ip), { ip, until: Math.min(until, now + this.#lifetimes.missSeconds) });
    return restored;
  }

  /** A claim that names nobody: a system, a lease, or an address given back. */
  #nameless(page: Page | undefined, claim: BookClaim, at: number): Change | undefined {
    if (claim.os !== '') this.#os.set(claim.address, claim.os);
    if (page === undefined) return undefined;
    const { holder, applicant } = page;
    if (claim.name === '' && claim.os === '' && claim.mac === '') {
      page.applicant = null;
      return holder === null ? undefined : this.#ended(page, holder, at);
    }
    if (methodOf(claim.method).nature !== 'lease' || claim.method === 'dhcp-request') return undefined;
    const isApplicants = applicant !== null && claim.mac !== '' && applicant.claim.mac === claim.mac;
    page.applicant = null;
    if (isApplicants) {
      const granted = { ...applicant.claim, method: claim.method };
      if (holder === null) return this.#begin(page, granted, applicant.name, at, '');
      if (isSameComputer(holder.name, applicant.name)) return this.#confirm(page, holder, granted, applicant.name, at);
      return this.#replace(page, holder, granted, applicant.name, at);
    }
    if (holder === null) return undefined;
    if (claim.mac !== '' && holder.mac === claim.mac) return this.#confirm(page, holder, claim, holder.name, at);
    // A renewal tells nothing new; an address given anew is not that of whoever had it, unless it is known to be the same.
    return claim.method === 'dhcp-renewal' ? undefined : this.#ended(page, holder, at);
  }

  #ended(page: Page, holder: Holder, at: number): Change {
    this.#end(page, at);
    return { kind: 'ended', holding: this.#holding(page, holder), previous: printed(holder.name) };
  }

  #expired(page: Page, holder: Holder): Change {
    this.#end(page, this.#validUntil(holder));
    return { kind: 'expired', holding: this.#holding(page, holder), previous: printed(holder.name) };
  }

  #open({ address, ip, at }: Pick<BookClaim, 'address' | 'ip' | 'at'>): Page {
    const page: Page = { address, ip, holder: null, applicant: null, past: [], isCut: false, clock: at, bucket: -1 };
    this.#pages.set(address, page);
    return page;
  }

  #forgotten(address: number, page: Page): void {
    hit(limits.addresses);
    if (page.holder !== null) this.known--;
    this.#buckets.get(page.bucket)?.delete(address);
  }

  #begin(page: Page, claim: BookClaim, name: ComputerName, at: number, previous: string): Change {
    const holder = new Holder(name, at);
    holder.confirm(name, claim, at);
    page.holder = holder;
    this.known++;
    page.applicant = claim.method === 'dhcp-request' ? { claim, name } : null;
    this.#misses.delete(page.address);
    this.#judge(holder, at);
    this.#await(page, holder);
    return { kind: previous === '' ? 'new' : 'changed', holding: this.#holding(page, holder), previous };
  }

  /** Another computer's turn, beyond doubt. */
  #replace(page: Page, holder: Holder, claim: BookClaim, name: ComputerName, at: number): Change {
    this.#end(page, at);
    return this.#begin(page, claim, name, at, printed(holder.name));
  }

  #confirm(page: Page, holder: Holder, claim: BookClaim, name: ComputerName, at: number): Change | undefined {
    const previous = printed(holder.name);
    const wasHigh = holder.isHigh;
    const isFuller = holder.confirm(name, claim, at);
    const { rival } = holder;
    if (rival !== null && (at - rival.last > CONFLICT_SECONDS || rival.weight < holder.weightAt(at))) holder.rival = null;
    if (claim.method === 'dhcp-request') page.applicant = { claim, name };
    this.#judge(holder, at);
    if (isFuller) return { kind: 'fuller', holding: this.#holding(page, holder), previous };
    return !wasHigh && holder.isHigh ? { kind: 'confirmed', holding: this.#holding(page, holder), previous: '' } : undefined;
  }

  /** A claim for another computer: its turn, a conflict, or nothing. */
  #contradict(page: Page, holder: Holder, claim: BookClaim, name: ComputerName, at: number): Change | undefined {
    const { nature, weight } = methodOf(claim.method);
    if (at - holder.last > STALE_SECONDS || claim.method === 'dhcp-ack') return this.#replace(page, holder, claim, name, at);
    if (nature === 'lease') {
      page.applicant = { claim, name };
      return undefined;
    }
    const known = holder.weightAt(at);
    const isStronger = nature === 'alias' ? weight > known : weight >= known;
    const isQuiet = at - holder.last > CONFLICT_SECONDS;
    if (isStronger && isQuiet) return this.#replace(page, holder, claim, name, at);
    if (!isStronger || isReturn(page, name, at)) return this.#doubt(page, holder, claim, name, at);
    // Whoever had it spoke a moment ago: until it is known to be gone, the address may be shared, or the claim a lie.
    const change = this.#replace(page, holder, claim, name, at);
    const began = page.holder;
    if (began === null) return change;
    began.contradict(holder.name, holder.last, Number.POSITIVE_INFINITY);
    this.#judge(began, at);
    return { ...change, holding: this.#holding(page, began) };
  }

  /** A claim against what is known that does not outweigh it: noted, and told when it is news. */
  #doubt(page: Page, holder: Holder, claim: BookClaim, name: ComputerName, at: number): Change | undefined {
    const { rival } = holder;
    if (rival !== null && isSameComputer(rival.name, name) && at - rival.last <= CONFLICT_SECONDS) {
      rival.last = at;
      return undefined;
    }
    const { nature, weight } = methodOf(claim.method);
    // Records that contradict what a computer says of itself are old records.
    const isDoubt = nature === 'self' ? weight >= DOUBT : weight >= holder.weightAt(at);
    if (!isDoubt) return undefined;
    holder.contradict(name, at, nature === 'self' ? Number.POSITIVE_INFINITY : weight);
    this.#judge(holder, at);
    return { kind: 'conflict', holding: this.#holding(page, holder), previous: '' };
  }

  #judge(holder: Holder, at: number): void {
    const lately = [...holder.methods].filter(([, last]) => at - last <= STALE_SECONDS).map(([name]) => name);
    const { certainty, reasons } = judgeMethods(lately);
    const found = this.#directory.find(holder.name, holder.domain);
    holder.directory = found === null || found === undefined ? found : found.id;
    const doubts: CertaintyReason[] = [];
    if (holder.rival !== null) doubts.push('conflict');
    if (found === null) doubts.push('not-in-directory');
    holder.reasons = doubts.length > 0 ? doubts : reasons;
    if (doubts.length > 0 || certainty === 'low') holder.highFrom = Number.POSITIVE_INFINITY;
    else if (holder.highFrom === Number.POSITIVE_INFINITY) holder.highFrom = holder.isWhole ? Number.NEGATIVE_INFINITY : at;
  }

  #end(page: Page, at: number): void {
    const { holder } = page;
    if (holder === null) return;
    holder.until = Math.max(holder.from, at);
    page.holder = null;
    this.known--;
    page.past.push(holder);
    while (page.past.length > limits.history.value) {
      hit(limits.history);
      page.past.shift();
      page.isCut = true;
    }
  }

  /** Who had the address: the first is taken to have had it before, and each since the one before it ended. */
  #holderAt(address: number, at: number): Holder | undefined {
    const page = this.#pages.get(address);
    if (page === undefined) return undefined;
    const { holder, past, isCut } = page;
    for (let i = 0; i < past.length; i++) {
      const one = past[i] as Holder;
      if (at <= one.until) return isCut && i === 0 && at <= one.from ? undefined : one;
    }
    return holder !== null && at <= this.#validUntil(holder) ? holder : undefined;
  }

  #validUntil(holder: Holder): number {
    return holder.last + this.#lifetimes.hitSeconds;
  }

  /** Puts the address where it is looked at when its name may have expired. */
  #await(page: Page, holder: Holder): void {
    if (page.bucket >= 0) return;
    page.bucket = Math.floor(this.#validUntil(holder) / BUCKET_SECONDS);
    const addresses = this.#buckets.get(page.bucket);
    if (addresses === undefined) this.#buckets.set(page.bucket, new Set([page.address]));
    else addresses.add(page.address);
  }

  #holding(page: Page, holder: Holder): Holding {
    const methods = [...holder.methods.keys()].sort((a, b) => methodOf(b).weight - methodOf(a).weight || (a < b ? -1 : 1));
    return {
      ip: page.ip,
      name: holder.name,
      text: printed(holder.name),
      domain: holder.domain,
      os: holder.os || (this.#os.get(page.address) ?? ''),
      mac: holder.mac,
      certainty: holder.isHigh ? 'high' : 'low',
      reasons: holder.reasons,
      methods,
      conflict: holder.rival === null ? '' : printed(holder.rival.name),
      directory: holder.directory,
      from: holder.from,
      validUntil: Math.min(holder.until, this.#validUntil(holder)),
    };
  }
}

/** Whether the name is that of whoever had the address until a moment ago: two that take turns share it. */
function isReturn(page: Page, name: ComputerName, at: number): boolean {
  const before = page.past.at(-1);
  return before !== undefined && at - before.until <= CONFLICT_SECONDS && isSameComputer(before.name, name);
}
