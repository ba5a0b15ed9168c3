// What Kerberos transactions mean to the reader: logons, service tickets, resource access, password changes.
import { SEQUENCE, Tlv } from '../../bytes/der.ts';
import type { AccountKind, ActivitySink, Context, Identity } from '../contract.ts';
import { type ActivityType, type Field, ITEM } from '../fields.ts';
import { began, endedNow } from '../moments.ts';
import { splitUpn, userAt } from '../upn.ts';
import { detailFields as F, ticketFields } from './fields.ts';
import {
  AS_REQ,
  errorName,
  isStep,
  KDC_OPTION_NAMES,
  KRB_ERROR,
  PA_ETYPE_INFO,
  PA_ETYPE_INFO2,
  PA_PK_AS_REQ,
  padataName,
} from './names.ts';
import { type Request, type TicketFacts, ticketFacts, ticketIdText } from './request.ts';
import { etypeInfoOf, type KerberosMessage, nextPaData, ntStatusOf, PaData } from './wire.ts';

export const AS: ActivityType = {
  type: 'kerberos.as',
  protocol: 'kerberos',
  help: 'Logon: a ticket-granting ticket was asked for (AS exchange).',
};
export const TGS: ActivityType = {
  type: 'kerberos.tgs',
  protocol: 'kerberos',
  help: 'A service ticket was asked for (TGS exchange).',
};
export const AP: ActivityType = {
  type: 'kerberos.ap',
  protocol: 'kerberos',
  help: 'Resource access: a ticket was presented to a service.',
};
export const PASSWORD: ActivityType = {
  type: 'kerberos.password-change',
  protocol: 'kerberos',
  help: 'A password was changed or set (kpasswd, RFC 3244).',
};

/** Kind of an account by the form of its principal. */
export function kindOf(cname: string): AccountKind {
  if (cname.endsWith('$')) return 'computer';
  if (/^WELLKNOWN\/ANONYMOUS$/i.test(cname)) return 'anonymous';
  return cname.includes('/') ? 'service' : 'user';
}

/** Splits an enterprise name (`alice@lab.example`, RFC 6806 5) off its suffix. */
export function identityOf(cname: string, realm: string): Identity {
  const [name, suffix] = splitUpn(cname);
  return { name, domain: realm || suffix, kind: kindOf(name), ticket: 0 };
}

/** A finished AS or TGS exchange; `answer` is null when none came. */
export function sayExchange(sink: ActivitySink, request: Request, answer: KerberosMessage | null, context: Context): void {
  const isAs = request.type === AS_REQ;
  const e = sink.envelope(isAs ? AS : TGS, context);
  began(e, request);
  e.target = request.sname;
  e.logon = isAs;
  e.outcome = answer === null ? 'unanswered' : answer.type === KRB_ERROR ? 'failure' : 'success';
  const code = answer?.type === KRB_ERROR ? answer.errorCode : Number.NaN;
  if (e.outcome === 'failure') e.reason = errorName(code);
  if (answer !== null) {
    endedNow(e, context);
  }
  let issued: TicketFacts | null = null;
  const cname = answer?.cname || request.cname;
  if (e.outcome === 'success' && answer !== null) {
    issued = ticketFacts(answer.bytes, answer.ticket);
    e.issues = issued.id;
    e.account = identityOf(cname, answer.crealm);
    // A service asks in a user's name (MS-SFU 3.2.5.1, 3.2.5.2): its own stands in the ticket that it presents.
    if (request.isForOther) {
      e.bearer = e.account;
      e.account = presenterOf(request);
    }
    // FAST may hide the client's name (RFC 6113 5.4.3): then the ticket that was presented says who it is.
    if (e.account.kind === 'anonymous' && request.presented !== null)
      e.account = { ...e.account, name: '', kind: 'user', ticket: request.presented.id };
  } else if (request.cname !== '') e.account = identityOf(request.cname, request.realm);
  else e.account = presenterOf(request);
  e.mdi = isAs ? mdiOfLogon(request, code, e.outcome) : e.outcome === 'success' ? mdiOfTicket(request) : '';
  sink.begin(e, context);
  sayRequest(sink, request);
  if (issued !== null && answer !== null) sayIssued(sink, request, issued, answer);
  else {
    const { delegation } = request;
    if (delegation !== '') sink.text(F.delegation, delegation);
  }
  if (answer?.type === KRB_ERROR) sayError(sink, answer);
  sink.end();
}

/** Who sent a request that names nobody: the one whose ticket it presents. */
const presenterOf = (request: Request): Identity => ({
  name: '',
  domain: request.realm,
  kind: 'user',
  ticket: request.presented?.id ?? 0,
});

/** A step on the way to a logon, such as PREAUTH_REQUIRED, is not a failed one. */
function mdiOfLogon(request: Request, code: number, outcome: string): string {
  const certificate = request.padata.includes(PA_PK_AS_REQ) ? ' with certificate' : '';
  if (outcome === 'success') return `Interactive logon${certificate}`;
  return outcome === 'failure' && !isStep(code) ? `Failed logon${certificate}` : '';
}

