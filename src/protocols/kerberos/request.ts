// What is remembered of a request until its answer: numbers and names, no bytes.
import { names } from '../../bytes/intern.ts';
import { hex } from '../../bytes/text.ts';
import { formatAddress } from '../../ip/address.ts';
import type { Context, Direction } from '../contract.ts';
import { hit } from '../limits.ts';
import { idText, secretId } from '../run-key.ts';
import { userAt } from '../upn.ts';
import { kerberosLimits as limits } from './limits.ts';
import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  ADDRESS_NETBIOS,
  AS_REQ,
  OPTION_CNAME_IN_ADDL_TKT,
  OPTION_ENC_TKT_IN_SKEY,
  OPTION_FORWARDED,
  OPTION_RENEW,
  PA_ENC_TIMESTAMP,
  PA_ENCRYPTED_CHALLENGE,
  PA_FOR_USER,
  PA_FOR_X509_USER,
  PA_FX_FAST,
  PA_PAC_OPTIONS,
  PA_PAC_REQUEST,
  PA_PK_AS_REQ,
  PA_TGS_REQ,
  padataName,
} from './names.ts';
import {
  BODY,
  EncryptedData,
  forUserOf,
  HostAddresses,
  includePacOf,
  KerberosMessage,
  nextTicket,
  PaData,
  pacOptionsOf,
  type Ticket,
} from './wire.ts';

/** Facts of a ticket that may be told: never the ticket. */
export interface TicketFacts {
  readonly id: number;
  readonly realm: string;
  readonly sname: string;
  readonly etype: number;
  readonly kvno: number;
  readonly size: number;
}

export function ticketFacts(bytes: Uint8Array, ticket: Ticket): TicketFacts {
  const { enc } = ticket;
  return {
    id: secretId(bytes, enc.cipherFrom, enc.cipherUntil),
    realm: ticket.realm,
    sname: ticket.sname,
    etype: enc.etype,
    kvno: enc.kvno,
    size: ticket.size,
  };
}

export const ticketIdText = (facts: TicketFacts): string => idText(facts.id);

/** A request that waits for its answer. */
export class Request {
  type = 0;
  direction: Direction = 0;
  frame = 0;
  seconds = 0;
  nanoseconds = 0;
  cname = '';
  nameType = Number.NaN;
  realm = '';
  sname = '';
  nonce = Number.NaN;
  options = 0;
  etypes: number[] = [];
  padata: number[] = [];
  preauth = '';
  preauthEtype = Number.NaN;
  armored = false;
  includePac: boolean | undefined;
  pacOptions = Number.NaN;
  impersonated = '';
  from = '';
  till = '';
  rtime = '';
  hostAddresses: string[] = [];
  netbiosName = '';
  presented: TicketFacts | null = null;
  additionalTickets = 0;
  retransmissions = 0;

  /** Fills in an AS-REQ or TGS-REQ. */
  static from(message: KerberosMessage, context: Context): Request {
    const request = new Request();
    request.begin(message.type, context);
    request.cname = message.cname;
    request.nameType = message.cnameType;
    request.realm = message.realm;
    request.sname = message.sname;
    request.nonce = message.nonce;
    request.options = message.options;
    message.etypes(request.etypes);
    request.from = message.time(BODY.FROM);
    request.till = message.time(BODY.TILL);
    request.rtime = message.time(BODY.RTIME);
    request.#readPadata(message);
    request.#readAddresses(message);
    const tickets = message.list(BODY.TICKETS);
    if (tickets !== null)
      for (
        let at = nextTicket(message.bytes, tickets.from, tickets.until);
        at !== 0;
        at = nextTicket(message.bytes, at, tickets.until)
      )
        if (++request.additionalTickets >= limits.elements.value) break;
    return request;
  }

  begin(type: number, context: Context): void {
    this.type = type;
    this.direction = context.direction;
    this.frame = context.frame;
    this.seconds = context.seconds;
    this.nanoseconds = context.nanoseconds;
  }

