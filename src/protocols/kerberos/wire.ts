// Kerberos V5 messages in place (RFC 4120 section 5). bind() walks a message once; the accessors read the ranges it found.
import { application, BIT_STRING, INTEGER, integer, OCTET_STRING, SEQUENCE, Tlv } from '../../bytes/der.ts';
import { names } from '../../bytes/intern.ts';
import { u8, u32be, u32le } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, type Reason, TOO_MANY } from '../../bytes/reason.ts';
import { hit } from '../limits.ts';
import { kerberosLimits as limits } from './limits.ts';
import { AP_REP, AP_REQ, AS_REP, AS_REQ, KRB_CRED, KRB_ERROR, KRB_SAFE, PA_TGS_REQ, TGS_REP, TGS_REQ } from './names.ts';
import { Sequence } from './sequence.ts';

/** Fields of KDC-REQ-BODY (5.4.1), by tag. */
export const BODY = {
  OPTIONS: 0,
  CNAME: 1,
  REALM: 2,
  SNAME: 3,
  FROM: 4,
  TILL: 5,
  RTIME: 6,
  NONCE: 7,
  ETYPE: 8,
  ADDRESSES: 9,
  TICKETS: 11,
} as const;
/** Fields of KDC-REQ (5.4.1): pvno is [1] here, [0] in all other messages. */
const REQ = { PVNO: 1, TYPE: 2, PADATA: 3, BODY: 4 } as const;
/** Fields of KDC-REP (5.4.2). */
const REP = { PADATA: 2, CREALM: 3, CNAME: 4, TICKET: 5, ENC: 6 } as const;
/** Fields of AP-REQ (5.5.1), AP-REP (5.5.2), KRB-PRIV (5.7.1). */
const AP = { OPTIONS: 2, TICKET: 3, AUTHENTICATOR: 4 } as const;
/** Fields of KRB-ERROR (5.9.1). */
const ERROR = { STIME: 4, SUSEC: 5, CODE: 6, CREALM: 7, CNAME: 8, REALM: 9, SNAME: 10, ETEXT: 11, EDATA: 12 } as const;

const TICKET_TAG = application(1);
const PVNO = 5;
const EMPTY = new Uint8Array(0);

/** EncryptedData (5.2.9). */
export class EncryptedData {
  readonly #fields = new Sequence(3);
  #bytes: Uint8Array = EMPTY;

