// Kerberos inside a carrier (RFC 4121, RFC 4178): the carrier's exchange hands over bare messages and at last its verdict.
import { OK, type Reason } from '../../bytes/reason.ts';
import type { Context, Identity, Outcome } from '../contract.ts';
import { began, endedNow } from '../moments.ts';
import { AP, sayTicket } from './activities.ts';
import { detailFields as F } from './fields.ts';
import { sayMessage } from './messages.ts';
import { AP_REP, AP_REQ, errorName, KRB_ERROR } from './names.ts';
import { Request, ticketFacts, ticketIdText } from './request.ts';
import { KerberosMessage } from './wire.ts';

const message = new KerberosMessage();

export class CarriedKerberos {
  /** The account that the AP-REQ's ticket names, by the ticket's id; null before an AP-REQ was seen. */
  identity: Identity | null = null;
  #request: Request | null = null;
  #mutual = false;
  #error = Number.NaN;

  /** Whether an AP-REQ waits for the carrier's verdict. */
  get waiting(): boolean {
    return this.#request !== null;
  }

  /** One message in context.direction, starting with its APPLICATION tag. */
  message(bytes: Uint8Array, start: number, end: number, context: Context): Reason {
    const reason = message.bind(bytes, start, end);
    if (reason !== OK) return reason;
    sayMessage(message, context);
    if (message.type === AP_REQ) this.#begin(message, context);
    else if (message.type === AP_REP) this.#mutual = true;
    else if (message.type === KRB_ERROR) this.#error = message.errorCode;
    return OK;
  }

  #begin(message: KerberosMessage, context: Context): void {
    const presented = ticketFacts(message.bytes, message.ticket);
    this.#request = new Request();
    this.#request.begin(AP_REQ, context);
    this.#request.presented = presented;
    this.#mutual = false;
    this.#error = Number.NaN;
    this.identity = { name: '', domain: presented.realm, kind: 'user', ticket: presented.id };
  }

  /** The carrier's verdict: says the resource access. A KRB-ERROR inside is a better reason than the carrier's. */
  finish(carrier: string, outcome: Outcome, reason: string, context: Context): void {
    const request = this.#request;
    this.#request = null;
    if (request === null || request.presented === null || context.activities === null) return;
    const sink = context.activities;
    const e = sink.envelope(AP, context);
    began(e, request);
    e.carrier = carrier;
    e.account = this.identity;
    e.target = request.presented.sname;
    e.outcome = outcome;
    e.reason = outcome === 'failure' && !Number.isNaN(this.#error) ? errorName(this.#error) : reason;
    e.mdi = outcome === 'success' ? 'Resource access' : outcome === 'failure' ? 'Failed logon' : '';
    e.logon = true;
    if (outcome !== 'unanswered') {
      endedNow(e, context);
    }
    sink.begin(e, context);
    sink.text(F.parent, ticketIdText(request.presented));
    sayTicket(sink, F.ticket, request.presented);
    if (this.#mutual) sink.bool(F.mutual, true);
    if (!Number.isNaN(this.#error)) sink.int(F.errorCode, this.#error);
    sink.end();
  }
}
