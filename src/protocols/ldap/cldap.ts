// CLDAP (RFC 1798 as Active Directory speaks it, MS-ADTS 6.3.3): LDAP messages in datagrams, above all netlogon pings.
import { tlvLength } from '../../bytes/der.ts';
import { OK } from '../../bytes/reason.ts';
import type { Context, Conversation } from '../contract.ts';
import { hit } from '../limits.ts';
import { CLDAP_SEARCH, Operation, PING, sayOperation } from './activities.ts';
import { ldapLimits as limits } from './limits.ts';
import { sayMessage } from './messages.ts';
import * as op from './names.ts';
import { netlogonAnswer, pingOf } from './netlogon.ts';
import { attributeValue, LdapMessage, LdapResult, SearchRequest } from './wire.ts';

export const NAME = 'cldap';

const message = new LdapMessage();
const search = new SearchRequest();
const result = new LdapResult();

export class CldapConversation implements Conversation {
  readonly #pending = new Map<number, Operation>();

  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  want(): number {
    return 1;
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    for (let at = start; at < end; ) {
      const length = tlvLength(bytes, at, end, end - at);
      const reason = message.bind(bytes, at, end);
      if (reason !== OK || length <= 0) {
        context.refuse(NAME, reason);
        break;
      }
      this.#message(context);
      at += length;
    }
    return end - start;
  }

  gap(): boolean {
    return true;
  }

  close(context: Context): void {
    if (context.activities !== null)
      for (const operation of this.#pending.values()) sayOperation(context.activities, operation, null, context);
    this.#pending.clear();
  }

  #message(context: Context): void {
    sayMessage(message, NAME, context);
    if (context.activities === null || context.duplicate) return;
    if (message.op === op.SEARCH_REQUEST) this.#search(context);
    else if (message.op === op.SEARCH_RES_ENTRY) this.#entry(context);
    else if (message.op === op.SEARCH_RES_DONE) this.#done(context);
  }

  #search(context: Context): void {
    if (this.#pending.has(message.messageId)) return;
    search.bind(message);
    if (this.#pending.size >= limits.pending.value) {
      hit(limits.pending);
      this.close(context);
    }
    const ping = search.attributes.some((name) => /^netlogon$/i.test(name)) ? pingOf(search.filter) : null;
    const target = ping?.dnsDomain || ping?.user || search.base;
    const operation = new Operation(ping === null ? CLDAP_SEARCH : PING, message, target, null, context);
    operation.search(search);
    operation.ping = ping;
    this.#pending.set(message.messageId, operation);
    if (ping !== null && ping.host !== '') context.claims.sender(context.direction, ping.host, '', 'cldap-host', context);
  }

  #entry(context: Context): void {
    const operation = this.#pending.get(message.messageId);
    if (operation === undefined) return;
    operation.entries++;
    const value = attributeValue(message, 'netlogon');
    if (value === null) return;
    const answer = netlogonAnswer(message.bytes, value.from, value.until);
    operation.answer = answer;
    const name = answer?.dcName || answer?.netbiosComputer || '';
    if (answer !== null && name !== '') context.claims.sender(context.direction, name, answer.domain, 'cldap', context);
  }

  #done(context: Context): void {
    const operation = this.#pending.get(message.messageId);
    if (operation === undefined || context.activities === null) return;
    this.#pending.delete(message.messageId);
    result.bind(message);
    sayOperation(context.activities, operation, result, context);
  }
}
