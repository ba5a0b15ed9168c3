// What DNS transactions mean to the reader: queries, dynamic updates, zone transfers.
import { OK } from '../../bytes/reason.ts';
import type { ActivitySink, Context, Direction, Identity } from '../contract.ts';
import { type ActivityType, ITEM } from '../fields.ts';
import { began, endedNow } from '../moments.ts';
import { secretId } from '../run-key.ts';
import { detailFields as F, updateItemFields } from './fields.ts';
import { dnsLimits as limits } from './limits.ts';
import { sayRecords } from './messages.ts';
import {
  ANY,
  CLASS_ANY,
  CLASS_IN,
  CLASS_NONE,
  className,
  MDI_TYPES,
  OPCODE_QUERY,
  opcodeName,
  rcodeName,
  TKEY,
  typeName,
} from './names.ts';
import { rdataText } from './rdata.ts';
import { type DnsMessage, NameReader, RecordReader } from './wire.ts';

export interface Types {
  readonly query: ActivityType;
  readonly update: ActivityType;
  readonly transfer: ActivityType;
}

/** A change that an update asks for, in words. */
export interface Change {
  readonly action: string;
  readonly name: string;
  readonly type: string;
  readonly data: string;
}

/** What is remembered of a query. */
export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly qname: string;
  readonly qtype: number;
  readonly qclass: number;
  readonly flags: number;
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly direction: Direction;
  readonly changes: readonly Change[] | null;
  readonly prerequisites: number;
  readonly signedBy: string;
  readonly edns: number;
  retransmissions: number;
  /** Zone transfer under way. */
  messages: number;
  records: number;
  soas: number;
}

export interface Transfer {
  readonly messages: number;
  readonly records: number;
}

/** What RFC 2308 2.2 calls an answer of NOERROR without records. */
const NODATA = 'NODATA';

/** A finished (or unanswered) transaction of any kind. */
export function say(
  sink: ActivitySink,
  type: ActivityType,
  query: Query,
  answer: DnsMessage | null,
  account: Identity | null,
  context: Context,
  transfer?: Transfer,
): void {
  const e = sink.envelope(type, context);
  began(e, query);
  e.target = query.qname === '' ? '.' : query.qname;
  e.account = account;
  // A negotiated key stands for who negotiated it: what it signs later, on whatever connection, is theirs (RFC 3645 4.1).
  if (query.qtype === TKEY && account !== null) e.issues = keyId(query.qname);
  const rcode = answer?.rcode ?? 0;
  // A zone has its SOA at least: who gets nothing of it was refused.
  const isEmpty = transfer !== undefined && rcode === 0 && answer?.answers === 0 && transfer.records === 0;
  e.outcome = answer === null ? 'unanswered' : rcode === 0 && !isEmpty ? 'success' : 'failure';
  if (e.outcome === 'failure') e.reason = isEmpty ? NODATA : rcodeName(rcode);
  e.mdi = MDI_TYPES.has(query.qtype) && query.opcode === OPCODE_QUERY ? 'DNS query' : '';
  if (answer !== null) {
    endedNow(e, context);
  }
  sink.begin(e, context);
  sink.int(F.id, query.id);
  if (query.opcode !== OPCODE_QUERY) sink.text(F.opcode, opcodeName(query.opcode));
  if (query.qtype >= 0) sink.text(F.qtype, typeName(query.qtype));
  if (query.qtype >= 0 && query.qclass !== CLASS_IN) sink.text(F.qclass, className(query.qclass & 0x7fff));
  if (answer !== null) sink.text(F.rcode, rcodeName(rcode));
  sayFlags(sink, answer?.flags ?? query.flags);
  if (query.edns > 0) sink.int(F.edns, query.edns);
  if (query.signedBy !== '') sink.text(F.signed, query.signedBy);
  if (query.changes !== null) sayChanges(sink, query);
  if (transfer !== undefined) {
    sink.int(F.messages, transfer.messages);
    sink.int(F.records, transfer.records);
  } else if (answer !== null && answer.answers > 0 && query.changes === null) {
    sink.int(F.answerCount, answer.answers);
    if (answer.answersAt >= 0) sayRecords(sink, F.answers, answer);
  }
  if (query.retransmissions > 0) sink.int(F.retransmissions, query.retransmissions);
  sink.end();
}

const encoder = new TextEncoder();

/** Id of a TSIG key by its name, which is unique to one negotiation. */
export function keyId(name: string): number {
  const bytes = encoder.encode(`tsig ${name.toLowerCase()}`);
  return secretId(bytes, 0, bytes.length);
}

const FLAGS: readonly (readonly [number, string])[] = [
  [0x0400, 'aa'],
  [0x0200, 'tc'],
  [0x0100, 'rd'],
  [0x0080, 'ra'],
  [0x0020, 'ad'],
  [0x0010, 'cd'],
];

function sayFlags(sink: ActivitySink, flags: number): void {
  sink.list(F.flags);
  for (const [bit, name] of FLAGS) if ((flags & bit) !== 0) sink.text(ITEM, name);
  sink.endList();
}

function sayChanges(sink: ActivitySink, query: Query): void {
  sink.int(F.prerequisites, query.prerequisites);
  sink.list(F.updates);
  for (const change of query.changes ?? []) {
    sink.open(ITEM);
    sink.text(updateItemFields.action, change.action);
    sink.text(updateItemFields.name, change.name);
    if (change.type !== '') sink.text(updateItemFields.type, change.type);
    if (change.data !== '') sink.text(updateItemFields.data, change.data);
    sink.close();
  }
  sink.endList();
}

const record = new RecordReader();
const owner = new NameReader();

/** The update section of a dynamic update (RFC 2136 2.5): `count` records from `at` on. */
export function changesOf(message: DnsMessage, at: number, count: number): Change[] {
  const changes: Change[] = [];
  let from = at;
  for (let i = 0; i < count && i < limits.told.value; i++) {
    const next = record.next(message, from);
    if (record.reason !== OK) break;
    const action =
      record.class === CLASS_ANY
        ? record.type === ANY
          ? 'delete-name'
          : 'delete-rrset'
        : record.class === CLASS_NONE
          ? 'delete-rr'
          : 'add';
    changes.push({
      action,
      name: owner.text(message.bytes, message.start, record.nameAt, message.end),
      type: action === 'delete-name' ? '' : typeName(record.type),
      data: record.until > record.from ? rdataText(message, record.type, record.from, record.until) : '',
    });
    from = next;
  }
  return changes;
}
