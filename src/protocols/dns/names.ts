// Numbers and names of DNS: IANA dns-parameters.

/** QTYPEs and TYPEs that this room looks into. */
export const A = 1;
export const NS = 2;
export const CNAME = 5;
export const SOA = 6;
export const PTR = 12;
export const MX = 15;
export const TXT = 16;
export const AAAA = 28;
export const SRV = 33;
export const OPT = 41;
export const TKEY = 249;
export const TSIG = 250;
export const IXFR = 251;
export const AXFR = 252;
export const ANY = 255;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  3: 'MD',
  4: 'MF',
  5: 'CNAME',
  6: 'SOA',
  10: 'NULL',
  11: 'WKS',
  12: 'PTR',
  13: 'HINFO',
  14: 'MINFO',
  15: 'MX',
  16: 'TXT',
  17: 'RP',
  18: 'AFSDB',
  24: 'SIG',
  25: 'KEY',
  28: 'AAAA',
  29: 'LOC',
  33: 'SRV',
  35: 'NAPTR',
  36: 'KX',
  37: 'CERT',
  39: 'DNAME',
  41: 'OPT',
  42: 'APL',
  43: 'DS',
  44: 'SSHFP',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  49: 'DHCID',
  50: 'NSEC3',
  51: 'NSEC3PARAM',
  52: 'TLSA',
  59: 'CDS',
  60: 'CDNSKEY',
  61: 'OPENPGPKEY',
  64: 'SVCB',
  65: 'HTTPS',
  99: 'SPF',
  108: 'EUI48',
  249: 'TKEY',
  250: 'TSIG',
  251: 'IXFR',
  252: 'AXFR',
  253: 'MAILB',
  254: 'MAILA',
  255: 'ANY',
  256: 'URI',
  257: 'CAA',
};
/** Numbers as far away would make V8 keep the names above in a hash table too, where each look-up costs 40 ns. */
const FAR_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [65281, 'WINS'],
  [65282, 'WINSR'],
]);
/** Name of a type; RFC 3597 5 for unknown ones. */
export const typeName = (type: number): string => TYPE_NAMES[type] ?? FAR_TYPE_NAMES.get(type) ?? `TYPE${type}`;

export const CLASS_IN = 1;
export const CLASS_NONE = 254;
export const CLASS_ANY = 255;
const CLASS_NAMES: Readonly<Record<number, string>> = { 1: 'IN', 3: 'CH', 4: 'HS', 254: 'NONE', 255: 'ANY' };
export const className = (number: number): string => CLASS_NAMES[number] ?? `CLASS${number}`;

const RCODE_NAMES: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
  11: 'DSOTYPENI',
  16: 'BADVERS',
  17: 'BADKEY',
  18: 'BADTIME',
  19: 'BADMODE',
  20: 'BADNAME',
  21: 'BADALG',
  22: 'BADTRUNC',
  23: 'BADCOOKIE',
};
export const rcodeName = (rcode: number): string => RCODE_NAMES[rcode] ?? `RCODE${rcode}`;

export const OPCODE_QUERY = 0;
export const OPCODE_NOTIFY = 4;
export const OPCODE_UPDATE = 5;
const OPCODE_NAMES: Readonly<Record<number, string>> = {
  0: 'QUERY',
  1: 'IQUERY',
  2: 'STATUS',
  4: 'NOTIFY',
  5: 'UPDATE',
  6: 'DSO',
};
export const opcodeName = (opcode: number): string => OPCODE_NAMES[opcode] ?? `OPCODE${opcode}`;

/** Types whose queries MDI reports (shared monitored activities: DNS query). */
export const MDI_TYPES: ReadonlySet<number> = new Set([AXFR, TXT, MX, NS, SRV, ANY, 48]);
