// Names of computers in one form, so that what different methods say can be compared: NetBIOS names in upper case, DNS names in
// lower case without the last dot (MS-NBTE 2.2.1, RFC 1123 2.1).

export interface ComputerName {
  /** At most 15 characters; empty when only a longer DNS name is known. */
  readonly netbios: string;
  /** As long as it is known: the host label alone where it is longer than a NetBIOS name. Empty when it is not. */
  readonly dns: string;
}

/** Characters of a NetBIOS name without its suffix (RFC 1001 5.2); longer host names are cut to it. */
export const NETBIOS_CHARACTERS = 15;
const MAX_NAME = 255;
/** What no computer is called: addresses, wildcards, services, controls. */
const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$|:/;
const NO_NAME = /[\s\p{Cc}*"/\\[\]|<>+=;,?]/u;
/** Multicast DNS keeps every host's name right under `local`, which says nothing of its domain (RFC 6762 3). */
const MULTICAST = /^[^.]+\.local$/;
const NOBODY = /^localhost(\.localdomain)?$/i;

const labelOf = (name: string): string => {
  const dot = name.indexOf('.');
  return dot === -1 ? name : name.slice(0, dot);
};

/** Upper case as Windows makes it: one character of each, so that `ß` stays as it is and a name as long (MS-UCODEREF 3.1.5.3). */
export function upperCase(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length) return upper;
  return name.replaceAll(/./gsu, (character) => {
    const one = character.toUpperCase();
    return one.length === character.length ? one : character;
  });
}

/** The NetBIOS name that Windows makes of a host name: its first label in upper case, cut to 15 characters. */
export const netbiosOf = (name: string): string => upperCase(labelOf(name)).slice(0, NETBIOS_CHARACTERS);

/** A name in one form, or null when no computer is called so. */
export function computerName(text: string): ComputerName | null {
  const name = text.trim().replace(/\.$/, '').replace(/\$$/, '');
  if (name === '' || name.length > MAX_NAME || ADDRESS.test(name) || NO_NAME.test(name) || NOBODY.test(name)) return null;
  if (name.startsWith('.') || name.includes('..')) return null;
  const isWhole = name.includes('.') || name.length > NETBIOS_CHARACTERS;
  return { netbios: netbiosOf(name), dns: isWhole ? name.toLowerCase() : '' };
}

/** A name of both parts, each of which may be empty; null when both are or neither can be a name. */
export function computerNameOf(netbios: string, dns: string): ComputerName | null {
  const whole = computerName(dns);
  const short = computerName(netbios);
  if (whole === null) return short;
  return { netbios: short?.netbios ?? whole.netbios, dns: whole.dns === '' ? (short?.dns ?? '') : whole.dns };
}

/** What a name is printed as: the DNS name where it is known. */
export const printed = (name: ComputerName): string => name.dns || name.netbios;

/** Whether a DNS name says of which domain its host is. */
const hasDomain = (dns: string): boolean => dns.includes('.') && !MULTICAST.test(dns);

/** The domain that a computer's DNS name says; empty when it says none. */
export const domainOf = ({ dns }: ComputerName): string => (hasDomain(dns) ? dns.slice(dns.indexOf('.') + 1) : '');

/** Whether two names are of one computer: whole DNS names must be equal, otherwise the first 15 characters of the host decide. */
export function isSameComputer(a: ComputerName, b: ComputerName): boolean {
  if (hasDomain(a.dns) && hasDomain(b.dns)) return a.dns === b.dns;
  // Two host names longer than NetBIOS allows are told apart by what it cuts off.
  if (a.dns !== '' && b.dns !== '') return labelOf(a.dns) === labelOf(b.dns);
  return a.netbios === b.netbios;
}

/** The fuller of two names of one computer, part by part. */
export function merged(a: ComputerName, b: ComputerName): ComputerName {
  const dns = rank(b.dns) > rank(a.dns) ? b.dns : a.dns;
  return { netbios: a.netbios || b.netbios, dns };
}

const rank = (dns: string): number => (dns === '' ? 0 : hasDomain(dns) ? 3 : dns.includes('.') ? 2 : 1);

/** Whether `domain` is the name of a domain that `name` is in: an address of `lab.example` is that of one of its controllers. */
export const isDomainOf = (domain: ComputerName, name: ComputerName): boolean =>
  domain.dns !== '' && name.dns.endsWith(`.${domain.dns}`);

/** DNS domains in lower case, NetBIOS domains in upper case; multicast DNS has none. */
export const domainName = (text: string): string => {
  const name = text.replace(/\.$/, '');
  if (/^local$/i.test(name)) return '';
  return name.includes('.') ? name.toLowerCase() : upperCase(name);
};
