// One request over UDP and its answer: from a socket of its own, connected, so that the kernel lets in nobody else's datagrams
// and tells of ICMP errors; sent once more at most.
import { createSocket } from 'node:dgram';
import { hit } from '../../protocols/limits.ts';
import { blocked, type Endpoint, endpointText, type From, failure, isIpv6, localAddress } from './endpoint.ts';
import { activeLimits as limits } from './limits.ts';
import { noName, type Outcome } from './outcome.ts';

export interface DatagramOptions {
  readonly endpoint: Endpoint;
  readonly from: From;
  /** For all of it; a second request goes out at half of it. */
  readonly timeoutMs: number;
  readonly retries: 0 | 1;
  readonly signal: AbortSignal;
}

/**
 * Sends and waits for what `read` takes for the answer; null of it means "answers something else". Gives that or, as an
 * Outcome, why there is none. Never rejects; the socket is closed when it resolves.
 */
export function exchange<T>(
  request: Uint8Array,
  read: (bytes: Uint8Array) => T | null,
  { endpoint, from, timeoutMs, retries, signal }: DatagramOptions,
): Promise<T | Outcome> {
  const where = `udp ${endpointText(endpoint)}`;
  if (signal.aborted) return Promise.resolve(noName('cancelled', where));
  const refused = blocked(from, endpoint, where);
  if (refused !== null) return Promise.resolve(refused);
  return new Promise((resolve) => {
    const { address, port } = endpoint;
    const socket = createSocket(isIpv6(address) ? 'udp6' : 'udp4');
    let isOver = false;
    let isOpen = true;
    let strays = 0;
    let result: T | Outcome = noName('error', where);
    let again: NodeJS.Timeout | undefined;
    const end = (how: T | Outcome): void => {
      if (isOver) return;
      isOver = true;
      result = how;
      clearTimeout(timer);
      clearTimeout(again);
      signal.removeEventListener('abort', cancel);
      if (isOpen) socket.close();
    };
    const fail = (error: Error | null): void => {
      if (error !== null) end(failure(error, where));
    };
    const cancel = (): void => end(noName('cancelled', where));
    const expire = (): void => {
      const others = strays === 0 ? '' : `, but ${strays} to other requests`;
      end(noName('timeout', `${where}: no answer in ${timeoutMs} ms${others}`));
    };
    // A busy process may come late to what has long arrived: that is read first.
    const timer = setTimeout(() => setImmediate(expire), timeoutMs);
    signal.addEventListener('abort', cancel, { once: true });
    const send = (): void => {
      if (!isOver) socket.send(request, fail);
    };
    socket
      .on('message', (bytes) => {
        if (isOver) return;
        const answer = read(bytes);
        if (answer !== null) end(answer);
        else if (++strays > limits.strays.value) {
          hit(limits.strays);
          end(noName('malformed', `${where}: more than ${limits.strays.value} answers to other requests`));
        }
      })
      .on('error', (error: NodeJS.ErrnoException) => end(failure(error, where)))
      .once('close', () => {
        isOpen = false;
        resolve(result);
      });
    const local = localAddress(from, address);
    socket.bind({ port: 0, exclusive: true, ...(local === '' ? {} : { address: local }) }, () => {
      if (isOver) return;
      socket.once('connect', () => {
        send();
        if (retries > 0) again = setTimeout(send, timeoutMs / 2);
      });
      socket.connect(port, address);
    });
  });
}
