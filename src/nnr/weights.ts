// What a claim is worth, by its method, and what claims that agree are worth together: one table for what is overheard and for
// what is asked.

/**
 * `self`: the computer says it of itself, so that another name contradicts it. `registry`: somebody keeps a record of it, which
 * may be old. `alias`: one of many names that may stand for an address. `lease`: who is to have the address.
 */
export type Nature = 'self' | 'registry' | 'alias' | 'lease';

export interface Method {
  /** 0 to 50. */
  readonly weight: number;
  readonly nature: Nature;
  /** Methods of one family have one source: together they are worth no more than the best of them. */
  readonly family: string;
}

const method = (weight: number, family: string, nature: Nature): Method => ({ weight, family, nature });

/** DNS that points both ways names the computer that the records' owner means: enough, as long as nobody says otherwise. */
const BOTH_WAYS = 'reverse-dns-confirmed';

/**
 * A machine's own key or its own answer counts most, what it says in passing less, what others recorded least. The order is ours:
 * Defender for Identity publishes only that reverse DNS is secondary.
 */
export const METHODS: Readonly<Record<string, Method>> = {
  'ntlm-rpc': method(50, 'ntlm', 'self'),
  'ntlm-challenge': method(50, 'ntlm', 'self'),
  'kerberos-machine-account': method(50, 'kerberos', 'self'),
  netbios: method(50, 'netbios', 'self'),
  'netbios-status': method(50, 'netbios', 'self'),
  'smb-negotiate': method(50, 'smb', 'self'),
  rdp: method(45, 'tls', 'self'),
  'rdp-certificate': method(45, 'tls', 'self'),
  cldap: method(45, 'ldap', 'self'),
  'tls-certificate': method(40, 'tls', 'alias'),
  'dns-update': method(40, 'dns', 'self'),
  'nbns-registration': method(40, 'netbios', 'self'),
  browser: method(40, 'netbios', 'self'),
  'dhcp-ack': method(40, 'dhcp', 'lease'),
  'dhcp-renewal': method(40, 'dhcp', 'lease'),
  'kerberos-host-address': method(35, 'kerberos', 'self'),
  'netbios-datagram': method(35, 'netbios', 'self'),
  'dhcp-request': method(30, 'dhcp', 'lease'),
  'ntlm-workstation': method(30, 'ntlm', 'self'),
  'cldap-host': method(30, 'ldap', 'self'),
  'netbios-session': method(30, 'netbios', 'self'),
  'nbns-answer': method(30, 'netbios', 'registry'),
  [BOTH_WAYS]: method(30, 'dns', 'registry'),
  mdns: method(25, 'multicast', 'alias'),
  llmnr: method(25, 'multicast', 'alias'),
  'reverse-dns': method(20, 'dns', 'registry'),
  'dns-ptr': method(20, 'dns', 'registry'),
  'dns-a': method(20, 'dns', 'alias'),
  'dns-aaaa': method(20, 'dns', 'alias'),
};

const UNKNOWN = method(10, '', 'registry');

export const methodOf = (name: string): Method => METHODS[name] ?? UNKNOWN;

/** One such claim is enough for high certainty: Defender for Identity needs one primary method. */
export const PROOF = 45;
/** So much of several families is as good as proof. */
export const AGREEMENT = 60;

export type Certainty = 'high' | 'low';

/** Why certainty is high or low. */
export type CertaintyReason =
  | 'proof'
  | 'both-ways'
  | 'agreement'
  | 'conflict'
  | 'weak'
  | 'secondary-only'
  | 'not-in-directory'
  | 'no-name';

export interface Judgement {
  readonly certainty: Certainty;
  readonly reasons: readonly CertaintyReason[];
}

/** How certain a name is that these methods agree on and nothing contradicts. */
export function judgeMethods(names: Iterable<string>): Judgement {
  const families = new Map<string, number>();
  let best = 0;
  let isBothWays = false;
  for (const name of names) {
    isBothWays ||= name === BOTH_WAYS;
    const { weight, family } = methodOf(name);
    best = Math.max(best, weight);
    families.set(family, Math.max(families.get(family) ?? 0, weight));
  }
  if (best >= PROOF) return { certainty: 'high', reasons: ['proof'] };
  if (isBothWays) return { certainty: 'high', reasons: ['both-ways'] };
  let sum = 0;
  for (const weight of families.values()) sum += weight;
  if (families.size > 1 && sum >= AGREEMENT) return { certainty: 'high', reasons: ['agreement'] };
  return { certainty: 'low', reasons: [families.size === 1 && families.has('dns') ? 'secondary-only' : 'weak'] };
}
