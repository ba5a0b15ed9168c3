// What LDAP operations mean to the reader.
import type { ActivitySink, Context, Direction, Identity, Outcome } from '../contract.ts';
import { type ActivityType, type Field, ITEM } from '../fields.ts';
import { began, endedNow } from '../moments.ts';
import type { TlsFacts } from '../tls/watch.ts';
import { changeItemFields, detailFields as F } from './fields.ts';
import {
  COMPARE_FALSE,
  COMPARE_TRUE,
  DATA_CODES,
  MODIFY_NAMES,
  oidName,
  REFERRAL,
  resultName,
  SASL_BIND_IN_PROGRESS,
  SCOPE_NAMES,
  SUCCESS,
} from './names.ts';
import type { NetlogonAnswer, Ping } from './netlogon.ts';
import type { AttributeChange, LdapMessage, LdapResult, SearchRequest } from './wire.ts';

const type = (name: string, protocol: string, help: string): ActivityType => ({ type: name, protocol, help });
export const BIND = type('ldap.bind', 'ldap', 'Authentication on an LDAP connection.');
export const SEARCH = type('ldap.search', 'ldap', 'A search.');
export const MODIFY = type('ldap.modify', 'ldap', 'An entry was changed.');
export const ADD = type('ldap.add', 'ldap', 'An entry was added.');
export const DELETE = type('ldap.delete', 'ldap', 'An entry was deleted.');
export const RENAME = type('ldap.rename', 'ldap', 'An entry was renamed or moved.');
export const COMPARE = type('ldap.compare', 'ldap', 'An attribute was compared.');
export const EXTENDED = type('ldap.extended', 'ldap', 'An extended operation, such as StartTLS or Who am I.');
export const SEALED = type(
  'ldap.sealed',
  'ldap',
  'A connection whose operations were encrypted by SASL: how much there was, not what.',
);
export const TLS = type('ldap.tls', 'ldap', 'An LDAP connection went into TLS: what its handshake tells.');
export const PING = type('cldap.ping', 'cldap', 'Netlogon ping: a client looks for a domain controller.');
export const CLDAP_SEARCH = type('cldap.search', 'cldap', 'Another search over CLDAP.');

/** A request that waits for its answer. */
export class Operation {
  readonly type: ActivityType;
  readonly messageId: number;
  frame: number;
  seconds: number;
  nanoseconds: number;
  readonly direction: Direction;
  account: Identity | null;
  readonly target: string;
  mdi = '';
  readonly controls: readonly string[];
  // Every operation has every field, undefined where it means nothing: objects of one shape are read fast, copies of parts of
  // others are not.
  scope: number | undefined = undefined;
  filter: string | undefined = undefined;
  attributes: readonly string[] | undefined = undefined;
  sizeLimit: number | undefined = undefined;
  changes: readonly AttributeChange[] | undefined = undefined;
  newRdn: string | undefined = undefined;
  newSuperior: string | undefined = undefined;
  attribute: string | undefined = undefined;
  requestName: string | undefined = undefined;
  ping: Ping | null = null;
  auth: string | undefined = undefined;
  mechanism: string | undefined = undefined;
  name: string | undefined = undefined;
  version: number | undefined = undefined;
  clearText: boolean | undefined = undefined;
  answer: NetlogonAnswer | null = null;
  entries = 0;
  references = 0;
  /** The connection's next younger one. */
  next: Operation | null = null;

  /** What the request just read asks for; its own fields come after. */
  constructor(type: ActivityType, message: LdapMessage, target: string, account: Identity | null, context: Context) {
    this.type = type;
    this.messageId = message.messageId;
    this.frame = context.frame;
    this.seconds = context.seconds;
    this.nanoseconds = context.nanoseconds;
    this.direction = context.direction;
    this.account = account;
    this.target = target;
    this.controls = message.controls();
  }

