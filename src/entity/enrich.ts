// The last look at a line before it leaves, in frame order on the main thread: computers and accounts that other packets told
// are spliced in, and what is new or changed becomes an entity line. A map look-up and a splice: lines are not parsed.
import {
  ACCOUNT,
  ACCOUNT_END,
  ACTIVITY,
  BEARER,
  BEARER_END,
  type Claim,
  DESTINATION,
  DESTINATION_COMPUTER,
  END,
  FRAME,
  ISSUES,
  KIND,
  LOGGED_ON,
  LOGON,
  NANOSECONDS,
  NO_LOGON,
  type Said,
  SECONDS,
  SOURCE,
  SOURCE_COMPUTER,
  START,
  TARGET,
  TARGET_END,
  TICKET,
} from '../activity/rows.ts';
import type { Answer } from '../nnr/answer.ts';
import { Book, type Change } from '../nnr/book.ts';
import { Generations } from '../nnr/generations.ts';
import { computerNameOf, printed } from '../nnr/names.ts';
import { claimMethod, judge } from '../nnr/verdict.ts';
import { methodOf } from '../nnr/weights.ts';
import type { OrderedReader } from '../order/merge.ts';
import { EntityLines } from './entity-lines.ts';
import type { LineSink } from './line-sink.ts';

/** Length of `null`: what stands where nothing was known. */
const NULL_LENGTH = 4;
/** What stands for the method where none said so. */
const EXPIRY = 'expiry';
const VIA_TICKET = Buffer.from(',"via":"ticket"}');
const VIA_SESSION = Buffer.from(',"via":"session"}');
const KIND_USER = Buffer.from('"kind":"user"}');
/** Tickets and sessions remembered. */
const TICKETS = 262_144;
const SESSIONS = 131_072;
/** A session nobody confirmed for so many seconds of capture time ties nobody any more. */
const SESSION_SECONDS = 8 * 3600;

/** An account as JSON; `via` tells how it is known when the line does not name it. */
interface Account {
  readonly json: Buffer;
  readonly via: Buffer | null;
}

interface Session {
  readonly account: Buffer;
  seconds: number;
}

export interface EnrichSettings {
  readonly entities: boolean;
  readonly activities: boolean;
  readonly sensor: string;
  /** Which computer had which address; a book of its own when left out. */
  readonly book?: Book;
}

export class Enricher implements OrderedReader {
  readonly #sink: LineSink;
  readonly #settings: EnrichSettings;
  readonly #book: Book;
  readonly #tickets = new Generations<number, Buffer>(TICKETS);
  readonly #sessions = new Generations<number, Session>(SESSIONS);
  readonly #entities: EntityLines;
  /** The frame that was spoken of last. */
  #frame = 0;

  constructor(sink: LineSink, settings: EnrichSettings) {
    this.#sink = sink;
    this.#settings = settings;
    this.#book = settings.book ?? new Book();
    this.#entities = new EntityLines(sink, settings.sensor);
  }

  /** Entity lines written so far, by type. */
  get entityCounts(): ReadonlyMap<string, number> {
    return this.#entities.counts;
  }

  claim(claim: Claim): void {
    const { frame, seconds, nanoseconds, address, ip, name, domain, os, mac, method } = claim;
    this.#frame = frame;
    this.#expire(seconds);
    const changes = this.#book.claim({ address, ip, at: seconds + nanoseconds / 1e9, name, domain, os, mac, method });
    for (const change of changes) this.#tell(change, seconds, nanoseconds, method);
  }