  bind(bytes: Uint8Array, at: number, end: number): Reason {
    this.#bytes = bytes;
    return this.#fields.bind(bytes, at, end);
  }
  /** NaN when absent. */
  get etype(): number {
    return integerIn(this.#bytes, this.#fields, 0);
  }
  get kvno(): number {
    return integerIn(this.#bytes, this.#fields, 1);
  }
  /** Range of the ciphertext; empty when absent. */
  get cipherFrom(): number {
    return this.#cipher() ? tlv.from : 0;
  }
  get cipherUntil(): number {
    return this.#cipher() ? tlv.until : 0;
  }
  #cipher(): boolean {
    const fields = this.#fields;
    return fields.has(2) && tlv.expect(OCTET_STRING, this.#bytes, fields.from(2), fields.until(2));
  }
}

/** Ticket (5.3). */
export class Ticket {
  readonly enc = new EncryptedData();
  readonly #fields = new Sequence(4);
  #bytes: Uint8Array = EMPTY;
  /** Bytes of the whole ticket. */
  size = 0;

  bind(bytes: Uint8Array, at: number, end: number): Reason {
    this.#bytes = bytes;
    this.#fields.clear();
    const reason = tlv.read(bytes, at, end);
    if (reason !== OK) return reason;
    if (tlv.tag !== TICKET_TAG) return BAD_TAG;
    this.size = tlv.until - at;
    const inner = this.#fields.bind(bytes, tlv.from, tlv.until);
    if (inner !== OK) return inner;
    return this.#fields.has(3) ? this.enc.bind(bytes, this.#fields.from(3), this.#fields.until(3)) : BAD_VALUE;
  }
  get realm(): string {
    return stringIn(this.#bytes, this.#fields, 1);
  }
  get sname(): string {
    return principalIn(this.#bytes, this.#fields, 2);
  }
}

/** One entry of a list of PA-DATA (5.2.7). */
export class PaData {
  type = 0;
  from = 0;
  until = 0;
}

/** Any message that starts with its APPLICATION tag. Accessors of what a message lacks give '' or NaN. */
export class KerberosMessage {
  /** Message type: also the APPLICATION tag. */
  type = 0;
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  readonly ticket = new Ticket();
  hasTicket = false;
  /** Reply's enc-part, AP-REQ's authenticator. */
  readonly enc = new EncryptedData();
  hasEnc = false;
  readonly #outer = new Sequence(13);
  readonly #body = new Sequence(12);
  #padataFrom = 0;
  #padataUntil = 0;

  /** Binds the message at `start`, which must fill [start, end) but for trailing bytes. */
  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hasTicket = false;
    this.hasEnc = false;
    this.#body.clear();
    this.#outer.clear();
    this.#padataFrom = 0;
    this.#padataUntil = 0;
    const reason = tlv.read(bytes, start, end);
    if (reason !== OK) return reason;
    const type = tlv.tag - application(0);
    if (!isMessageType(type)) return BAD_TAG;
    this.type = type;
    const bound = this.#outer.bind(bytes, tlv.from, tlv.until);
    if (bound !== OK) return bound;
    const isRequest = type === AS_REQ || type === TGS_REQ;
    if (integerIn(bytes, this.#outer, isRequest ? REQ.PVNO : 0) !== PVNO) return BAD_VALUE;
    if (integerIn(bytes, this.#outer, isRequest ? REQ.TYPE : 1) !== type) return BAD_VALUE;
    if (isRequest) return this.#bindRequest();
    if (type === AS_REP || type === TGS_REP) return this.#bindReply();
    if (type === AP_REQ) return this.#bindApRequest();
    return OK;
  }

  #bindRequest(): Reason {
    const outer = this.#outer;
    this.#padata(REQ.PADATA);
    return outer.has(REQ.BODY) ? this.#body.bind(this.bytes, outer.from(REQ.BODY), outer.until(REQ.BODY)) : BAD_VALUE;
  }

  #bindReply(): Reason {
    const outer = this.#outer;
    this.#padata(REP.PADATA);
    if (!outer.has(REP.TICKET) || !outer.has(REP.ENC)) return BAD_VALUE;
    const ticket = this.ticket.bind(this.bytes, outer.from(REP.TICKET), outer.until(REP.TICKET));
    if (ticket !== OK) return ticket;
    this.hasTicket = true;
    const enc = this.enc.bind(this.bytes, outer.from(REP.ENC), outer.until(REP.ENC));
    this.hasEnc = enc === OK;
    return enc;
  }

  #bindApRequest(): Reason {
    const outer = this.#outer;
    if (!outer.has(AP.TICKET) || !outer.has(AP.AUTHENTICATOR)) return BAD_VALUE;
    const ticket = this.ticket.bind(this.bytes, outer.from(AP.TICKET), outer.until(AP.TICKET));
    if (ticket !== OK) return ticket;
    this.hasTicket = true;
    const enc = this.enc.bind(this.bytes, outer.from(AP.AUTHENTICATOR), outer.until(AP.AUTHENTICATOR));
    this.hasEnc = enc === OK;
    return enc;
  }

  #padata(field: number): void {
    const outer = this.#outer;
    if (!outer.has(field) || !tlv.expect(SEQUENCE, this.bytes, outer.from(field), outer.until(field))) return;
    this.#padataFrom = tlv.from;
    this.#padataUntil = tlv.until;
  }

  get #isRequest(): boolean {
    return this.type === AS_REQ || this.type === TGS_REQ;
  }
  get #isReply(): boolean {
    return this.type === AS_REP || this.type === TGS_REP;
  }

  get cname(): string {
    if (this.#isRequest) return principalIn(this.bytes, this.#body, BODY.CNAME);
    if (this.#isReply) return principalIn(this.bytes, this.#outer, REP.CNAME);
    return this.type === KRB_ERROR ? principalIn(this.bytes, this.#outer, ERROR.CNAME) : '';
  }
  get crealm(): string {
    if (this.#isReply) return stringIn(this.bytes, this.#outer, REP.CREALM);
    return this.type === KRB_ERROR ? stringIn(this.bytes, this.#outer, ERROR.CREALM) : '';
  }
  get realm(): string {
    if (this.#isRequest) return stringIn(this.bytes, this.#body, BODY.REALM);
    return this.type === KRB_ERROR ? stringIn(this.bytes, this.#outer, ERROR.REALM) : '';
  }
  get sname(): string {
    if (this.#isRequest) return principalIn(this.bytes, this.#body, BODY.SNAME);
    return this.type === KRB_ERROR ? principalIn(this.bytes, this.#outer, ERROR.SNAME) : '';
  }
  /** Name type of a request's cname (RFC 4120 6.2); NaN when absent. */
  get cnameType(): number {
    return this.#isRequest ? nameTypeIn(this.bytes, this.#body, BODY.CNAME) : Number.NaN;
  }
  get errorCode(): number {
    return this.type === KRB_ERROR ? integerIn(this.bytes, this.#outer, ERROR.CODE) : Number.NaN;
  }
  get eText(): string {
    return this.type === KRB_ERROR ? stringIn(this.bytes, this.#outer, ERROR.ETEXT) : '';
  }
  get serverTime(): string {
    return this.type === KRB_ERROR ? stringIn(this.bytes, this.#outer, ERROR.STIME) : '';
  }
  get nonce(): number {
    return this.#isRequest ? integerIn(this.bytes, this.#body, BODY.NONCE) : Number.NaN;
  }
  /** KerberosTime (`YYYYMMDDHHMMSSZ`) of a request's body field. */
  time(field: typeof BODY.FROM | typeof BODY.TILL | typeof BODY.RTIME): string {
    return this.#isRequest ? stringIn(this.bytes, this.#body, field) : '';
  }

  /** KDCOptions or APOptions as 32 bits; 0 when absent. The range is that of the bits (see optionsFrom). */
  get options(): number {
    return this.#options() && tlv.until - tlv.from >= 5 ? u32be(this.bytes, tlv.from + 1) : 0;
  }
  /** Range of the options' bytes; empty when absent. */
  get optionsFrom(): number {
    return this.#options() ? tlv.from + 1 : 0;
  }
  get optionsUntil(): number {
    return this.#options() ? tlv.until : 0;
  }
  #options(): boolean {
    const fields = this.#isRequest ? this.#body : this.#outer;
    const field = this.#isRequest ? BODY.OPTIONS : AP.OPTIONS;
    if (!this.#isRequest && this.type !== AP_REQ) return false;
    return (
      fields.has(field) && tlv.expect(BIT_STRING, this.bytes, fields.from(field), fields.until(field)) && tlv.until > tlv.from
    );
  }

  /** Walks the padata list from `at` (0: its start) into `entry`; returns where to go on, or 0 at its end. */
  nextPadata(at: number, entry: PaData): number {
    const from = at === 0 ? this.#padataFrom : at;
    return nextPaData(this.bytes, from, this.#padataUntil, entry);
  }

  /** Encryption types offered in a request, in order. */
  etypes(out: number[]): Reason {
    out.length = 0;
    const body = this.#body;
    if (
      !this.#isRequest ||
      !body.has(BODY.ETYPE) ||
      !tlv.expect(SEQUENCE, this.bytes, body.from(BODY.ETYPE), body.until(BODY.ETYPE))
    )
      return OK;
    const until = tlv.until;
    for (let at = tlv.from; at < until; at = tlv.until) {
      if (!tlv.expect(INTEGER, this.bytes, at, until)) return BAD_TAG;
      if (out.length >= limits.elements.value) {
        hit(limits.elements);
        return TOO_MANY;
      }
      out.push(integer(this.bytes, tlv.from, tlv.until));
    }
    return OK;
  }

  /** Range of a request's HostAddresses content, or of additional tickets; empty when absent. */
  list(field: typeof BODY.ADDRESSES | typeof BODY.TICKETS): { from: number; until: number } | null {
    const body = this.#body;
    if (!this.#isRequest || !body.has(field) || !tlv.expect(SEQUENCE, this.bytes, body.from(field), body.until(field)))
      return null;
    return { from: tlv.from, until: tlv.until };
  }

  /** Range of a KRB-ERROR's e-data content; empty when absent. */
  get eDataFrom(): number {
    return this.#eData() ? tlv.from : 0;
  }
  get eDataUntil(): number {
    return this.#eData() ? tlv.until : 0;
  }
  #eData(): boolean {
    const outer = this.#outer;
    return (
      this.type === KRB_ERROR &&
      outer.has(ERROR.EDATA) &&
      tlv.expect(OCTET_STRING, this.bytes, outer.from(ERROR.EDATA), outer.until(ERROR.EDATA))
    );
  }

  /** Range of the AP-REQ inside a PA-TGS-REQ; null when there is none. */
  presented(entry: PaData): boolean {
    for (let at = this.nextPadata(0, entry); at !== 0; at = this.nextPadata(at, entry))
      if (entry.type === PA_TGS_REQ) return true;
    return false;
  }
}

export function isMessageType(type: number): boolean {
  return (type >= AS_REQ && type <= AP_REP) || (type >= KRB_SAFE && type <= KRB_CRED) || type === KRB_ERROR;
}

const paFields = new Sequence(3);
const listTlv = new Tlv();

/** The PA-DATA at `at` of a list that ends at `until`; returns where the next one is, 0 when there is none here. */
export function nextPaData(bytes: Uint8Array, at: number, until: number, entry: PaData): number {
  if (at >= until || listTlv.read(bytes, at, until) !== OK) return 0;
  const next = listTlv.until;
  if (paFields.bind(bytes, at, next) !== OK) return 0;
  const type = integerIn(bytes, paFields, 1);
  if (Number.isNaN(type)) return 0;
  entry.type = type;
  entry.from = 0;
  entry.until = 0;
  if (paFields.has(2) && listTlv.expect(OCTET_STRING, bytes, paFields.from(2), paFields.until(2))) {
    entry.from = listTlv.from;
    entry.until = listTlv.until;
  }
  return next;
}

/** Content of HostAddresses (5.2.5), one by one: type and range of the address. */
export class HostAddresses {
  type = 0;
  from = 0;
  until = 0;
  readonly #fields = new Sequence(2);
  readonly #tlv = new Tlv();

  /** Reads the HostAddress at `at`; returns where the next one is, or 0. */
  next(bytes: Uint8Array, at: number, until: number): number {
    const tlv = this.#tlv;
    if (at >= until || tlv.read(bytes, at, until) !== OK) return 0;
    const next = tlv.until;
    if (this.#fields.bind(bytes, at, next) !== OK || !this.#fields.has(1)) return 0;
    this.type = integerIn(bytes, this.#fields, 0);
    if (!tlv.expect(OCTET_STRING, bytes, this.#fields.from(1), this.#fields.until(1))) return 0;
    this.from = tlv.from;
    this.until = tlv.until;
    return next;
  }
}

const errorData = new Sequence(3);
const KERB_ERR_TYPE_EXTENDED = 3;

/** NTSTATUS inside KERB-ERROR-DATA (MS-KILE 2.2.2), as Windows puts it into e-data; -1 when there is none. */
export function ntStatusOf(bytes: Uint8Array, from: number, until: number): number {
  if (from >= until || errorData.bind(bytes, from, until) !== OK) return -1;
  if (integerIn(bytes, errorData, 1) !== KERB_ERR_TYPE_EXTENDED || !errorData.has(2)) return -1;
  if (!tlv.expect(OCTET_STRING, bytes, errorData.from(2), errorData.until(2)) || tlv.until - tlv.from < 4) return -1;
  return u32le(bytes, tlv.from);
}

const forUser = new Sequence(4);

/** PA-FOR-USER (MS-SFU 2.2.1): `user` and `realm`, or null. */
export function forUserOf(bytes: Uint8Array, entry: PaData): { user: string; realm: string } | null {
  if (forUser.bind(bytes, entry.from, entry.until) !== OK || !forUser.has(0)) return null;
  return { user: principalIn(bytes, forUser, 0), realm: stringIn(bytes, forUser, 1) };
}

const etypeInfo = new Sequence(3);

/** Encryption types of ETYPE-INFO2 (5.2.7.5) or ETYPE-INFO, and the first salt. */
export function etypeInfoOf(bytes: Uint8Array, entry: PaData): { etypes: number[]; salt: string } {
  const etypes: number[] = [];
  let salt = '';
  if (!listTlv.expect(SEQUENCE, bytes, entry.from, entry.until)) return { etypes, salt };
  const until = listTlv.until;
  for (let at = listTlv.from; at < until && etypes.length < limits.elements.value; ) {
    if (listTlv.read(bytes, at, until) !== OK || etypeInfo.bind(bytes, at, listTlv.until) !== OK) break;
    at = listTlv.until;
    const etype = integerIn(bytes, etypeInfo, 0);
    if (Number.isNaN(etype)) break;
    etypes.push(etype);
    if (salt === '') salt = stringIn(bytes, etypeInfo, 1);
  }
  return { etypes, salt };
}

const pacFlag = new Sequence(1);

/** include-pac of PA-PAC-REQUEST (MS-KILE 2.2.3); undefined when unreadable. */
export function includePacOf(bytes: Uint8Array, entry: PaData): boolean | undefined {
  if (pacFlag.bind(bytes, entry.from, entry.until) !== OK || !pacFlag.has(0)) return undefined;
  return tlv.read(bytes, pacFlag.from(0), pacFlag.until(0)) === OK && tlv.until === tlv.from + 1
    ? u8(bytes, tlv.from) !== 0
    : undefined;
}

/** Flags of PA-PAC-OPTIONS (MS-KILE 2.2.10) as 32 bits; NaN when unreadable. */
export function pacOptionsOf(bytes: Uint8Array, entry: PaData): number {
  if (pacFlag.bind(bytes, entry.from, entry.until) !== OK || !pacFlag.has(0)) return Number.NaN;
  return tlv.expect(BIT_STRING, bytes, pacFlag.from(0), pacFlag.until(0)) && tlv.until - tlv.from >= 5
    ? u32be(bytes, tlv.from + 1)
    : Number.NaN;
}

const tlv = new Tlv();

function integerIn(bytes: Uint8Array, fields: Sequence, field: number): number {
  return fields.has(field) && tlv.expect(INTEGER, bytes, fields.from(field), fields.until(field))
    ? integer(bytes, tlv.from, tlv.until)
    : Number.NaN;
}

/** A KerberosString or KerberosTime (5.2.1, 5.2.3), whatever its string tag. */
function stringIn(bytes: Uint8Array, fields: Sequence, field: number): string {
  return fields.has(field) && tlv.read(bytes, fields.from(field), fields.until(field)) === OK
    ? names.text('utf8', bytes, tlv.from, tlv.until)
    : '';
}

const principal = new Sequence(2);

function nameTypeIn(bytes: Uint8Array, fields: Sequence, field: number): number {
  return fields.has(field) && principal.bind(bytes, fields.from(field), fields.until(field)) === OK
    ? integerIn(bytes, principal, 0)
    : Number.NaN;
}

/** A PrincipalName's components joined by '/' (5.2.2, RFC 1964 2.1.1). */
function principalIn(bytes: Uint8Array, fields: Sequence, field: number): string {
  if (!fields.has(field) || principal.bind(bytes, fields.from(field), fields.until(field)) !== OK || !principal.has(1)) return '';
  if (!tlv.expect(SEQUENCE, bytes, principal.from(1), principal.until(1))) return '';
  const until = tlv.until;
  let text = '';
  let count = 0;
  for (let at = tlv.from; at < until; at = tlv.until) {
    if (tlv.read(bytes, at, until) !== OK || ++count > limits.elements.value) break;
    const part = names.text('utf8', bytes, tlv.from, tlv.until);
    text = count === 1 ? part : `${text}/${part}`;
  }
  return text;
}

/** Where the Ticket after the one at `at` is; 0 when there is none at `at`. */
export function nextTicket(bytes: Uint8Array, at: number, until: number): number {
  return at < until && tlv.expect(TICKET_TAG, bytes, at, until) ? tlv.until : 0;
}
