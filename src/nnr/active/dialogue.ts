// One short conversation over TCP with a stranger: bounded in bytes and, from connect to close, in time, whatever the peer does.
import { connect, type Socket } from 'node:net';
import { hit } from '../../protocols/limits.ts';
import { blocked, type Endpoint, endpointText, type From, failure, isIpv6, localAddress } from './endpoint.ts';
import { activeLimits as limits } from './limits.ts';
import { noName, type Outcome } from './outcome.ts';

/** What a reader wants next, or how it ended. */
export type Step =
  | {
      /** Bytes from the start that are done with. */
      readonly taken: number;
      /** Bytes behind those that must be there before the reader is worth calling again. */
      readonly need: number;
      readonly send?: Uint8Array;
    }
  | { readonly outcome: Outcome };

/** The reader's side of a conversation. It is called whenever what it needs has come. */
export interface Reader {
  /** Sent as soon as there is a connection. */
  readonly first: Uint8Array;
  /** Bytes that must be there before the first call. */
  readonly need: number;
  read(bytes: Uint8Array): Step;
}

/** Hands a reader what has come, in pieces as it needs them, and no more of it than a peer may send. */
export class Feed {
  readonly #reader: Reader;
  readonly #send: (bytes: Uint8Array) => void;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #need: number;
  received = 0;

  constructor(reader: Reader, send: (bytes: Uint8Array) => void) {
    this.#reader = reader;
    this.#send = send;
    this.#need = reader.need;
  }

  /** How it ended, or null while it goes on. */
  push(chunk: Uint8Array): Outcome | null {
    this.received += chunk.length;
    if (this.received > limits.peerBytes.value) {
      hit(limits.peerBytes);
      return noName('too-long', `more than ${limits.peerBytes.value} bytes`);
    }
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= this.#need) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#held);
      const step = this.#reader.read(bytes);
      if ('outcome' in step) return step.outcome;
      this.#chunks = step.taken === bytes.length ? [] : [bytes.subarray(step.taken)];
      this.#held = bytes.length - step.taken;
      this.#need = step.need;
      if (step.send !== undefined) this.#send(step.send);
    }
    return null;
  }
}

export interface DialogueOptions {
  readonly endpoint: Endpoint;
  readonly from: From;
  /** From connect to the end. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Never rejects. Resolves when the socket is closed, not before: who counts sockets can rely on it. */
export function converse(reader: Reader, { endpoint, from, timeoutMs, signal }: DialogueOptions): Promise<Outcome> {
  const where = `tcp ${endpointText(endpoint)}`;
  if (signal.aborted) return Promise.resolve(noName('cancelled', where));
  const refused = blocked(from, endpoint, where);
  if (refused !== null) return Promise.resolve(refused);
  return new Promise((resolve) => {
    const { address, port } = endpoint;
    const local = localAddress(from, address);
    let outcome: Outcome = noName('closed', where);
    let isOver = false;
    let isConnected = false;
    const feed = new Feed(reader, (bytes) => socket.write(bytes));
    let socket: Socket;
    try {
      socket = connect({
        host: address,
        port,
        family: isIpv6(address) ? 6 : 4,
        noDelay: true,
        ...(local === '' ? {} : { localAddress: local }),
      });
    } catch (error) {
      resolve(failure(error as NodeJS.ErrnoException, where));
      return;
    }
    const end = (how: Outcome, isRude = false): void => {
      if (isOver) return;
      isOver = true;
      outcome = how;
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      // Who answers gets an orderly end; others could keep a half-closed socket alive in the kernel.
      if (isConnected && isRude) socket.resetAndDestroy();
      else socket.destroy();
    };
    const cancel = (): void => end(noName('cancelled', where), true);
    const expire = (): void => {
      const when = isConnected ? `connected, ${feed.received} bytes in` : 'no connection in';
      end(noName('timeout', `${where}: ${when} ${timeoutMs} ms`), true);
    };
    // A busy process may come late to what has long arrived: that is read first.
    const timer = setTimeout(() => setImmediate(expire), timeoutMs);
    signal.addEventListener('abort', cancel, { once: true });

    const take = (chunk: Buffer): void => {
      if (isOver) return;
      const how = feed.push(chunk);
      if (how !== null) end(how, 'reason' in how && how.reason === 'too-long');
    };
    socket
      .once('connect', () => {
        isConnected = true;
        if (!isOver) socket.write(reader.first);
      })
      .on('data', take)
      .once('end', () => end(noName('closed', `${where}: closed by the peer after ${feed.received} bytes`)))
      .on('error', (error: NodeJS.ErrnoException) => end(failure(error, where)))
      .once('close', () => {
        end(noName('closed', where));
        resolve(outcome);
      });
  });
}