  /** Takes the fields of a searchRequest over. */
  search(request: SearchRequest): void {
    this.mdi = 'LDAP query';
    this.scope = request.scope;
    this.filter = request.filter;
    this.attributes = request.attributes;
    this.sizeLimit = request.sizeLimit;
  }
}

/** Codes that are no failure of the request itself. */
const isSuccess = (code: number): boolean =>
  code === SUCCESS || code === COMPARE_FALSE || code === COMPARE_TRUE || code === REFERRAL || code === SASL_BIND_IN_PROGRESS;

const dataCode = (diagnostic: string): string =>
  diagnostic === '' ? '' : (/\bdata ([0-9a-f]+)/i.exec(diagnostic)?.[1]?.toLowerCase() ?? '');

/** `invalidCredentials (data 52e, wrong password)`; '' for success. */
export function reasonOf(result: LdapResult): string {
  if (isSuccess(result.code)) return '';
  const name = resultName(result.code);
  const code = dataCode(result.diagnostic);
  const meaning = DATA_CODES[code];
  return code === '' || code === '0' ? name : `${name} (data ${code}${meaning === undefined ? '' : `, ${meaning}`})`;
}

/** A finished operation; `result` is null when no answer came. */
export function sayOperation(sink: ActivitySink, operation: Operation, result: LdapResult | null, context: Context): void {
  const e = sink.envelope(operation.type, context);
  began(e, operation);
  e.account = operation.account;
  e.target = operation.target;
  const reason = result === null ? '' : reasonOf(result);
  const outcome: Outcome = result === null ? 'unanswered' : reason === '' ? 'success' : 'failure';
  e.outcome = outcome;
  e.reason = reason;
  e.mdi = operation.type === BIND ? mdiOfBind(operation, outcome) : operation.mdi;
  e.logon = operation.type === BIND && operation.account?.kind !== 'anonymous';
  if (result !== null) {
    endedNow(e, context);
  }
  sink.begin(e, context);
  sink.int(F.messageId, operation.messageId);
  sayRequest(sink, operation);
  if (operation.type === SEARCH || operation.type === PING || operation.type === CLDAP_SEARCH) {
    sink.int(F.entries, operation.entries);
    if (operation.references > 0) sink.int(F.references, operation.references);
  }
  if (operation.answer) sayNetlogon(sink, operation.answer);
  if (result !== null) sayResult(sink, result);
  sink.end();
}

function mdiOfBind(operation: Operation, outcome: Outcome): string {
  if (outcome === 'failure') return 'Failed logon';
  return outcome === 'success' && operation.clearText === true ? 'LDAP cleartext' : '';
}

function sayRequest(sink: ActivitySink, operation: Operation): void {
  const text = (field: Field, value: string | undefined): void => {
    if (value !== undefined && value !== '') sink.text(field, value);
  };
  text(F.auth, operation.auth);
  text(F.mechanism, operation.mechanism);
  if (operation.clearText !== undefined) sink.bool(F.clearText, operation.clearText);
  text(F.name, operation.name);
  if (operation.version !== undefined) sink.int(F.version, operation.version);
  if (operation.scope !== undefined) sink.text(F.scope, SCOPE_NAMES[operation.scope] ?? String(operation.scope));
  text(F.filter, operation.filter);
  list(sink, F.attributes, operation.attributes);
  if (operation.sizeLimit) sink.int(F.sizeLimit, operation.sizeLimit);
  if (operation.changes !== undefined) {
    sink.list(F.changes);
    for (const change of operation.changes) {
      sink.open(ITEM);
      sink.text(changeItemFields.operation, MODIFY_NAMES[change.operation] ?? String(change.operation));
      sink.text(changeItemFields.attribute, change.attribute);
      sink.int(changeItemFields.values, change.values);
      sink.close();
    }
    sink.endList();
  }
  text(F.newRdn, operation.newRdn);
  text(F.newSuperior, operation.newSuperior);
  text(F.attribute, operation.attribute);
  if (operation.requestName !== undefined) text(F.requestName, oidName(operation.requestName));
  list(sink, F.controls, operation.controls.map(oidName));
  if (operation.ping) {
    text(F.dnsDomain, operation.ping.dnsDomain);
    text(F.host, operation.ping.host);
    text(F.user, operation.ping.user);
    text(F.ntVersion, operation.ping.ntVersion);
  }
}

