// LDAP messages in place (RFC 4511 4.1.1): the envelope, and one reader a kind of operation.
import { application, BOOLEAN, ENUMERATED, INTEGER, integer, OCTET_STRING, SEQUENCE, Tlv } from '../../bytes/der.ts';
import { names } from '../../bytes/intern.ts';
import { u8 } from '../../bytes/read.ts';
import { BAD_TAG, OK, type Reason } from '../../bytes/reason.ts';
import { utf8 } from '../../bytes/text.ts';
import { hit } from '../limits.ts';
import { FilterReader } from './filter.ts';
import { ldapLimits as limits } from './limits.ts';

/** Tags of LDAPMessage and inside operations. */
const CONTROLS = 0xa0;
const SIMPLE = 0x80;
const SASL = 0xa3;
const SICILY = [0x89, 0x8a, 0x8b];
const SERVER_SASL_CREDS = 0x87;
const REFERRALS = 0xa3;
const EXTENDED_NAME = 0x80;
const EXTENDED_RESPONSE_NAME = 0x8a;
const NEW_SUPERIOR = 0x80;

/** The number of an operation's tag: constructed, or primitive (unbind, delete, abandon). */
function opOf(tag: number): number {
  const number = tag & 0x1f;
  return tag === application(number) || tag === (0x40 | number) ? number : -1;
}

/** Ids and kinds that exist: used to find a message again after a gap. */
const isOp = (op: number): boolean => (op >= 0 && op <= 16) || op === 19 || (op >= 23 && op <= 25);

/** SEQUENCE, INTEGER id, a known operation: what every message starts with. Cut ones are believed. */
export function startsMessage(bytes: Uint8Array, at: number, end: number): boolean {
  let from = at + 1;
  if (from >= end) return true;
  const size = u8(bytes, from);
  if (size > 0x84 || size === 0x80) return false;
  from += size > 0x80 ? 1 + (size & 0x7f) : 1;
  if (from + 2 > end) return true;
  const idLength = u8(bytes, from + 1);
  if (u8(bytes, from) !== 0x02 || idLength < 1 || idLength > 5) return false;
  const tag = from + 2 + idLength;
  return tag >= end || isOp(opOf(u8(bytes, tag)));
}

export class LdapMessage {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  messageId = 0;
  op = 0;
  /** Content of the operation. */
  from = 0;
  until = 0;
  /** Content of the controls; empty when there are none. */
  controlsFrom = 0;
  controlsUntil = 0;
  readonly #tlv = new Tlv();

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    const tlv = this.#tlv;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.controlsFrom = 0;
    this.controlsUntil = 0;
    const outer = tlv.read(bytes, start, end);
    if (outer !== OK) return outer;
    if (tlv.tag !== SEQUENCE) return BAD_TAG;
    const until = tlv.until;
    if (!tlv.expect(INTEGER, bytes, tlv.from, until)) return BAD_TAG;
    this.messageId = integer(bytes, tlv.from, tlv.until);
    const op = tlv.read(bytes, tlv.until, until);
    if (op !== OK) return op;
    this.op = opOf(tlv.tag);
    if (!isOp(this.op)) return BAD_TAG;
    this.from = tlv.from;
    this.until = tlv.until;
    if (tlv.until < until && tlv.expect(CONTROLS, bytes, tlv.until, until)) {
      this.controlsFrom = tlv.from;
      this.controlsUntil = tlv.until;
    }
    return OK;
  }

  /** OIDs of the controls. */
  controls(): string[] {
    const found: string[] = [];
    const tlv = this.#tlv;
    for (let at = this.controlsFrom; at < this.controlsUntil; ) {
      if (!tlv.expect(SEQUENCE, this.bytes, at, this.controlsUntil) || found.length >= limits.attributes.value) break;
      const next = tlv.until;
      if (tlv.expect(OCTET_STRING, this.bytes, tlv.from, next)) found.push(names.text('utf8', this.bytes, tlv.from, tlv.until));
      at = next;
    }
    return found;
  }

  /** First element of the operation when it is an OCTET STRING: a DN in most requests and in entries. */
  dn(): string {
    const tlv = this.#tlv;
    return tlv.expect(OCTET_STRING, this.bytes, this.from, this.until) ? utf8(this.bytes, tlv.from, tlv.until) : '';
  }

  /** A primitive operation's whole content (delete). */
  content(): string {
    return utf8(this.bytes, this.from, this.until);
  }
}

