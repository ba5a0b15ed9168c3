// What one method said of one address: the contract between those who ask (active/), those who overhear, and the policy.

export type ActiveMethod = 'ntlm-rpc' | 'netbios' | 'rdp' | 'reverse-dns';

/** Why there is no name. */
export type NoNameReason =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'closed'
  | 'malformed'
  | 'too-long'
  | 'no-name'
  | 'out-of-scope'
  | 'rate-limited'
  | 'cancelled'
  | 'error';

export interface Names {
  /** NetBIOS name of the computer, upper case; empty when not said. */
  readonly netbios: string;
  /** Fully qualified DNS name, lower case without the last dot; empty when not said. */
  readonly dns: string;
  readonly netbiosDomain: string;
  readonly dnsDomain: string;
  /** Such as `Windows 10.0.20348`; empty when not said. */
  readonly os: string;
  readonly mac: string;
  /** Users that the peer says are logged on (NetBIOS suffix 03). */
  readonly users: readonly string[];
}

export interface Answer {
  readonly method: ActiveMethod;
  /** Canonical text. */
  readonly address: string;
  /** Seconds since 1970 UTC when the answer came. */
  readonly at: number;
  readonly milliseconds: number;
  readonly names: Names | null;
  /** Empty when names were said. */
  readonly reason: NoNameReason | '';
  /** One line for people: which bytes or fields said so. */
  readonly evidence: string;
  /** Reverse DNS only: the name's addresses contain this one. */
  readonly isConfirmed: boolean;
}

export interface Asker {
  readonly method: ActiveMethod;
  ask(address: string, signal: AbortSignal): Promise<Answer>;
}
