// Lines for people: one activity a line, aligned, coloured where the terminal wants it.
import { styleText } from 'node:util';
import type { ByteSink } from './line-buffer.ts';

type Style = Parameters<typeof styleText>[0];
interface End {
  readonly ip: string;
  readonly port: number;
  readonly computer: string | null;
}
interface Line {
  readonly kind?: string;
  readonly type?: string;
  readonly proto?: string;
  readonly time?: string;
  readonly [key: string]: unknown;
}

const OUTCOME: Readonly<Record<string, { mark: string; style: Style }>> = {
  success: { mark: 'ok', style: 'green' },
  failure: { mark: 'FAIL', style: 'red' },
  step: { mark: 'step', style: 'dim' },
  unanswered: { mark: '?', style: 'yellow' },
};

export class PrettySink implements ByteSink {
  readonly #sink: ByteSink;
  readonly #colour: boolean;

  constructor(sink: ByteSink, colour: boolean) {
    this.#sink = sink;
    this.#colour = colour;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    await this.#sink.write(Buffer.from(lines.map((line) => `${this.line(JSON.parse(line) as Line)}\n`).join('')));
  }

  close(): Promise<void> {
    return this.#sink.close();
  }

  /** One line of text for one line of JSON. */
  line(line: Line): string {
    if (line.kind === 'activity') return this.#activity(line);
    if (line.kind === 'entity') return this.#entity(line);
    return this.#message(line);
  }

  #activity(line: Line): string {
    const { mark, style } = OUTCOME[isStep(line) ? 'step' : String(line['outcome'])] ?? { mark: '?', style: 'yellow' as const };
    const carrier = line['carrier'] ? ` over ${line['carrier']}` : '';
    const account = line['account'] as { name: string; domain: string; kind: string } | null;
    const who =
      account === null
        ? '-'
        : account.domain && account.name
          ? `${account.domain}\\${account.name}`
          : account.name || account.kind;
    const reason = line['reason'] ? ` ${line['reason']}` : '';
    return [
      this.#paint('dim', clock(line.time)),
      this.#paint(style, mark.padEnd(4)),
      this.#paint('bold', padTo(`${line.type}${carrier}`, 23)),
      padTo(who, 26),
      padTo(`${place(line['source'] as End)} > ${place(line['destination'] as End)}`, 42),
      `${line['target'] ?? '-'}${this.#paint(style, reason)}`,
    ].join(' ');
  }

  #entity(line: Line): string {
    const { v: _v, kind: _kind, type, time, frame: _frame, sensor: _sensor, id, evidence, ...rest } = line;
    const facts = Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => `${key}=${typeof value === 'object' ? Object.values(value ?? {}).join('/') : value}`);
    const { method } = (evidence ?? {}) as { method?: string };
    return [
      this.#paint('dim', clock(time)),
      this.#paint('cyan', 'new '),
      padTo(String(type), 23),
      padTo(String(id), 26),
      facts.join(' '),
      `(${method})`,
    ].join(' ');
  }

  #message(line: Line): string {
    const { frame, proto, src, sport, dst, dport, ...rest } = line;
    const facts = Object.entries(rest).map(
      ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
    );
    return [
      String(frame).padStart(7),
      this.#paint('bold', padTo(String(proto), 8)),
      padTo(`${src}:${sport} > ${dst}:${dport}`, 42),
      facts.join(' '),
    ].join(' ');
  }

  #paint(style: Style, text: string): string {
    return this.#colour ? styleText(style, text) : text;
  }
}

const clock = (time: unknown): string => String(time).slice(11, 23);
const padTo = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
const place = (end: End): string => `${end.computer ?? end.ip}:${end.port}`;
/** Answers of a KDC that refuse nobody: the client goes on with pre-authentication, over TCP, or in another realm. */
const STEPS: ReadonlySet<unknown> = new Set([
  'KDC_ERR_PREAUTH_REQUIRED',
  'KRB_ERR_RESPONSE_TOO_BIG',
  'KDC_ERR_WRONG_REALM',
  'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED',
]);
const isStep = (line: Line): boolean => STEPS.has(line['reason']);