  /** s4u2self … referral; '' for a plain request. */
  get delegation(): string {
    if (this.padata.includes(PA_FOR_USER) || this.padata.includes(PA_FOR_X509_USER)) return 's4u2self';
    const { options } = this;
    if ((options & OPTION_CNAME_IN_ADDL_TKT) !== 0 && this.additionalTickets > 0) return 's4u2proxy';
    if ((options & OPTION_ENC_TKT_IN_SKEY) !== 0) return 'user-to-user';
    if ((options & OPTION_RENEW) !== 0) return 'renewal';
    if ((options & OPTION_FORWARDED) !== 0) return 'forwarded';
    return '';
  }

  /** A service asks for a ticket that bears a user's name. */
  get isForOther(): boolean {
    const { delegation } = this;
    return delegation === 's4u2self' || delegation === 's4u2proxy';
  }

  /** Whether `message` is this request again. */
  isRepeatedBy(message: KerberosMessage): boolean {
    return (
      this.type === message.type &&
      this.nonce === message.nonce &&
      this.padata.length === countPadata(message) &&
      this.sname === message.sname
    );
  }

  #readPadata(message: KerberosMessage): void {
    const { bytes } = message;
    for (let at = message.nextPadata(0, entry); at !== 0; at = message.nextPadata(at, entry)) {
      if (this.padata.length >= limits.elements.value) {
        hit(limits.elements);
        return;
      }
      this.padata.push(entry.type);
      switch (entry.type) {
        case PA_TGS_REQ:
          if (inner.bind(bytes, entry.from, entry.until) === 0) this.presented = ticketFacts(bytes, inner.ticket);
          break;
        case PA_ENC_TIMESTAMP:
        case PA_ENCRYPTED_CHALLENGE:
          this.preauth = padataName(entry.type);
          if (encrypted.bind(bytes, entry.from, entry.until) === 0) this.preauthEtype = encrypted.etype;
          break;
        case PA_PK_AS_REQ:
          this.preauth = padataName(entry.type);
          break;
        case PA_FX_FAST:
          // A bare PA-FX-FAST without content only says that the client could; with content it is the armour.
          this.armored = entry.until - entry.from > 0;
          break;
        case PA_FOR_USER: {
          const who = forUserOf(bytes, entry);
          if (who !== null) this.impersonated = userAt(who.user, who.realm);
          break;
        }
        case PA_PAC_REQUEST:
          this.includePac = includePacOf(bytes, entry);
          break;
        case PA_PAC_OPTIONS:
          this.pacOptions = pacOptionsOf(bytes, entry);
          break;
      }
    }
    if (this.armored && this.type === AS_REQ && this.preauth === '') this.preauth = 'PA-FX-FAST';
  }

  #readAddresses(message: KerberosMessage): void {
    const range = message.list(BODY.ADDRESSES);
    if (range === null) return;
    const { bytes } = message;
    for (let at = addresses.next(bytes, range.from, range.until); at !== 0; at = addresses.next(bytes, at, range.until)) {
      if (this.hostAddresses.length >= limits.elements.value) {
        hit(limits.elements);
        return;
      }
      const { type, from, until } = addresses;
      if (type === ADDRESS_NETBIOS) {
        this.netbiosName = names.text('latin1', bytes, from, until).trim();
        this.hostAddresses.push(this.netbiosName);
      } else if (type === ADDRESS_IPV4 && until - from === 4) this.hostAddresses.push(formatAddress(bytes, from, 4));
      else if (type === ADDRESS_IPV6 && until - from === 16) this.hostAddresses.push(formatAddress(bytes, from, 16));
      else this.hostAddresses.push(`${type}:${hex(bytes, from, Math.min(until, from + 32))}`);
    }
  }
}

function countPadata(message: KerberosMessage): number {
  let count = 0;
  for (let at = message.nextPadata(0, entry); at !== 0; at = message.nextPadata(at, entry)) count++;
  return count;
}

const entry = new PaData();
const inner = new KerberosMessage();
const encrypted = new EncryptedData();
const addresses = new HostAddresses();
