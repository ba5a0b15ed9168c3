// Queries and answers of one flow: framing on TCP (RFC 1035 4.2.2), pairing by id and question, zone transfers (RFC 5936),
// dynamic updates (RFC 2136) and the GSS-TSIG tokens in TKEY (RFC 3645).
import { u16be } from '../../bytes/read.ts';
import { OK, SHORT } from '../../bytes/reason.ts';
import { parseAddress } from '../../ip/parse-address.ts';
import type { Context, Conversation, Direction, Identity, Transport } from '../contract.ts';
import { AuthExchange } from '../gss/exchange.ts';
import { hit } from '../limits.ts';
import { changesOf, keyId, type Query, say, type Types } from './activities.ts';
import { claimRecords, isHostName } from './claims.ts';
import { dnsLimits as limits } from './limits.ts';
import { sayMessage } from './messages.ts';
import { AXFR, IXFR, OPCODE_UPDATE, OPT, rcodeName, SOA, TKEY, TSIG } from './names.ts';
import { DnsMessage, HEADER, NameReader, RecordReader } from './wire.ts';

const LENGTH = 2;
/** GSS-API mode of TKEY (RFC 2930 2.5) and offsets behind the algorithm's name: times, mode, error, key size. */
const TKEY_AT = { ERROR: 10, SIZE: 12, KEY: 14 } as const;

const message = new DnsMessage();
const record = new RecordReader();
const algorithm = new NameReader();

export class DnsConversation implements Conversation {
  readonly #name: string;
  readonly #types: Types;
  readonly #tcp: boolean;
  readonly #multicast: boolean;
  readonly #pending: Query[] = [];
  readonly #want: [number, number] = [LENGTH, LENGTH];
  #exchange: AuthExchange | null = null;
  #identity: Identity | null = null;

  constructor(name: string, types: Types, transport: Transport) {
    this.#name = name;
    this.#types = types;
    this.#tcp = transport === 'tcp';
    this.#multicast = name !== 'dns';
  }

