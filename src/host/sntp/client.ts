// Asks a time server how far this machine's clock is off. The clock is only read, never set.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { COOKIE_BYTES, cookieOf, type Refusal, readAnswer, writeRequest } from './message.ts';

const NTP_PORT = 123;
const ATTEMPTS = 3;
const ATTEMPT_MILLISECONDS = 1000;
/** Datagrams that are looked at; a server that sends more wrong ones than this is not waited for. */
const MAX_ANSWERS = 16;
const STOPPED = 'not waited for';

export interface ClockQuestion {
  /** Address of the server, IPv4 or IPv6. No name: a look-up would leave by any adapter. */
  readonly server: string;
  readonly port?: number;
  /** The address to send from, such as the management adapter's; any when missing. */
  readonly from?: string;
  readonly attempts?: number;
  readonly attemptMilliseconds?: number;
  /** Ends the question at once. */
  readonly signal?: AbortSignal;
}

/** The server's clock less this machine's and the round trip, both in milliseconds; or why they are not known. */
export type ClockReading = { readonly server: string } & (
  | { readonly offset: number; readonly delay: number; readonly stratum: number; readonly synchronised: boolean }
  | { readonly problem: string }
);

interface Request {
  readonly cookie: Uint8Array;
  /** By this machine's clock, and by one that nobody sets. */
  readonly wall: number;
  readonly steady: number;
}

/** Asks one server; settles within attempts × attemptMilliseconds and never rejects. */
export function askClock(question: ClockQuestion): Promise<ClockReading> {
  const { server, port = NTP_PORT, from, attempts = ATTEMPTS, attemptMilliseconds = ATTEMPT_MILLISECONDS, signal } = question;
  if (signal?.aborted) return Promise.resolve({ server, problem: STOPPED });
  return new Promise((resolve) => {
    const socket: Socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const requests: Request[] = [];
    let refused: Refusal | null = null;
    let answers = 0;
    let timer: NodeJS.Timeout | undefined;

    const end = (reading: ClockReading): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      socket.removeAllListeners();
      // An ICMP error may still be under way; it must find a listener.
      socket.on('error', () => undefined);
      socket.close();
      resolve(reading);
    };
    const fail = (problem: string): void => end({ server, problem });
    const stop = (): void => fail(STOPPED);
    signal?.addEventListener('abort', stop);

    const ask = (): void => {
      if (requests.length === attempts) {
        fail(refused === null ? 'no answer' : `no usable answer (${refused})`);
        return;
      }
      const cookie = randomBytes(COOKIE_BYTES);
      requests.push({ cookie, wall: Date.now(), steady: performance.now() });
      socket.send(writeRequest(cookie));
      timer = setTimeout(ask, attemptMilliseconds);
    };

    socket.on('error', (error: NodeJS.ErrnoException) => fail(PROBLEMS[error.code ?? ''] ?? error.message));
    socket.on('message', (bytes) => {
      const now = performance.now();
      // Any attempt may be the one that is answered.
      const request =
        requests[
          cookieOf(
            bytes,
            requests.map((one) => one.cookie),
          )
        ];
      const answer = readAnswer(bytes, request !== undefined);
      if (typeof answer === 'string') {
        refused = answer;
        // To go on asking after a kiss-o'-death is what it forbids.
        if (answer.startsWith('kiss') || ++answers === MAX_ANSWERS) fail(`no usable answer (${answer})`);
        return;
      }
      if (request === undefined) return;
      // RFC 5905 section 8. The answer's arrival is told by the steady clock: the other may be set meanwhile.
      const arrived = request.wall + (now - request.steady);
      const { received, sent, stratum, synchronised } = answer;
      const offset = (received - request.wall + (sent - arrived)) / 2;
      const delay = Math.max(0, arrived - request.wall - (sent - received));
      end({ server, offset, delay, stratum, synchronised });
    });

    // Connected, so that the kernel lets in no datagram of another sender, and tells of a closed port.
    // By its event and not by a callback, which would also be called, with the error, where there is no route.
    socket.once('connect', ask);
    const connect = (): void => socket.connect(port, server);
    if (from === undefined) connect();
    else socket.bind({ address: from, exclusive: true }, connect);
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (UDP port closed)',
  ENETUNREACH: 'no route to it',
  EHOSTUNREACH: 'it cannot be reached',
  EADDRNOTAVAIL: 'the address to send from is not of this machine',
  EINVAL: 'it cannot be reached from that address',
  EACCES: 'it may not be sent to: no right, or a firewall of this machine',
  EPERM: 'it may not be sent to: no right, or a firewall of this machine',
};
