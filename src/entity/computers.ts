// Which computer has an address, by what the packets said. Claims of stronger methods win; among equals the newer one.
import type { Claim } from '../activity/rows.ts';
import { Generations } from './generations.ts';

/**
 * How much a claim of a method is worth: what a machine says of itself under its own key counts more than what a name server or
 * a peer says of it. Unknown methods count least.
 */
const WEIGHTS: Readonly<Record<string, number>> = {
  'ntlm-challenge': 50,
  'kerberos-machine-account': 50,
  'tls-certificate': 45,
  cldap: 45,
  'dns-update': 40,
  'kerberos-host-address': 35,
  'ntlm-workstation': 30,
  'cldap-host': 30,
  mdns: 25,
  llmnr: 25,
  'dns-ptr': 20,
  'dns-a': 20,
  'dns-aaaa': 20,
};
/** A claim this many seconds old yields to any newer one. */
const STALE_SECONDS = 3600;

export interface Computer {
  /** The longest form of the name that was claimed: DNS where known, NetBIOS otherwise. */
  name: string;
  domain: string;
  os: string;
  method: string;
  weight: number;
  ip: string;
  seconds: number;
  frame: number;
  /** `"name"` in UTF-8, ready to be spliced into a line. */
  json: Uint8Array;
}

export interface Change {
  readonly computer: Computer;
  /** The name that the address had before, '' when it had none. */
  readonly previous: string;
}

/** First label in upper case, cut to the 15 characters of a NetBIOS name: two names that agree here are one computer. */
export function shortName(name: string): string {
  const dot = name.indexOf('.');
  return (dot === -1 ? name : name.slice(0, dot)).toUpperCase().slice(0, 15);
}

export class Computers {
  readonly #byAddress: Generations<number, Computer>;

  constructor(capacity = 131_072) {
    this.#byAddress = new Generations(capacity);
  }

  of(address: number): Computer | undefined {
    return this.#byAddress.get(address);
  }

  /** Takes a claim; tells what changed, or undefined when nothing did. */
  claim(claim: Claim): Change | undefined {
    const name = claim.name.replace(/\.$/, '');
    if (name === '' || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return undefined;
    const weight = WEIGHTS[claim.method] ?? 10;
    const known = this.of(claim.address);
    const same = known !== undefined && shortName(known.name) === shortName(name);
    if (known !== undefined && same) {
      const better = name.includes('.') && !known.name.includes('.');
      known.seconds = claim.seconds;
      if (claim.os !== '') known.os = claim.os;
      if (weight > known.weight) known.weight = weight;
      if (!better) return undefined;
    } else if (known !== undefined && weight < known.weight && claim.seconds - known.seconds < STALE_SECONDS) return undefined;
    const computer: Computer = {
      name,
      domain: claim.domain || (same ? (known?.domain ?? '') : ''),
      os: claim.os || (same ? (known?.os ?? '') : ''),
      method: claim.method,
      weight: same ? Math.max(weight, known?.weight ?? 0) : weight,
      ip: claim.ip,
      seconds: claim.seconds,
      frame: claim.frame,
      json: new TextEncoder().encode(JSON.stringify(name)),
    };
    this.#byAddress.set(claim.address, computer);
    return { computer, previous: known?.name ?? '' };
  }
}