function mdiOfTicket(request: Request): string {
  if (request.delegation === 's4u2proxy') return 'Delegated resource access';
  if (/^TERMSRV\//i.test(request.sname)) return 'Remote desktop';
  return isTicketGranting(request.sname) ? '' : 'Resource access';
}

const isTicketGranting = (sname: string): boolean => /^krbtgt(\/|$)/i.test(sname);

function sayRequest(sink: ActivitySink, request: Request): void {
  numbers(sink, F.etypes, request.etypes);
  if (request.options !== 0) {
    sink.list(F.kdcOptions);
    for (const [bit, name] of KDC_OPTION_NAMES) if ((request.options & (0x8000_0000 >>> bit)) !== 0) sink.text(ITEM, name);
    sink.endList();
  }
  padataList(sink, F.padata, request.padata);
  if (request.preauth !== '') sink.text(F.preauth, request.preauth);
  sink.int(F.preauthEtype, request.preauthEtype);
  if (request.armored) sink.bool(F.armored, true);
  if (request.includePac !== undefined) sink.bool(F.includePac, request.includePac);
  sink.int(F.pacOptions, request.pacOptions);
  if (request.impersonated !== '') sink.text(F.impersonated, request.impersonated);
  sink.int(F.nonce, request.nonce);
  if (request.from !== '') sink.text(F.from, request.from);
  if (request.till !== '') sink.text(F.till, request.till);
  if (request.rtime !== '') sink.text(F.rtime, request.rtime);
  sink.int(F.nameType, request.nameType);
  if (request.hostAddresses.length > 0) {
    sink.list(F.hostAddresses);
    for (const address of request.hostAddresses) sink.text(ITEM, address);
    sink.endList();
  }
  if (request.additionalTickets > 0) sink.int(F.additionalTickets, request.additionalTickets);
  if (request.presented !== null) {
    sink.text(F.parent, ticketIdText(request.presented));
    sayTicket(sink, F.parentTicket, request.presented);
  }
  if (request.retransmissions > 0) sink.int(F.retransmissions, request.retransmissions);
}

function sayIssued(sink: ActivitySink, request: Request, issued: TicketFacts, answer: KerberosMessage): void {
  // A KDC that answers with a ticket for another realm's krbtgt refers the client there (RFC 6806 8).
  const isReferral = isTicketGranting(issued.sname) && !isTicketGranting(request.sname);
  const delegation = request.delegation || (isReferral ? 'referral' : '');
  if (delegation !== '') sink.text(F.delegation, delegation);
  if (request.isForOther && request.impersonated === '') sink.text(F.impersonated, userAt(answer.cname, answer.crealm));
  if (issued.sname !== request.sname) sink.text(F.requestedTarget, request.sname);
  sayTicket(sink, F.ticket, issued);
  sink.int(F.encEtype, answer.enc.etype);
  const padata: number[] = [];
  for (let at = answer.nextPadata(0, entry); at !== 0 && padata.length < 64; at = answer.nextPadata(at, entry))
    padata.push(entry.type);
  padataList(sink, F.replyPadata, padata);
}

/** Code, text and e-data of a KRB-ERROR: METHOD-DATA, or KERB-ERROR-DATA with an NTSTATUS. */
function sayError(sink: ActivitySink, answer: KerberosMessage): void {
  const { bytes } = answer;
  sink.int(F.errorCode, answer.errorCode);
  if (answer.eText !== '') sink.text(F.eText, answer.eText);
  if (answer.serverTime !== '') sink.text(F.serverTime, answer.serverTime);
  const from = answer.eDataFrom;
  const until = answer.eDataUntil;
  if (from >= until) return;
  const status = ntStatusOf(bytes, from, until);
  if (status >= 0) sink.text(F.ntStatus, `0x${status.toString(16).padStart(8, '0')}`);
  else if (list.expect(SEQUENCE, bytes, from, until)) sayMethodData(sink, bytes, list.from, list.until);
}

function sayMethodData(sink: ActivitySink, bytes: Uint8Array, from: number, until: number): void {
  const padata: number[] = [];
  let info: { etypes: number[]; salt: string } | null = null;
  for (let at = nextPaData(bytes, from, until, entry); at !== 0 && padata.length < 64; at = nextPaData(bytes, at, until, entry)) {
    padata.push(entry.type);
    if (entry.type === PA_ETYPE_INFO2 || (entry.type === PA_ETYPE_INFO && info === null)) info = etypeInfoOf(bytes, entry);
  }
  padataList(sink, F.replyPadata, padata);
  if (info === null) return;
  numbers(sink, F.offeredEtypes, info.etypes);
  if (info.salt !== '') sink.text(F.salt, info.salt);
}

export function sayTicket(sink: ActivitySink, field: Field, ticket: TicketFacts): void {
  sink.open(field);
  sink.text(ticketFields.id, ticketIdText(ticket));
  sink.text(ticketFields.realm, ticket.realm);
  sink.text(ticketFields.sname, ticket.sname);
  sink.int(ticketFields.etype, ticket.etype);
  sink.int(ticketFields.kvno, ticket.kvno);
  sink.int(ticketFields.size, ticket.size);
  sink.close();
}

function numbers(sink: ActivitySink, field: Field, values: readonly number[]): void {
  if (values.length === 0) return;
  sink.list(field);
  for (const value of values) sink.int(ITEM, value);
  sink.endList();
}

function padataList(sink: ActivitySink, field: Field, types: readonly number[]): void {
  if (types.length === 0) return;
  sink.list(field);
  for (const type of types) sink.text(ITEM, padataName(type));
  sink.endList();
}

const entry = new PaData();
const list = new Tlv();
