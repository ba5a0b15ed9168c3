// Where a look-up goes, where it goes out from, and what the system's errors mean for it.
import { formatAddress } from '../../ip/address.ts';
import { parseAddress } from '../../ip/parse-address.ts';
import { noName, type Outcome } from './outcome.ts';

/** Addresses of our own that look-ups go out from, by family; empty lets the system choose. */
export interface From {
  readonly ipv4: string;
  readonly ipv6: string;
  /** Why nothing may be sent to the address; empty when it may. Left out where any way out will do. */
  readonly refusal?: (address: string) => string;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export const isIpv6 = (address: string): boolean => address.includes(':');
export const localAddress = (from: From, address: string): string => (isIpv6(address) ? from.ipv6 : from.ipv4);
/** Why nothing may be sent to the endpoint, as an outcome; null when it may. */
export function blocked({ refusal }: From, { address }: Endpoint, where: string): Outcome | null {
  const why = refusal?.(address) ?? '';
  return why === '' ? null : noName('unreachable', `${where}: ${why}`);
}

export const endpointText = ({ address, port }: Endpoint): string =>
  isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; null when it is none of them. */
export function parseEndpoint(text: string, port: number): Endpoint | null {
  const parts = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([\d.]+):(\d{1,5})$/.exec(text) ?? [text, text];
  const bytes = parseAddress(parts[1] ?? '');
  const number = parts[2] === undefined ? port : Number(parts[2]);
  if (bytes === null || number < 1 || number > 65_535) return null;
  return { address: formatAddress(bytes, 0, bytes.length as 4 | 16), port: number };
}

/** What an error of connect, send or receive says of the peer. */
export function failure(error: NodeJS.ErrnoException, where: string): Outcome {
  switch (error.code) {
    case 'ECONNREFUSED':
      return noName('refused', `${where}: nothing listens there`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EACCES':
    case 'EPERM':
      return noName('unreachable', `${where}: ${error.code}`);
    case 'ETIMEDOUT':
      return noName('timeout', `${where}: no answer`);
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return noName('closed', `${where}: reset by the peer`);
    default:
      return noName('error', `${where}: ${error.code ?? error.message}`);
  }
}
