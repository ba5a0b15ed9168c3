// Entity lines: what became known, when, and from what. They are few, so they are objects and JSON.stringify.
import { SCHEMA_VERSION } from '../activity/fields.ts';
import { FRAME, NANOSECONDS, type Said, SECONDS, SOURCE_COMPUTER, START, TARGET, TARGET_END } from '../activity/rows.ts';
import { isoTime } from '../activity/time.ts';
import type { Change } from '../nnr/book.ts';
import { Generations } from '../nnr/generations.ts';
import type { LineSink } from './line-sink.ts';

/** Entities remembered of each type; one that was forgotten is said again. */
const REMEMBERED = 131_072;
const IP_KEY = '"ip":"';
const QUOTE = 0x22;
/** Multicast and broadcast addresses are no computers (RFC 5771, RFC 4291 2.7). */
const OF_GROUPS = /^(22[4-9]|23\d)\.|^255\.255\.255\.255$|^ff/;
const TYPE = /"type":"([a-z.-]+)"/;

interface Account {
  readonly name: string;
  readonly domain: string;
  readonly kind: string;
}

/** When something became known. */
interface Moment {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
}

export class EntityLines {
  readonly counts = new Map<string, number>();
  readonly #sink: LineSink;
  readonly #sensor: string;
  readonly #users = new Generations<string, true>(REMEMBERED);
  readonly #computers = new Generations<string, true>(REMEMBERED);
  readonly #addresses = new Generations<number, true>(REMEMBERED);
  readonly #services = new Generations<string, true>(REMEMBERED);

  constructor(sink: LineSink, sensor: string) {
    this.#sink = sink;
    this.#sensor = sensor;
  }

  /** An address got a computer, another one, none any more, or what is known of it changed. */
  resolution(change: Change, when: Moment, method: string): void {
    const { kind, holding, previous } = change;
    const { ip, name, domain, os, mac } = holding;
    const { frame, seconds, nanoseconds } = when;
    const evidence = { method, frame };
    const id = `computer:${(name.netbios || name.dns).toLowerCase()}`;
    const isHeld = kind !== 'ended' && kind !== 'expired';
    if (isHeld && this.#computers.get(id) === undefined) {
      this.#computers.set(id, true);
      this.#write('computer', frame, seconds, nanoseconds, id, {
        name: holding.text,
        domain: domain || null,
        os: os || null,
        ip: null,
        known: typeof holding.directory === 'string' ? 'directory' : 'name',
        evidence,
      });
    }
    this.#write('resolution', frame, seconds, nanoseconds, `address:${ip}`, {
      ip,
      change: kind,
      computer: isHeld ? holding.text : null,
      netbios: isHeld ? name.netbios || null : null,
      domain: isHeld ? domain || null : null,
      os: isHeld ? os || null : null,
      mac: isHeld ? mac || null : null,
      certainty: isHeld ? holding.certainty : null,
      reasons: isHeld ? holding.reasons : [],
      methods: isHeld ? holding.methods : [],
      previous: previous || null,
      conflict: holding.conflict || null,
      validUntil: isHeld ? isoTime(Math.floor(holding.validUntil), 0) : null,
      evidence,
    });
  }

  /** An end of an activity that nobody has named yet. */
  unresolved(said: Said, row: number, computerAt: number): void {
    const ip = addressBefore(said, computerAt);
    if (OF_GROUPS.test(ip)) return;
    const evidence = evidenceOf(said, row);
    this.#writeRow('computer', said, row, `computer:${ip}`, {
      name: null,
      domain: null,
      os: null,
      ip,
      known: 'address',
      evidence,
    });
  }

  user(said: Said, row: number, json: Buffer): void {
    const account = JSON.parse(json.toString()) as Account;
    const id = `user:${account.name.toLowerCase()}@${account.domain.toLowerCase()}`;
    if (account.name === '' || this.#users.get(id) !== undefined) return;
    this.#users.set(id, true);
    const { name, domain, kind } = account;
    this.#writeRow('user', said, row, id, { name, domain: domain || null, accountKind: kind, evidence: evidenceOf(said, row) });
  }

  session(said: Said, row: number, json: Buffer, computer: string): void {
    const { name, domain, kind } = JSON.parse(json.toString()) as Account;
    const ip = addressBefore(said, said.rows[row + SOURCE_COMPUTER]!);
    this.#writeRow('session', said, row, `session:${ip}`, {
      ip,
      computer: computer || null,
      account: { name, domain, kind },
      evidence: evidenceOf(said, row),
    });
  }

  /** First sight of an address as an end of an activity: true if it is. `computerAt` is where its computer stands in the line. */
  address(said: Said, row: number, key: number, computerAt: number): boolean {
    if (this.#addresses.get(key) !== undefined) return false;
    this.#addresses.set(key, true);
    const ip = addressBefore(said, computerAt);
    this.#writeRow('address', said, row, `address:${ip}`, { ip, evidence: evidenceOf(said, row) });
    return true;
  }

  service(said: Said, row: number): void {
    const { rows, lines } = said;
    const json = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString(
      'utf8',
      rows[row + TARGET]! - 1,
      rows[row + TARGET_END]! + 1,
    );
    const name = JSON.parse(json) as string;
    const id = `service:${name.toLowerCase()}`;
    if (this.#services.get(id) !== undefined) return;
    this.#services.set(id, true);
    this.#writeRow('service', said, row, id, { name, evidence: evidenceOf(said, row) });
  }

  #writeRow(type: string, said: Said, row: number, id: string, rest: object): void {
    const { rows } = said;
    this.#write(type, rows[row + FRAME]!, rows[row + SECONDS]!, rows[row + NANOSECONDS]!, id, rest);
  }

  #write(type: string, frame: number, seconds: number, nanoseconds: number, id: string, rest: object): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    const line = {
      v: SCHEMA_VERSION,
      kind: 'entity',
      type,
      time: isoTime(seconds, nanoseconds),
      frame,
      sensor: this.#sensor,
      id,
      ...rest,
    };
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#sink.append(bytes, 0, bytes.length);
    this.#sink.endLine();
  }
}

/** The activity that a row stands for, as evidence. */
function evidenceOf(said: Said, row: number): { method: string; frame: number } {
  const { rows, lines } = said;
  const head = Buffer.from(lines.buffer, lines.byteOffset + rows[row + START]!, 80).toString('latin1');
  return { method: TYPE.exec(head)?.[1] ?? '', frame: rows[row + FRAME]! };
}

/** The address printed last before `at` in the line. */
export function addressBefore(said: Said, at: number): string {
  const lines = Buffer.from(said.lines.buffer, said.lines.byteOffset, at);
  const start = lines.lastIndexOf(IP_KEY) + IP_KEY.length;
  return lines.toString('latin1', start, lines.indexOf(QUOTE, start));
}
