// Methods that are one conversation over TCP: what they ask, and on which port, is all that tells them apart.
import type { ActiveMethod, Answer, Asker } from '../answer.ts';
import { converse, type Reader } from './dialogue.ts';
import type { From } from './endpoint.ts';
import { answerOf } from './outcome.ts';

export interface TcpAskerOptions {
  readonly from: From;
  readonly timeoutMs: number;
  /** For tests; the real sensor knows no other port. */
  readonly port?: number;
}

export class TcpAsker implements Asker {
  readonly method: ActiveMethod;
  readonly #port: number;
  readonly #reader: () => Reader;
  readonly #options: TcpAskerOptions;

  /** `reader` makes the reader of one conversation. */
  constructor(method: ActiveMethod, port: number, reader: () => Reader, options: TcpAskerOptions) {
    this.method = method;
    this.#port = options.port ?? port;
    this.#reader = reader;
    this.#options = options;
  }

  async ask(address: string, signal: AbortSignal): Promise<Answer> {
    const started = performance.now();
    const { from, timeoutMs } = this.#options;
    const endpoint = { address, port: this.#port };
    return answerOf(this.method, address, started, await converse(this.#reader(), { endpoint, from, timeoutMs, signal }));
  }
}