  /**
   * What was asked of an address and answered: claims like those that are overheard, or the knowledge that there is no name. What the
   * answers come to together is claimed first and the strongest of it before the rest; what contradicts it can only cast doubt.
   */
  answered(ip: string, address: number, answers: readonly Answer[]): void {
    const { name: verdict, methods, at: last } = judge(ip, answers, 0);
    if (verdict === null) {
      if (answers.length > 0) this.#book.miss(address, ip, last);
      return;
    }
    const isBelieved = ({ method }: Answer): boolean => methods.includes(method);
    const weightOf = (answer: Answer): number => methodOf(claimMethod(answer)).weight;
    const inOrder = answers.toSorted((a, b) => Number(isBelieved(b)) - Number(isBelieved(a)) || weightOf(b) - weightOf(a));
    for (const answer of inOrder) {
      const { names, at } = answer;
      const said = names === null ? null : computerNameOf(names.netbios, names.dns);
      if (names === null || said === null) continue;
      const { os, mac } = names;
      const domain = names.dnsDomain || names.netbiosDomain;
      const claim = { address, ip, at, name: printed(said), domain, os, mac, method: claimMethod(answer) };
      const seconds = Math.floor(at);
      for (const change of this.#book.claim(claim, !isBelieved(answer)))
        this.#tell(change, seconds, Math.round((at - seconds) * 1e6) * 1e3, answer.method);
    }
  }

  /** Time passes: names that nobody confirmed end. */
  #expire(seconds: number): void {
    for (const change of this.#book.expire(seconds)) this.#tell(change, seconds, 0, EXPIRY);
  }

  #tell(change: Change, seconds: number, nanoseconds: number, method: string): void {
    if (!this.#settings.entities) return;
    const evidence = change.kind === 'expired' ? EXPIRY : method;
    this.#entities.resolution(change, { frame: this.#frame, seconds, nanoseconds }, evidence);
  }

  line(said: Said, row: number): void {
    const { rows, lines } = said;
    if (rows[row + KIND] !== ACTIVITY) {
      this.#sink.append(lines, rows[row + START]!, rows[row + END]!);
      this.#sink.endLine();
      return;
    }
    this.#frame = rows[row + FRAME]!;
    this.#expire(rows[row + SECONDS]!);
    const account = this.#account(said, row);
    if (this.#settings.activities) this.#activity(said, row, account);
    const known = account === undefined || account.via === VIA_SESSION ? undefined : account.json;
    if (rows[row + ISSUES] !== 0) this.#issued(said, row, this.#bearer(said, row) ?? known);
    if (rows[row + LOGON] === LOGGED_ON && known !== undefined) this.#loggedOn(said, row, known);
    if (this.#settings.entities) this.#tellOf(said, row);
  }

  /** Who acted, where the line itself does not say, and where it matters what it says. */
  #account(said: Said, row: number): Account | undefined {
    const { rows, lines } = said;
    const start = rows[row + ACCOUNT]!;
    const end = rows[row + ACCOUNT_END]!;
    if (end - start > NULL_LENGTH) {
      const teaches = rows[row + ISSUES] !== 0 || rows[row + LOGON] === LOGGED_ON;
      return teaches ? { json: Buffer.from(lines.subarray(start, end)), via: null } : undefined;
    }
    const ticket = rows[row + TICKET]!;
    const byTicket = ticket === 0 ? undefined : this.#tickets.get(ticket);
    if (byTicket !== undefined) return { json: byTicket, via: VIA_TICKET };
    // A ticket whose issue was not seen may be anybody's, above all when it is forged: the session must not answer for it.
    if (ticket !== 0) return undefined;
    // Who tries to log on need not be who did so before from the same address.
    if (rows[row + LOGON] !== NO_LOGON) return undefined;
    const session = this.#sessions.get(rows[row + SOURCE]!);
    if (session === undefined || rows[row + SECONDS]! - session.seconds > SESSION_SECONDS) return undefined;
    return { json: session.account, via: VIA_SESSION };
  }

  #activity(said: Said, row: number, account: Account | undefined): void {
    const { rows, lines } = said;
    const sink = this.#sink;
    let at = rows[row + START]!;
    const time = timeOf(said, row);
    at = this.#splice(lines, at, rows[row + SOURCE_COMPUTER]!, this.#book.json(rows[row + SOURCE]!, time));
    at = this.#splice(lines, at, rows[row + DESTINATION_COMPUTER]!, this.#book.json(rows[row + DESTINATION]!, time));
    if (account !== undefined && account.via !== null) {
      sink.append(lines, at, rows[row + ACCOUNT]!);
      sink.append(account.json, 0, account.json.length - 1);
      sink.append(account.via, 0, account.via.length);
      at = rows[row + ACCOUNT_END]!;
    }
    sink.append(lines, at, rows[row + END]!);
    sink.endLine();
  }

  /** Copies up to `where` and writes `value` in place of the null there; returns how far the line is copied. */
  #splice(lines: Uint8Array, at: number, where: number, value: Uint8Array | undefined): number {
    if (value === undefined) return at;
    this.#sink.append(lines, at, where);
    this.#sink.append(value, 0, value.length);
    return where + NULL_LENGTH;
  }

  /** Whose name the issued ticket bears, where that is not who acted. */
  #bearer({ rows, lines }: Said, row: number): Buffer | undefined {
    const end = rows[row + BEARER_END]!;
    return end === 0 ? undefined : Buffer.from(lines.subarray(rows[row + BEARER]!, end));
  }

  /** A ticket was issued: who presents it is known from now on. */
  #issued(said: Said, row: number, bearer: Buffer | undefined): void {
    if (bearer === undefined) return;
    this.#tickets.set(said.rows[row + ISSUES]!, bearer);
    if (this.#settings.entities) this.#entities.user(said, row, bearer);
  }

  /** A session began: who acts from that address is known from now on. */
  #loggedOn(said: Said, row: number, account: Buffer): void {
    const { rows } = said;
    if (this.#settings.entities) this.#entities.user(said, row, account);
    if (!account.subarray(-KIND_USER.length).equals(KIND_USER)) return;
    const source = rows[row + SOURCE]!;
    const known = this.#sessions.get(source);
    const seconds = rows[row + SECONDS]!;
    if (known?.account.equals(account)) {
      known.seconds = seconds;
      return;
    }
    this.#sessions.set(source, { account, seconds });
    if (this.#settings.entities)
      this.#entities.session(said, row, account, this.#book.find(source, timeOf(said, row))?.text ?? '');
  }

  #tellOf(said: Said, row: number): void {
    const { rows } = said;
    this.#tellOfEnd(said, row, rows[row + SOURCE]!, rows[row + SOURCE_COMPUTER]!);
    this.#tellOfEnd(said, row, rows[row + DESTINATION]!, rows[row + DESTINATION_COMPUTER]!);
    if (rows[row + ISSUES] !== 0 && rows[row + TARGET_END]! > rows[row + TARGET]!) this.#entities.service(said, row);
  }

  #tellOfEnd(said: Said, row: number, address: number, computerAt: number): void {
    if (!this.#entities.address(said, row, address, computerAt)) return;
    if (this.#book.find(address, timeOf(said, row)) === undefined) this.#entities.unresolved(said, row, computerAt);
  }
}

/** When the activity began, in seconds since 1970 UTC. */
const timeOf = ({ rows }: Said, row: number): number => rows[row + SECONDS]! + rows[row + NANOSECONDS]! / 1e9;
