// One line an LDAP message, for `--emit messages`.
import type { Context } from '../contract.ts';
import { type Field, ITEM } from '../fields.ts';
import { messageFields as F } from './fields.ts';
import * as op from './names.ts';
import { BindRequest, type LdapMessage, LdapResult, requestNameOf, SearchRequest } from './wire.ts';

const bind = new BindRequest();
const result = new LdapResult();
const search = new SearchRequest();

const RESULTS = [
  op.BIND_RESPONSE,
  op.SEARCH_RES_DONE,
  op.MODIFY_RESPONSE,
  op.ADD_RESPONSE,
  op.DEL_RESPONSE,
  op.MOD_DN_RESPONSE,
  op.COMPARE_RESPONSE,
  op.EXTENDED_RESPONSE,
];

export function sayMessage(message: LdapMessage, protocol: string, context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  context.tap?.(protocol, message.bytes, message.start, message.end);
  sink.begin(protocol, context);
  const text = (field: Field, value: string): void => {
    if (value !== '') sink.text(field, value);
  };
  sink.text(F.op, op.OP_NAMES[message.op] ?? String(message.op));
  sink.int(F.messageId, message.messageId);
  switch (message.op) {
    case op.BIND_REQUEST:
      bind.bind(message);
      sink.text(F.name, bind.name);
      text(F.auth, bind.auth);
      text(F.mechanism, bind.mechanism);
      break;
    case op.SEARCH_REQUEST:
      search.bind(message);
      sink.text(F.baseObject, search.base);
      sink.int(F.scope, search.scope);
      sink.int(F.sizeLimit, search.sizeLimit);
      sink.text(F.filter, search.filter);
      sink.list(F.attributes);
      for (const attribute of search.attributes) sink.text(ITEM, attribute);
      sink.endList();
      break;
    case op.SEARCH_RES_ENTRY:
      sink.text(F.objectName, message.dn());
      break;
    case op.MODIFY_REQUEST:
      sink.text(F.object, message.dn());
      break;
    case op.ADD_REQUEST:
    case op.MOD_DN_REQUEST:
    case op.COMPARE_REQUEST:
      sink.text(F.entry, message.dn());
      break;
    case op.DEL_REQUEST:
      sink.text(F.entry, message.content());
      break;
    case op.EXTENDED_REQUEST:
      text(F.requestName, requestNameOf(message));
      break;
  }
  if (RESULTS.includes(message.op)) {
    result.bind(message);
    sink.int(F.resultCode, result.code);
    text(F.diagnosticMessage, result.diagnostic);
  }
  const controls = message.controls();
  if (controls.length > 0) {
    sink.list(F.controls);
    for (const control of controls) sink.text(ITEM, control);
    sink.endList();
  }
  sink.end();
}
