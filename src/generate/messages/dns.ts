// DNS messages (RFC 1035, 2136, 2782), and the same format on multicast (RFC 4795, 6762).
import type { MessageBuffer } from '../message-buffer.ts';

export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, SRV: 33, AXFR: 252, ANY: 255 } as const;
export const RCODE = { NOERROR: [0, 'NOERROR'], NXDOMAIN: [3, 'NXDOMAIN'], REFUSED: [5, 'REFUSED'] } as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

const IN = 1;
const CLASS_NONE = 254;
const CLASS_ANY = 255;
const QUERY = 0x0100;
const UPDATE = 0x2800;
const RESPONSE = 0x8000;
/** Authoritative, recursion desired and available. */
const ANSWER = RESPONSE | 0x0580;
const POINTER_TO_QUESTION = 0xc00c;
const TTL = 1200;
const NEGATIVE_TTL = 3600;
const SRV_WEIGHT = 100;

export interface Answer {
  /** IPv4 address of an A record. */
  readonly ip?: number;
  /** Host of an SRV record, its port; of a PTR record. */
  readonly host?: string;
  readonly port?: number;
}

/** Appends a name without compression (RFC 1035 3.1), or no name. */
export function labels(out: MessageBuffer, name: string): void {
  for (let from = 0; from < name.length; ) {
    const dot = name.indexOf('.', from);
    const until = dot === -1 ? name.length : dot;
    const at = out.reserve(1 + until - from);
    out.bytes[at] = until - from;
    for (let i = from; i < until; i++) out.bytes[at + 1 + i - from] = name.charCodeAt(i);
    from = until + 1;
  }
  out.u8(0);
}

function header(out: MessageBuffer, id: number, flags: number, counts: readonly [number, number, number, number]): void {
  out.u16be(id).u16be(flags);
  for (const count of counts) out.u16be(count);
}

function question(out: MessageBuffer, name: string, type: number): void {
  labels(out, name);
  out.u16be(type).u16be(IN);
}

/** Up to the length of the data, which is written here when the data are. */
function record(out: MessageBuffer, type: number, kind: number, ttl: number): number {
  out.u16be(type).u16be(kind).u32be(ttl);
  return out.reserve(2);
}

function endRecord(out: MessageBuffer, at: number): void {
  const length = out.length - at - 2;
  out.bytes[at] = length >>> 8;
  out.bytes[at + 1] = length;
}

export function dnsQuery(out: MessageBuffer, id: number, name: string, type: number, recursive = true): void {
  header(out.clear(), id, recursive ? QUERY : 0, [1, 0, 0, 0]);
  question(out, name, type);
}

export function dnsAnswer(out: MessageBuffer, id: number, name: string, type: number, answers: readonly Answer[]): void {
  header(out.clear(), id, ANSWER, [1, answers.length, 0, 0]);
  question(out, name, type);
  for (const { ip = 0, host = '', port = 0 } of answers) {
    out.u16be(POINTER_TO_QUESTION);
    const data = record(out, type, IN, TTL);
    if (type === TYPE.A) out.u32be(ip);
    else if (type === TYPE.AAAA) out.u32be(0xfd00_0000).u32be(0).u32be(0).u32be(ip);
    else if (type === TYPE.SRV) {
      out.u16be(0).u16be(SRV_WEIGHT).u16be(port);
      labels(out, host);
    } else labels(out, host);
    endRecord(out, data);
  }
}

/** NXDOMAIN with the zone's SOA (RFC 2308 3), or a bare refusal. */
export function dnsNegative(out: MessageBuffer, id: number, name: string, type: number, rcode: Rcode, zone: string): void {
  const [code] = rcode;
  const tellsZone = code === RCODE.NXDOMAIN[0];
  header(out.clear(), id, ANSWER | code, [1, 0, tellsZone ? 1 : 0, 0]);
  question(out, name, type);
  if (!tellsZone) return;
  labels(out, zone);
  const data = record(out, TYPE.SOA, IN, NEGATIVE_TTL);
  labels(out, `dc01.${zone}`);
  labels(out, `hostmaster.${zone}`);
  out.u32be(2026).u32be(900).u32be(600).u32be(86_400).u32be(NEGATIVE_TTL);
  endRecord(out, data);
}

/** A client's record is to be replaced (RFC 2136 2.5): what was there goes, the address comes. */
export function dnsUpdate(out: MessageBuffer, id: number, zone: string, host: string, ip: number): void {
  header(out.clear(), id, UPDATE, [1, 1, 2, 0]);
  question(out, zone, TYPE.SOA);
  // Prerequisite: the name is no alias (2.4.3).
  labels(out, host);
  endRecord(out, record(out, 5, CLASS_NONE, 0));
  labels(out, host);
  endRecord(out, record(out, TYPE.A, CLASS_ANY, 0));
  labels(out, host);
  const data = record(out, TYPE.A, IN, TTL);
  out.u32be(ip);
  endRecord(out, data);
}

/** The answer to an update: its zone, and how it went. */
export function dnsUpdated(out: MessageBuffer, id: number, zone: string, rcode: Rcode): void {
  header(out.clear(), id, UPDATE | RESPONSE | rcode[0], [1, 0, 0, 0]);
  question(out, zone, TYPE.SOA);
}

/** On TCP a length goes before each message (RFC 1035 4.2.2). */
export function framed(out: MessageBuffer): void {
  const { length } = out;
  out.reserve(2);
  out.bytes.copyWithin(2, 0, length);
  out.bytes[0] = length >>> 8;
  out.bytes[1] = length;
}

/** Name of an address in the reverse tree (RFC 1035 3.5). */
export const reverseName = (ip: number): string =>
  `${ip & 0xff}.${(ip >>> 8) & 0xff}.${(ip >>> 16) & 0xff}.${ip >>> 24}.in-addr.arpa`;