/** bindRequest (4.2; Sicily: MS-ADTS 5.1.1.1.3). Passwords are never read, only their length. */
export class BindRequest {
  version = 0;
  name = '';
  auth = '';
  mechanism = '';
  passwordLength = 0;
  /** Range of SASL credentials or a Sicily token. */
  tokenFrom = 0;
  tokenUntil = 0;
  readonly #tlv = new Tlv();

  bind(message: LdapMessage): Reason {
    const tlv = this.#tlv;
    const { bytes, from, until } = message;
    this.auth = '';
    this.mechanism = '';
    this.passwordLength = 0;
    this.tokenFrom = 0;
    this.tokenUntil = 0;
    this.name = '';
    if (!tlv.expect(INTEGER, bytes, from, until)) return BAD_TAG;
    this.version = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(OCTET_STRING, bytes, tlv.until, until)) return BAD_TAG;
    this.name = utf8(bytes, tlv.from, tlv.until);
    const reason = tlv.read(bytes, tlv.until, until);
    if (reason !== OK) return reason;
    if (tlv.tag === SIMPLE) {
      this.auth = 'simple';
      this.passwordLength = tlv.until - tlv.from;
    } else if (SICILY.includes(tlv.tag)) {
      this.auth = ['sicilyPackageDiscovery', 'sicilyNegotiate', 'sicilyResponse'][tlv.tag - 0x89] ?? '';
      this.tokenFrom = tlv.from;
      this.tokenUntil = tlv.until;
    } else if (tlv.tag === SASL) {
      this.auth = 'sasl';
      const end = tlv.until;
      if (!tlv.expect(OCTET_STRING, bytes, tlv.from, end)) return BAD_TAG;
      this.mechanism = names.text('utf8', bytes, tlv.from, tlv.until);
      if (tlv.until < end && tlv.expect(OCTET_STRING, bytes, tlv.until, end)) {
        this.tokenFrom = tlv.from;
        this.tokenUntil = tlv.until;
      }
    } else return BAD_TAG;
    return OK;
  }
}

/** LDAPResult and what some responses add to it (4.1.9, 4.2.2, 4.12). */
export class LdapResult {
  code = Number.NaN;
  matchedDn = '';
  diagnostic = '';
  referrals: string[] = [];
  name = '';
  /** Range of matchedDN (Sicily puts its challenge there) and of serverSaslCreds. */
  matchedFrom = 0;
  matchedUntil = 0;
  tokenFrom = 0;
  tokenUntil = 0;
  readonly #tlv = new Tlv();