  get isIdle(): boolean {
    return this.#pending.length === 0 && this.#exchange === null;
  }

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    if (!this.#tcp) {
      this.#read(bytes, start, end, context);
      return end - start;
    }
    let at = start;
    this.#want[context.direction] = LENGTH;
    while (at + LENGTH <= end) {
      const length = u16be(bytes, at);
      if (at + LENGTH + length > end) {
        this.#want[context.direction] = LENGTH + length;
        break;
      }
      if (length > 0) this.#read(bytes, at + LENGTH, at + LENGTH + length, context);
      at += LENGTH + length;
    }
    return at - start;
  }

  gap(): boolean {
    // Without its length prefixes the stream cannot be followed; a new connection can.
    return false;
  }

  close(context: Context): void {
    if (context.activities !== null) for (const query of this.#pending) this.#sayQuery(query, null, context);
    this.#pending.length = 0;
    this.#exchange?.abandon(context);
    this.#exchange = null;
    this.#identity = null;
    this.#want[0] = LENGTH;
    this.#want[1] = LENGTH;
  }

  #read(bytes: Uint8Array, start: number, end: number, context: Context): void {
    const reason = message.bind(bytes, start, end);
    if (reason !== OK) context.refuse(this.#name, reason);
    if (reason === SHORT && end - start < HEADER) return;
    sayMessage(message, this.#name, context);
    if (context.duplicate) return;
    if (message.isResponse) this.#response(message, context);
    else this.#query(message, context);
  }

  #query(message: DnsMessage, context: Context): void {
    if (message.answersAt >= 0 && message.qtype === TKEY) this.#keyExchange(message, context);
    if (context.activities === null) return;
    for (const query of this.#pending)
      if (query.id === message.id && query.qname === message.qname && query.qtype === message.qtype) {
        query.retransmissions++;
        return;
      }
    this.#expire(context);
    const isUpdate = message.opcode === OPCODE_UPDATE;
    readAdditionals(message);
    const query: Query = {
      id: message.id,
      opcode: message.opcode,
      qname: message.qname,
      qtype: message.qtype,
      qclass: message.qclass,
      flags: message.flags,
      frame: context.frame,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      direction: context.direction,
      changes: isUpdate && message.answersAt >= 0 ? this.#changes(message) : null,
      prerequisites: isUpdate ? message.answers : 0,
      signedBy,
      edns,
      retransmissions: 0,
      messages: 0,
      records: 0,
      soas: 0,
    };
    // The answer to a multicast question comes from elsewhere, to elsewhere: it is an activity of its own.
    if (this.#multicast && isMulticast(context)) this.#sayQuery(query, null, context);
    else this.#pending.push(query);
  }

  #response(message: DnsMessage, context: Context): void {
    if (message.answersAt >= 0 && message.opcode !== OPCODE_UPDATE)
      claimRecords(message, message.answersAt, message.answers, this.#multicast ? this.#name : 'dns', context);
    if (message.answersAt >= 0 && (message.qtype === TKEY || this.#exchange !== null)) this.#keyExchange(message, context);
    if (context.activities === null) return;
    const at = this.#answered(message, context.direction);
    const query = this.#pending[at];
    if (query === undefined) {
      if (this.#multicast) this.#announcement(message, context);
      return;
    }
    if ((query.qtype === AXFR || query.qtype === IXFR) && message.rcode === 0 && this.#transferGoesOn(query, message)) return;
    if (this.#pending.length === 1) this.#pending.pop();
    else this.#pending.splice(at, 1);
    if (query.opcode === OPCODE_UPDATE && message.rcode === 0) this.#claimUpdate(query, context);
    this.#sayQuery(query, message, context);
  }

  /** Which pending query the message that goes in `direction` answers, or -1. */
  #answered(message: DnsMessage, direction: Direction): number {
    for (let at = 0; at < this.#pending.length; at++) {
      const query = this.#pending[at]!;
      if (query.id !== message.id || query.direction === direction) continue;
      if (message.qtype < 0 || (query.qtype === message.qtype && sameName(query.qname, message.qname))) return at;
    }
    return -1;
  }

  /** Counts SOA records: a transfer begins with one and ends with the second (RFC 5936 2.2). */
  #transferGoesOn(query: Query, message: DnsMessage): boolean {
    query.messages++;
    if (message.answersAt < 0) return false;
    let from = message.answersAt;
    let first = -1;
    for (let i = 0; i < message.answers; i++) {
      const next = record.next(message, from);
      if (record.reason !== OK) return false;
      if (query.records === 0) first = record.type;
      query.records++;
      if (record.type === SOA) query.soas++;
      from = next;
    }
    // Nothing at all is how Samba refuses a transfer.
    if (query.records === 0) return false;
    // One SOA alone answers an IXFR of a zone that did not change.
    if (query.qtype === IXFR && query.records === 1 && first === SOA) return false;
    return this.#tcp && query.soas < 2;
  }

  #announcement(message: DnsMessage, context: Context): void {
    if (message.answers === 0) return;
    record.next(message, message.answersAt);
    const owner =
      record.reason === OK && message.answersAt >= 0
        ? algorithm.text(message.bytes, message.start, record.nameAt, message.end)
        : message.qname;
    const query: Query = {
      id: message.id,
      opcode: message.opcode,
      qname: message.qtype >= 0 ? message.qname : owner,
      qtype: message.qtype >= 0 ? message.qtype : record.type,
      qclass: 1,
      flags: message.flags,
      frame: context.frame,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      direction: context.direction,
      changes: null,
      prerequisites: 0,
      signedBy: '',
      edns: 0,
      retransmissions: 0,
      messages: 0,
      records: 0,
      soas: 0,
    };
    this.#sayQuery(query, message, context);
  }

  #sayQuery(query: Query, answer: DnsMessage | null, context: Context): void {
    const sink = context.activities;
    if (sink === null) return;
    const account: Identity | null =
      query.signedBy !== ''
        ? { name: '', domain: '', kind: 'user', ticket: keyId(query.signedBy) }
        : query.qtype === TKEY && answer !== null
          ? this.#identity
          : null;
    if (query.opcode === OPCODE_UPDATE) say(sink, this.#types.update, query, answer, account, context);
    else if (query.qtype === AXFR || query.qtype === IXFR)
      say(sink, this.#types.transfer, query, answer, account, context, {
        messages: Math.max(query.messages, answer === null ? 0 : 1),
        records: query.records,
      });
    else say(sink, this.#types.query, query, answer, account, context);
  }

  #changes(message: DnsMessage): Query['changes'] {
    const at = skipRecords(message, message.answersAt, message.answers);
    return at < 0 ? [] : changesOf(message, at, message.authorities);
  }

  /** An accepted update ties the names it added to addresses; they were kept as text. The zone's own name is no computer's. */
  #claimUpdate(query: Query, context: Context): void {
    for (const change of query.changes ?? []) {
      if (change.action !== 'add' || (change.type !== 'A' && change.type !== 'AAAA')) continue;
      if (!isHostName(change.name) || change.name.toLowerCase() === query.qname.toLowerCase()) continue;
      const bytes = parseAddress(change.data);
      if (bytes !== null)
        context.claims.address(bytes, 0, bytes.length === 4 ? 4 : 16, change.name, query.qname, 'dns-update', context);
    }
  }

  /** TKEY in GSS-API mode: the key data is a security token (RFC 3645 3.1). */
  #keyExchange(message: DnsMessage, context: Context): void {
    const total = message.answers + message.authorities + message.additionals;
    let from = message.answersAt;
    for (let i = 0; i < total && i < limits.records.value; i++) {
      const next = record.next(message, from);
      if (record.reason !== OK) return;
      if (record.type === TKEY) this.#tkey(message, context);
      from = next;
    }
  }

  #tkey(message: DnsMessage, context: Context): void {
    const { bytes } = message;
    algorithm.text(bytes, message.start, record.from, record.until);
    const at = algorithm.next;
    if (algorithm.reason !== OK || at + TKEY_AT.KEY > record.until) return;
    const key = at + TKEY_AT.KEY;
    const until = Math.min(record.until, key + u16be(bytes, at + TKEY_AT.SIZE));
    this.#exchange ??= new AuthExchange(this.#name);
    this.#exchange.token(bytes, key, until, context);
    if (!message.isResponse || !this.#exchange.waiting) return;
    const error = u16be(bytes, at + TKEY_AT.ERROR) || message.rcode;
    this.#exchange.finish(error === 0 ? 'success' : 'failure', error === 0 ? '' : rcodeName(error), context);
    this.#identity = this.#exchange.identity;
  }

  /** Queries that have waited too long are said as unanswered, oldest first. */
  #expire(context: Context): void {
    for (let oldest = this.#pending[0]; oldest !== undefined; oldest = this.#pending[0]) {
      const isFull = this.#pending.length >= limits.pending.value;
      if (!isFull && context.seconds - oldest.seconds <= limits.querySeconds.value) return;
      if (isFull) hit(limits.pending);
      this.#pending.shift();
      this.#sayQuery(oldest, null, context);
    }
  }
}

const sameName = (a: string, b: string): boolean => a === b || a.toLowerCase() === b.toLowerCase();

/** mDNS and LLMNR ask a group; a unicast question is answered in its flow. */
const isMulticast = (context: Context): boolean => context.toMulticast;

function skipRecords(message: DnsMessage, at: number, count: number): number {
  let from = at;
  for (let i = 0; i < count; i++) {
    if (i >= limits.records.value) return -1;
    from = record.next(message, from);
    if (record.reason !== OK) return -1;
  }
  return from;
}

/** What readAdditionals() found. */
let signedBy = '';
let edns = 0;

/** Signer (TSIG) and payload size (OPT) of a query's additional section. */
function readAdditionals(message: DnsMessage): void {
  signedBy = '';
  edns = 0;
  if (message.answersAt < 0 || message.additionals === 0) return;
  let at = skipRecords(message, message.answersAt, message.answers + message.authorities);
  for (let i = 0; at >= 0 && i < message.additionals && i < limits.records.value; i++) {
    const next = record.next(message, at);
    if (record.reason !== OK) return;
    if (record.type === OPT) edns = record.class;
    else if (record.type === TSIG) signedBy = algorithm.text(message.bytes, message.start, record.nameAt, message.end);
    at = next;
  }
}
