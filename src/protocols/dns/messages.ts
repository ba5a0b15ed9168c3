// One line a DNS message, for `--emit messages`.
import { OK } from '../../bytes/reason.ts';
import type { Context, Sink } from '../contract.ts';
import { type Field, ITEM } from '../fields.ts';
import { messageFields as F, recordFields } from './fields.ts';
import { dnsLimits as limits } from './limits.ts';
import { typeName } from './names.ts';
import { rdataText } from './rdata.ts';
import { type DnsMessage, NameReader, RecordReader } from './wire.ts';

export function sayMessage(message: DnsMessage, protocol: string, context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  context.tap?.(protocol, message.bytes, message.start, message.end);
  sink.begin(protocol, context);
  sink.int(F.id, message.id);
  sink.int(F.response, message.isResponse ? 1 : 0);
  sink.int(F.opcode, message.opcode);
  if (message.isResponse) sink.int(F.rcode, message.rcode);
  sink.int(F.flags, message.flags);
  if (message.qtype >= 0) {
    sink.text(F.qname, message.qname);
    sink.int(F.qtype, message.qtype);
    sink.int(F.qclass, message.qclass);
  }
  sink.int(F.answers, message.answers);
  sink.int(F.authorities, message.authorities);
  sink.int(F.additionals, message.additionals);
  if (message.answers > 0 && message.answersAt >= 0) sayRecords(sink, F.records, message);
  sink.end();
}

/** The answer section, as far as it can be read, up to the limit of what is told. */
export function sayRecords(sink: Sink, field: Field, message: DnsMessage): void {
  sink.list(field);
  let at = message.answersAt;
  for (let i = 0; i < message.answers && i < limits.told.value; i++) {
    const next = record.next(message, at);
    if (record.reason !== OK) break;
    sink.open(ITEM);
    sink.text(recordFields.name, name.owner(message, record.nameAt));
    sink.text(recordFields.type, typeName(record.type));
    sink.int(recordFields.ttl, record.ttl);
    sink.text(recordFields.data, rdataText(message, record.type, record.from, record.until));
    sink.close();
    at = next;
  }
  sink.endList();
}

const record = new RecordReader();
const name = new NameReader();