  bind(message: LdapMessage): Reason {
    const tlv = this.#tlv;
    const { bytes, from, until } = message;
    this.code = Number.NaN;
    this.matchedDn = '';
    this.diagnostic = '';
    this.referrals = [];
    this.name = '';
    this.matchedFrom = 0;
    this.matchedUntil = 0;
    this.tokenFrom = 0;
    this.tokenUntil = 0;
    if (!tlv.expect(ENUMERATED, bytes, from, until)) return BAD_TAG;
    this.code = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(OCTET_STRING, bytes, tlv.until, until)) return BAD_TAG;
    this.matchedFrom = tlv.from;
    this.matchedUntil = tlv.until;
    this.matchedDn = utf8(bytes, tlv.from, Math.min(tlv.until, tlv.from + 1024));
    if (!tlv.expect(OCTET_STRING, bytes, tlv.until, until)) return BAD_TAG;
    this.diagnostic = utf8(bytes, tlv.from, Math.min(tlv.until, tlv.from + 1024)).replace(/\0+$/, '');
    for (let at = tlv.until; at < until; at = tlv.until) {
      const reason = tlv.read(bytes, at, until);
      if (reason !== OK) return reason;
      if (tlv.tag === SERVER_SASL_CREDS) {
        this.tokenFrom = tlv.from;
        this.tokenUntil = tlv.until;
      } else if (tlv.tag === EXTENDED_RESPONSE_NAME) this.name = names.text('utf8', bytes, tlv.from, tlv.until);
      else if (tlv.tag === REFERRALS) this.referrals = texts(bytes, tlv.from, tlv.until);
    }
    return OK;
  }
}

/** searchRequest (4.5.1). */
export class SearchRequest {
  base = '';
  scope = 0;
  deref = 0;
  sizeLimit = 0;
  timeLimit = 0;
  typesOnly = false;
  filter = '';
  attributes: string[] = [];
  readonly #tlv = new Tlv();
  readonly #filter = new FilterReader();

  bind(message: LdapMessage): Reason {
    const tlv = this.#tlv;
    const { bytes, from, until } = message;
    this.filter = '';
    this.attributes = [];
    if (!tlv.expect(OCTET_STRING, bytes, from, until)) return BAD_TAG;
    this.base = utf8(bytes, tlv.from, tlv.until);
    if (!tlv.expect(ENUMERATED, bytes, tlv.until, until)) return BAD_TAG;
    this.scope = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(ENUMERATED, bytes, tlv.until, until)) return BAD_TAG;
    this.deref = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(INTEGER, bytes, tlv.until, until)) return BAD_TAG;
    this.sizeLimit = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(INTEGER, bytes, tlv.until, until)) return BAD_TAG;
    this.timeLimit = integer(bytes, tlv.from, tlv.until);
    if (!tlv.expect(BOOLEAN, bytes, tlv.until, until)) return BAD_TAG;
    this.typesOnly = tlv.until > tlv.from && u8(bytes, tlv.from) !== 0;
    const filterAt = tlv.until;
    const reason = tlv.read(bytes, filterAt, until);
    if (reason !== OK) return reason;
    const next = tlv.until;
    this.filter = this.#filter.text(bytes, filterAt, next);
    if (tlv.expect(SEQUENCE, bytes, next, until)) this.attributes = texts(bytes, tlv.from, tlv.until);
    return this.#filter.reason;
  }
}

/** One change of a modifyRequest, or one attribute of an addRequest: names only. */
export interface AttributeChange {
  readonly operation: number;
  readonly attribute: string;
  readonly values: number;
}

const outer = new Tlv();
const item = new Tlv();
const part = new Tlv();

/** Changes of a modifyRequest (4.6); values are counted, not read. */
export function changesOf(message: LdapMessage): AttributeChange[] {
  const found: AttributeChange[] = [];
  const { bytes, until } = message;
  if (!outer.expect(OCTET_STRING, bytes, message.from, until) || !outer.expect(SEQUENCE, bytes, outer.until, until)) return found;
  const end = outer.until;
  for (let at = outer.from; at < end && found.length < limits.attributes.value; at = item.until) {
    if (!item.expect(SEQUENCE, bytes, at, end) || !part.expect(ENUMERATED, bytes, item.from, item.until)) break;
    const operation = integer(bytes, part.from, part.until);
    if (!part.expect(SEQUENCE, bytes, part.until, item.until)) break;
    found.push({ operation, ...attributeOf(bytes, part.from, part.until) });
  }
  return found;
}

