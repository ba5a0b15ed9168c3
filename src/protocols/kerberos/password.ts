// kpasswd (RFC 3244): the AP-REQ's ticket tells who, the answer's result is encrypted. Only a KRB-ERROR fails in clear.
import type { Context } from '../contract.ts';
import { began, endedNow } from '../moments.ts';
import { identityOf, PASSWORD, sayTicket } from './activities.ts';
import { detailFields as F } from './fields.ts';
import { AP_REQ, errorName, KRB_ERROR } from './names.ts';
import { Request, ticketFacts, ticketIdText } from './request.ts';
import type { KerberosMessage } from './wire.ts';

export class PasswordChange {
  #request: Request | null = null;
  #kind: 'change' | 'set' = 'change';

  get waiting(): boolean {
    return this.#request !== null;
  }

  request(message: KerberosMessage, kind: 'change' | 'set', context: Context): void {
    const ticket = ticketFacts(message.bytes, message.ticket);
    if (this.#request?.presented?.id === ticket.id) {
      this.#request.retransmissions++;
      return;
    }
    this.#say('unanswered', '', context);
    this.#kind = kind;
    this.#request = new Request();
    this.#request.begin(AP_REQ, context);
    this.#request.presented = ticket;
  }

  answer(message: KerberosMessage, context: Context): void {
    if (message.type === KRB_ERROR) this.#say('failure', errorName(message.errorCode), context);
    else this.#say('success', '', context);
  }

  close(context: Context): void {
    this.#say('unanswered', '', context);
  }

  #say(outcome: 'success' | 'failure' | 'unanswered', reason: string, context: Context): void {
    const request = this.#request;
    this.#request = null;
    if (request === null || request.presented === null || context.activities === null) return;
    const sink = context.activities;
    const e = sink.envelope(PASSWORD, context);
    began(e, request);
    e.account = { ...identityOf('', request.presented.realm), ticket: request.presented.id };
    e.target = request.presented.sname;
    e.outcome = outcome;
    e.reason = reason;
    e.mdi = outcome === 'success' ? 'Account Password Changed' : '';
    if (outcome !== 'unanswered') {
      endedNow(e, context);
    }
    sink.begin(e, context);
    sink.text(F.parent, ticketIdText(request.presented));
    sayTicket(sink, F.ticket, request.presented);
    sink.text(F.kpasswd, this.#kind);
    if (outcome === 'success') sink.bool(F.resultHidden, true);
    if (request.retransmissions > 0) sink.int(F.retransmissions, request.retransmissions);
    sink.end();
  }
}
