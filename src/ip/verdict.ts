// What a header walk ends with. The labels are metric labels; `end` is the end that the packet has by it.

export interface VerdictName {
  readonly label: string;
  /** 'onward': not an end, the packet goes on. */
  readonly end: 'onward' | 'ignored' | 'dropped';
}

export const TCP_OR_UDP = 0;
export const FRAGMENT = 1;
export const NOT_IP = 2;
export const OTHER_TRANSPORT = 3;
export const UNKNOWN_LINKTYPE = 4;
export const LINK_SHORT = 5;
export const IP_SHORT = 6;
export const IP_BAD_VERSION = 7;
export const IP_BAD_LENGTH = 8;
export const TRANSPORT_SHORT = 9;
export const TCP_BAD_OFFSET = 10;
export const TOO_MANY_HEADERS = 11;
export const TOO_MANY_TUNNELS = 12;
export const UDP_BAD_LENGTH = 13;

export type Verdict = number;

/** Names by number. */
export const VERDICTS: readonly VerdictName[] = [
  { label: 'tcp-or-udp', end: 'onward' },
  { label: 'fragment', end: 'onward' },
  { label: 'not-ip', end: 'ignored' },
  { label: 'other-transport', end: 'ignored' },
  { label: 'unknown-linktype', end: 'dropped' },
  { label: 'link-short', end: 'dropped' },
  { label: 'ip-short', end: 'dropped' },
  { label: 'ip-bad-version', end: 'dropped' },
  { label: 'ip-bad-length', end: 'dropped' },
  { label: 'transport-short', end: 'dropped' },
  { label: 'tcp-bad-offset', end: 'dropped' },
  { label: 'too-many-headers', end: 'dropped' },
  { label: 'too-many-tunnels', end: 'dropped' },
  { label: 'udp-bad-length', end: 'dropped' },
];
