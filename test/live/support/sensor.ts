// `adtap sensor` and a player of captures as processes of their own, as an operator would start them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AdapterCounts } from '../../../src/runtime/live/adapters.ts';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const PLAY = fileURLToPath(new URL('../../../bench/live/play.mjs', import.meta.url));

export type Counts = AdapterCounts;

/** The log line that closes a run. */
export interface Closing {
  readonly adapters: Readonly<Record<string, Counts>>;
  readonly packets: number;
  readonly decoded: number;
  readonly ignored: number;
  readonly dropped: number;
  readonly activities: number;
  readonly lines: { readonly written: number; readonly lost: number; readonly dropped: number };
  readonly workerCrashes: number;
  readonly drained: boolean;
}

export interface Status {
  readonly adapters: readonly {
    readonly name: string;
    readonly state: string;
    readonly counts: Counts;
    readonly opened: number;
  }[];
  readonly controllers: readonly { readonly address: string; readonly packets: number }[];
  readonly busiest: { readonly talkers: readonly unknown[] };
  readonly issues: readonly { readonly key: string; readonly subject: string }[];
  readonly lines: Closing['lines'];
  readonly packets: { readonly packets: number };
  readonly residentBytes: number;
  readonly backend: string;
}

let port = 19_500;

export class SensorProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Everything it logged, one object a line. */
  readonly log: Record<string, unknown>[] = [];
  readonly exited: Promise<number | null>;
  errors = '';

  private constructor(args: readonly string[], env: Readonly<Record<string, string>>, wrap: readonly string[]) {
    this.url = `http://127.0.0.1:${++port}`;
    const [command = process.execPath, ...before] = [...wrap, process.execPath];
    const listen = ['--set', `metrics.listen=127.0.0.1:${port}`];
    const options = { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] as const };
    this.child = spawn(command, [...before, MAIN, 'sensor', ...listen, ...args], { ...options, stdio: [...options.stdio] });
    let rest = '';
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) this.log.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves when it captures. Restraint is off: the machine that tests is busy. */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    wrap: readonly string[] = [],
  ): Promise<SensorProcess> {
    const sensor = new SensorProcess(['--set', 'restraint.enabled=false', ...args], env, wrap);
    await sensor.until(async () => {
      if (sensor.child.exitCode !== null) throw new Error(`the sensor ended: ${sensor.errors}`);
      return (await fetch(`${sensor.url}/readyz`).catch(() => null))?.status === 200;
    });
    return sensor;
  }

  /** Starts it and waits for its end: for what must not start. */
  static async fails(args: readonly string[], wrap: readonly string[] = []): Promise<{ code: number | null; errors: string }> {
    const sensor = new SensorProcess(args, {}, wrap);
    const code = await sensor.exited;
    return { code, errors: sensor.errors };
  }

  async status(): Promise<Status> {
    return (await (await fetch(`${this.url}/status`)).json()) as Status;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  async until(condition: () => Promise<boolean> | boolean, seconds = 20): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`nothing came of it in ${seconds} s: ${condition}\n${this.errors.slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it in good order. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ readonly code: number | null; readonly closing: Closing }> {
    this.child.kill(signal);
    const code = await this.exited;
    const closing = this.log.find(({ msg }) => msg === 'ended');
    if (closing === undefined) throw new Error(`no closing line: ${this.errors.slice(-4000)}`);
    return { code, closing: closing as unknown as Closing };
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}

/** A process that plays a capture onto an adapter; ended with its scope if it has not ended by itself. */
export class Player {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #out = '';
  #errors = '';

  constructor(file: string, adapter: string, ...options: readonly string[]) {
    this.#child = spawn(process.execPath, [PLAY, file, adapter, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#closed = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  get isPlaying(): boolean {
    return this.#child.exitCode === null;
  }

  /** Resolves when all is played, with how many packets were sent. */
  async sent(): Promise<number> {
    if ((await this.#closed) !== 0) throw new Error(this.#errors);
    return (JSON.parse(this.#out) as { sent: number }).sent;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Plays a capture onto an adapter; gives how many packets were sent. */
export const play = (file: string, adapter: string, ...options: readonly string[]): Promise<number> =>
  new Player(file, adapter, ...options).sent();
