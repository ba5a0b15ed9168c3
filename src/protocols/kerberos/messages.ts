// One line a Kerberos message, for `--emit messages`.
import type { Context } from '../contract.ts';
import { ITEM } from '../fields.ts';
import { idText, secretId } from '../run-key.ts';
import { messageFields as F } from './fields.ts';
import { AS_REQ, errorName, KRB_ERROR, MESSAGE_NAMES, TGS_REQ } from './names.ts';
import { BODY, type KerberosMessage, PaData } from './wire.ts';

const entry = new PaData();
const etypes: number[] = [];

export function sayMessage(message: KerberosMessage, context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  const { type, bytes } = message;
  context.tap?.('kerberos', bytes, message.start, message.end);
  sink.begin('kerberos', context);
  sink.text(F.msgType, MESSAGE_NAMES[type] ?? String(type));
  if (message.cname !== '') sink.text(F.cname, message.cname);
  if (message.crealm !== '') sink.text(F.crealm, message.crealm);
  if (message.realm !== '') sink.text(F.realm, message.realm);
  if (message.sname !== '') sink.text(F.sname, message.sname);
  if (message.hasTicket) {
    const { ticket } = message;
    sink.text(F.ticketRealm, ticket.realm);
    sink.text(F.ticketSname, ticket.sname);
    sink.int(F.ticketEtype, ticket.enc.etype);
    sink.int(F.ticketKvno, ticket.enc.kvno);
    sink.text(F.ticketId, idText(secretId(bytes, ticket.enc.cipherFrom, ticket.enc.cipherUntil)));
  }
  if (type === AS_REQ || type === TGS_REQ) {
    message.etypes(etypes);
    sink.list(F.etypes);
    for (const etype of etypes) sink.int(ITEM, etype);
    sink.endList();
    if (message.optionsUntil > message.optionsFrom) sink.hex(F.kdcOptions, bytes, message.optionsFrom, message.optionsUntil);
    sink.int(F.nonce, message.nonce);
    const till = message.time(BODY.TILL);
    if (till !== '') sink.text(F.till, till);
  } else if (message.hasEnc && message.hasTicket && message.crealm !== '') sink.int(F.encEtype, message.enc.etype);
  if (type === KRB_ERROR) {
    sink.int(F.errorCode, message.errorCode);
    sink.text(F.errorName, errorName(message.errorCode));
    if (message.eText !== '') sink.text(F.eText, message.eText);
  }
  let at = message.nextPadata(0, entry);
  if (at !== 0) {
    sink.list(F.padata);
    for (; at !== 0; at = message.nextPadata(at, entry)) sink.int(ITEM, entry.type);
    sink.endList();
  }
  sink.end();
}
