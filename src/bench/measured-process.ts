// The measured process as the bench sees it: started inside the budget, asked for phases, and gone at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AdtapError, type ErrorCode } from '../errors.ts';
import type { Budget } from './budget.ts';
import { type Garbage, GarbageLog } from './garbage.ts';
import type { FromLoad, LoadJob, Measured, Phase, ToLoad } from './messages.ts';

export interface Finished {
  readonly peakRssBytes: number;
  readonly garbage: Garbage;
}

/** What the load is made of, once it is read. */
export interface LoadFacts {
  readonly packets: number;
  readonly meanBytes: number;
  readonly isCut: boolean;
}

/** Reading a load of 256 MiB takes a few seconds. */
const START_MS = 30_000;

export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly #garbage = new GarbageLog();
  readonly #arrived: FromLoad[] = [];
  #errors = '';
  #wake: (() => void) | null = null;
  #exit: string | null = null;

  /** Starts it; `options` are for node. */
  constructor(budget: Budget, options: readonly string[]) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const program = fileURLToPath(new URL(`./load-process.${extension}`, import.meta.url));
    const [command = process.execPath, ...rest] = [...budget.prefix, process.execPath, ...options, program];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' });
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#garbage.take(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4096);
    });
    child.on('message', (message: FromLoad) => {
      this.#arrived.push(message);
      this.#wake?.();
    });
    child.on('error', (error) => this.#ended(error.message));
    child.on('close', (code, signal) => this.#ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    try {
      if (child.pid !== undefined) budget.admit(child.pid);
    } catch (cause) {
      child.kill('SIGKILL');
      throw new AdtapError('ADTAP_E_BENCH', `the measured process cannot be put into its budget: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  async start(job: LoadJob): Promise<LoadFacts> {
    this.#tell({ kind: 'start', job });
    // With very little memory node neither starts nor ends.
    const late = setTimeout(() => this.#child.kill('SIGKILL'), START_MS);
    const answer = await this.#next().finally(() => clearTimeout(late));
    if (answer.kind !== 'loaded') throw this.#unexpected(answer.kind);
    return answer;
  }

  async measure(phase: Phase): Promise<Measured> {
    this.#tell({ kind: 'phase', phase });
    const answer = await this.#next();
    if (answer.kind !== 'measured') throw this.#unexpected(answer.kind);
    return answer.measured;
  }

  /** Lets it end what it does, and waits until it is gone. */
  async finish(): Promise<Finished> {
    this.#tell({ kind: 'finish' });
    const answer = await this.#next();
    if (answer.kind !== 'finished') throw this.#unexpected(answer.kind);
    if (this.#exit === null) await once(this.#child, 'close');
    return { peakRssBytes: answer.peakRssBytes, garbage: this.#garbage.summary() };
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (this.#exit !== null) return;
    this.#child.kill('SIGKILL');
    if (this.#child.pid !== undefined) await once(this.#child, 'close');
  }

  #tell(order: ToLoad): void {
    if (this.#child.connected) this.#child.send(order);
  }

  async #next(): Promise<FromLoad> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message?.kind === 'failed') {
        if (message.code !== null) throw new AdtapError(message.code as ErrorCode, message.message);
        throw new AdtapError('ADTAP_E_BENCH', `the measured process failed: ${message.message}`);
      }
      if (message !== undefined) return message;
      if (this.#exit !== null)
        throw new AdtapError(
          'ADTAP_E_BENCH',
          `the measured process ended (${this.#exit}); if that is for want of memory, give it more with --memory. ${this.#errors.trim()}`,
        );
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #ended(how: string): void {
    this.#exit ??= how;
    this.#wake?.();
  }

  #unexpected(kind: string): AdtapError {
    return new AdtapError('ADTAP_E_BENCH', `the measured process answered out of turn (${kind})`);
  }
}