/** Attributes of an addRequest (4.7). */
export function attributesOf(message: LdapMessage): AttributeChange[] {
  const found: AttributeChange[] = [];
  const { bytes, until } = message;
  if (!outer.expect(OCTET_STRING, bytes, message.from, until) || !outer.expect(SEQUENCE, bytes, outer.until, until)) return found;
  const end = outer.until;
  for (let at = outer.from; at < end && found.length < limits.attributes.value; at = item.until) {
    if (!item.expect(SEQUENCE, bytes, at, end)) break;
    found.push({ operation: 0, ...attributeOf(bytes, item.from, item.until) });
  }
  return found;
}

/** PartialAttribute: its type and how many values it has. */
function attributeOf(bytes: Uint8Array, from: number, until: number): { attribute: string; values: number } {
  const tlv = new Tlv();
  if (!tlv.expect(OCTET_STRING, bytes, from, until)) return { attribute: '', values: 0 };
  const attribute = names.text('utf8', bytes, tlv.from, tlv.until);
  let values = 0;
  if (tlv.read(bytes, tlv.until, until) === OK) {
    const end = tlv.until;
    for (let at = tlv.from; at < end && tlv.read(bytes, at, end) === OK; at = tlv.until) values++;
  }
  return { attribute, values };
}

/** newrdn and newSuperior of a modDNRequest (4.9). */
export function renameOf(message: LdapMessage): { newRdn: string; newSuperior: string } {
  const { bytes, until } = message;
  let newRdn = '';
  let newSuperior = '';
  if (outer.expect(OCTET_STRING, bytes, message.from, until) && outer.expect(OCTET_STRING, bytes, outer.until, until)) {
    newRdn = utf8(bytes, outer.from, outer.until);
    for (let at = outer.until; at < until && outer.read(bytes, at, until) === OK; at = outer.until)
      if (outer.tag === NEW_SUPERIOR) newSuperior = utf8(bytes, outer.from, outer.until);
  }
  return { newRdn, newSuperior };
}

/** Attribute of a compareRequest (4.10). */
export function comparedAttribute(message: LdapMessage): string {
  const { bytes, until } = message;
  if (!outer.expect(OCTET_STRING, bytes, message.from, until) || !outer.expect(SEQUENCE, bytes, outer.until, until)) return '';
  return item.expect(OCTET_STRING, bytes, outer.from, outer.until) ? names.text('utf8', bytes, item.from, item.until) : '';
}

/** requestName of an extendedReq (4.12). */
export function requestNameOf(message: LdapMessage): string {
  const { bytes, from, until } = message;
  return outer.read(bytes, from, until) === OK && outer.tag === EXTENDED_NAME
    ? names.text('utf8', bytes, outer.from, outer.until)
    : '';
}

/** Range of the first value of the entry's attribute of that name; null when it has none. */
export function attributeValue(message: LdapMessage, attribute: string): { from: number; until: number } | null {
  const { bytes, until } = message;
  if (!outer.expect(OCTET_STRING, bytes, message.from, until) || !outer.expect(SEQUENCE, bytes, outer.until, until)) return null;
  const end = outer.until;
  for (let at = outer.from; at < end; at = item.until) {
    if (!item.expect(SEQUENCE, bytes, at, end) || !part.expect(OCTET_STRING, bytes, item.from, item.until)) return null;
    const name = names.text('utf8', bytes, part.from, part.until);
    if (name.toLowerCase() !== attribute || part.read(bytes, part.until, item.until) !== OK) continue;
    if (part.until > part.from && part.read(bytes, part.from, part.until) === OK) return { from: part.from, until: part.until };
  }
  return null;
}

function texts(bytes: Uint8Array, from: number, until: number): string[] {
  const found: string[] = [];
  const tlv = new Tlv();
  for (let at = from; at < until && tlv.read(bytes, at, until) === OK; at = tlv.until) {
    if (found.length >= limits.attributes.value) {
      hit(limits.attributes);
      break;
    }
    found.push(names.text('utf8', bytes, tlv.from, tlv.until));
  }
  return found;
}