function sayResult(sink: ActivitySink, result: LdapResult): void {
  sink.int(F.resultCode, result.code);
  if (result.diagnostic !== '') sink.text(F.diagnosticMessage, result.diagnostic);
  const code = dataCode(result.diagnostic);
  if (code !== '') sink.text(F.dataCode, code);
  if (result.matchedDn !== '' && !result.matchedDn.startsWith('NTLM')) sink.text(F.matchedDn, result.matchedDn);
  list(sink, F.referrals, result.referrals);
}

function sayNetlogon(sink: ActivitySink, answer: NetlogonAnswer): void {
  sink.int(F.opcode, answer.opcode);
  sink.int(F.flags, answer.flags);
  const text = (field: Field, value: string): void => {
    if (value !== '') sink.text(field, value);
  };
  text(F.forest, answer.forest);
  text(F.domain, answer.domain);
  text(F.dcName, answer.dcName);
  text(F.netbiosDomain, answer.netbiosDomain);
  text(F.netbiosComputer, answer.netbiosComputer);
  text(F.dcSite, answer.dcSite);
  text(F.clientSite, answer.clientSite);
}

function list(sink: ActivitySink, field: Field, values: readonly string[] | undefined): void {
  if (values === undefined || values.length === 0) return;
  sink.list(field);
  for (const value of values) sink.text(ITEM, value);
  sink.endList();
}

/** What was behind a sealing security layer: only that it was, and how much. */
export interface SealedTraffic {
  frame: number;
  seconds: number;
  nanoseconds: number;
  /** Time of the last record. */
  endSeconds: number;
  endNanoseconds: number;
  records: number;
  bytes: number;
  mechanism: string;
  account: Identity | null;
}

export function saySealed(sink: ActivitySink, traffic: SealedTraffic, context: Context): void {
  const e = sink.envelope(SEALED, context);
  e.seconds = traffic.seconds;
  e.nanoseconds = traffic.nanoseconds;
  e.firstFrame = traffic.frame;
  e.direction = 0;
  e.account = traffic.account;
  e.endSeconds = traffic.endSeconds;
  e.endNanoseconds = traffic.endNanoseconds;
  sink.begin(e, context);
  if (traffic.mechanism !== '') sink.text(F.mechanism, traffic.mechanism);
  sink.int(F.records, traffic.records);
  sink.int(F.bytes, traffic.bytes);
  sink.end();
}

export function sayTls(sink: ActivitySink, facts: TlsFacts, startTls: boolean, context: Context): void {
  const e = sink.envelope(TLS, context);
  began(e, facts);
  e.target = facts.serverName;
  e.outcome = facts.failed ? 'failure' : facts.version === '' ? 'unanswered' : 'success';
  e.reason = facts.failed ? 'TLS alert' : '';
  if (facts.version !== '' || facts.failed) {
    e.endSeconds = facts.endSeconds;
    e.endNanoseconds = facts.endNanoseconds;
  }
  sink.begin(e, context);
  if (facts.version !== '') sink.text(F.tlsVersion, facts.version);
  if (facts.serverName !== '') sink.text(F.serverName, facts.serverName);
  if (facts.cipherSuite >= 0) sink.text(F.cipherSuite, `0x${facts.cipherSuite.toString(16).padStart(4, '0')}`);
  if (facts.certificateName !== '') sink.text(F.certificateName, facts.certificateName);
  list(sink, F.certificateNames, facts.certificateNames);
  sink.bool(F.startTls, startTls);
  sink.end();
}
