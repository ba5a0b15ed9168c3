// One short conversation over TCP with a stranger: bounded in bytes and, from connect to close, in time, whatever the peer does.
import { connect, type Socket } from 'node:net';
import { hit } from '../../protocols/limits.ts';
import { type Endpoint, endpointText, type From, failure, isIpv6, localAddress } from './endpoint.ts';
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
  return new Promise((resolve) => {
    const { address, port } = endpoint;
    const local = localAddress(from, address);
    let outcome: Outcome = noName('closed', where);
    let isOver = false;
    let isConnected = false;
    let chunks: Buffer[] = [];
    let held = 0;
    let received = 0;
    let need = reader.need;

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
    const timer = setTimeout(() => {
      const when = isConnected ? `connected, ${received} bytes in` : 'no connection in';
      end(noName('timeout', `${where}: ${when} ${timeoutMs} ms`), true);
    }, timeoutMs);
    signal.addEventListener('abort', cancel, { once: true });

    const take = (chunk: Buffer): void => {
      if (isOver) return;
      received += chunk.length;
      if (received > limits.peerBytes.value) {
        hit(limits.peerBytes);
        end(noName('too-long', `${where}: more than ${limits.peerBytes.value} bytes`), true);
        return;
      }
      chunks.push(chunk);
      held += chunk.length;
      while (!isOver && held >= need) {
        const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, held);
        const step = reader.read(bytes);
        if ('outcome' in step) {
          end(step.outcome);
          return;
        }
        chunks = step.taken === bytes.length ? [] : [bytes.subarray(step.taken)];
        held = bytes.length - step.taken;
        need = step.need;
        if (step.send !== undefined) socket.write(step.send);
      }
    };
    socket
      .once('connect', () => {
        isConnected = true;
        if (!isOver) socket.write(reader.first);
      })
      .on('data', take)
      .once('end', () => end(noName('closed', `${where}: closed by the peer after ${received} bytes`)))
      .once('error', (error: NodeJS.ErrnoException) => end(failure(error, where)))
      .once('close', () => {
        end(noName('closed', where));
        resolve(outcome);
      });
  });
}
