// Entity lines: what became known, when, and from what. They are few, so they are objects and JSON.stringify.
import { SCHEMA_VERSION } from '../activity/fields.ts';
import {
  type Claim,
  FRAME,
  NANOSECONDS,
  type Said,
  SECONDS,
  SOURCE_COMPUTER,
  START,
  TARGET,
  TARGET_END,
} from '../activity/rows.ts';
import { isoTime } from '../activity/time.ts';
import { type Change, shortName } from './computers.ts';
import { Generations } from './generations.ts';
import type { LineSink } from './line-sink.ts';

/** Entities remembered of each type; one that was forgotten is said again. */
const REMEMBERED = 131_072;
const IP_KEY = '"ip":"';
const QUOTE = 0x22;
const TYPE = /"type":"([a-z.-]+)"/;

interface Account {
  readonly name: string;
  readonly domain: string;
  readonly kind: string;
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

  /** An address got a computer, another one, or a fuller name of the same one. */
  resolution(change: Change, claim: Claim): void {
    const { computer, previous } = change;
    const evidence = { method: claim.method, frame: claim.frame };
    const id = `computer:${shortName(computer.name).toLowerCase()}`;
    const { frame, seconds, nanoseconds } = claim;
    if (this.#computers.get(id) === undefined) {
      this.#computers.set(id, true);
      const { name, domain, os } = computer;
      this.#write('computer', frame, seconds, nanoseconds, id, { name, domain: domain || null, os: os || null, evidence });
    }
    this.#write('resolution', frame, seconds, nanoseconds, `address:${computer.ip}`, {
      ip: computer.ip,
      computer: computer.name,
      domain: computer.domain || null,
      previous: previous || null,
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

  /** First sight of an address as an end of an activity. `computerAt` is where its computer stands in the line. */
  address(said: Said, row: number, key: number, computerAt: number): void {
    if (this.#addresses.get(key) !== undefined) return;
    this.#addresses.set(key, true);
    const ip = addressBefore(said, computerAt);
    this.#writeRow('address', said, row, `address:${ip}`, { ip, evidence: evidenceOf(said, row) });
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
