// The domain: its hosts, accounts and services, drawn from a seed and a profile, and the tickets that its accounts hold.
import { dottedDecimal } from '../ip/address.ts';
import type { Interface } from './frames.ts';
import type { Profile } from './profile.ts';
import { BytePool, Random } from './random.ts';

export interface Host extends Interface {
  /** NetBIOS name, upper case, at most 15 characters. */
  readonly name: string;
  readonly dnsName: string;
  readonly address: string;
  readonly account: Account;
  /** The last ephemeral port used. */
  port: number;
}

/** A ticket, told apart by a serial number that stands in its ciphertext. */
export interface Ticket {
  readonly owner: Account;
  readonly service: string;
  readonly etype: number;
  readonly serial: number;
  /** Where its ciphertext is drawn from, and how long it is. */
  readonly pool: number;
  readonly size: number;
  /** Nanoseconds since the start. */
  readonly until: number;
}

export interface Account {
  readonly name: string;
  /** Realm, or the NetBIOS domain, as the message at hand names it. */
  readonly domain: string;
  /** The same account in the domain's NetBIOS form. */
  readonly netbios: { readonly name: string; readonly domain: string };
  readonly isComputer: boolean;
  /** Bytes of its tickets' ciphertext: more groups, longer PACs. */
  readonly ticketSize: number;
  /** No pre-authentication is asked for: what AS-REP roasting looks for. */
  readonly noPreauth: boolean;
  tgt: Ticket | null;
  readonly tickets: Map<string, Ticket>;
}

export interface User {
  readonly account: Account;
  readonly computer: Host;
}

/** A service principal. */
interface Service {
  readonly spn: string;
  /** Runs under a user account with an RC4 key: what Kerberoasting looks for. */
  readonly weak: boolean;
}

const FIRST_NAMES = [
  'ada',
  'ben',
  'cora',
  'david',
  'elena',
  'felix',
  'greta',
  'hugo',
  'irene',
  'jonas',
  'karin',
  'lukas',
  'marta',
  'nils',
  'olga',
  'paul',
  'rosa',
  'simon',
  'tanja',
  'viktor',
  'wanda',
  'yasmin',
] as const; // prettier-ignore
const LAST_NAMES = [
  'adler',
  'bauer',
  'cohen',
  'dietrich',
  'eriksen',
  'fischer',
  'garcia',
  'hansen',
  'ivanova',
  'jansen',
  'keller',
  'lopez',
  'meyer',
  'novak',
  'olsen',
  'petrov',
  'rossi',
  'schmidt',
  'tanaka',
  'ulrich',
  'vogel',
  'weber',
  'young',
  'zhang',
] as const; // prettier-ignore
const TICKET_SIZES = [908, 972, 1100, 1324] as const;
const COMPUTER_TICKET_SIZE = 876;
/** Tickets a client keeps; the oldest goes first. */
const CACHED_TICKETS = 8;
const FIRST_EPHEMERAL_PORT = 49_152;

export class World {
  readonly realm: string;
  readonly dnsDomain: string;
  readonly netbiosDomain: string;
  readonly baseDn: string;
  readonly site: string;
  readonly controllers: readonly Host[];
  readonly fileServers: readonly Host[];
  readonly webServers: readonly Host[];
  readonly workstations: readonly Host[];
  /** Hosts outside: where TLS goes. */
  readonly outside: readonly Host[];
  readonly users: readonly User[];
  readonly services: readonly Service[];
  /** Users that AS-REP roasting is after. */
  readonly withoutPreauth: readonly User[];
  /** A computer that should not be there. */
  readonly attacker: Host;
  /** A service account that binds to LDAP with its password. */
  readonly application: Account;
  readonly pool: BytePool;
  #serial = 0;
  readonly #random: Random;

  constructor(profile: Profile, seed: number) {
    const random = new Random(seed ^ 0x5eed);
    this.#random = random;
    this.pool = new BytePool(random);
    this.dnsDomain = profile.domain;
    this.realm = profile.domain.toUpperCase();
    this.netbiosDomain = (profile.domain.split('.')[0] ?? '').toUpperCase().slice(0, 15);
    this.baseDn = profile.domain
      .split('.')
      .map((label) => `DC=${label}`)
      .join(',');
    this.site = profile.site;
    const hosts = (count: number, prefix: string, net: number, domain = profile.domain): Host[] =>
      Array.from({ length: count }, (_, i) =>
        this.#host(`${prefix}${String(i + 1).padStart(prefix === 'WS' ? 5 : 2, '0')}`, net + i, domain),
      );
    this.controllers = hosts(profile.domainControllers, 'DC', ip(10, 20, 0, 10));
    this.fileServers = hosts(profile.fileServers, 'FILE', ip(10, 20, 1, 10));
    this.webServers = hosts(profile.webServers, 'WEB', ip(10, 20, 2, 10));
    this.workstations = hosts(profile.computers, 'WS', ip(10, 64, 0, 10));
    this.outside = hosts(8, 'NET', ip(198, 51, 100, 10), 'outside.example');
    this.users = Array.from({ length: profile.users }, (_, i) => this.#user(i, profile.users));
    const on = (kind: string, list: readonly Host[], weak = false): Service[] =>
      list.map(({ dnsName }) => ({ spn: `${kind}/${dnsName}`, weak }));
    this.services = [
      ...on('cifs', this.fileServers),
      ...on('HTTP', this.webServers),
      ...on('MSSQLSvc', this.webServers, true),
      ...on('HOST', this.controllers),
    ];
    this.withoutPreauth = this.users.filter(({ account }) => account.noPreauth);
    this.attacker = this.#host('KALI', ip(10, 66, 6, 66));
    this.application = this.#account('svc-crm', false, TICKET_SIZES[1]);
  }

  /** A new ticket of a service (or krbtgt) for an account. */
  issue(owner: Account, service: string, etype: number, until: number): Ticket {
    return { owner, service, etype, serial: ++this.#serial, pool: this.#random.next(), size: owner.ticketSize, until };
  }

  /** The ticket is at its owner's: from now on it may be presented. */
  keep(ticket: Ticket): void {
    const { owner, service } = ticket;
    if (service.startsWith('krbtgt/')) {
      owner.tgt = ticket;
      return;
    }
    const { tickets } = owner;
    tickets.delete(service);
    if (tickets.size >= CACHED_TICKETS)
      for (const oldest of tickets.keys()) {
        tickets.delete(oldest);
        break;
      }
    tickets.set(service, ticket);
  }

  #host(name: string, address: number, domain = this.dnsDomain): Host {
    const random = this.#random;
    return {
      name,
      dnsName: `${name.toLowerCase()}.${domain}`,
      ip: address,
      address: dottedDecimal(address),
      macHigh: 0x0050,
      macLow: (0x5600_0000 | (address & 0xff_ffff)) >>> 0,
      ipId: random.below(0x1_0000),
      port: FIRST_EPHEMERAL_PORT + random.below(16_000),
      account: this.#account(`${name}$`, true, COMPUTER_TICKET_SIZE),
    };
  }

  #account(name: string, isComputer: boolean, ticketSize: number, noPreauth = false): Account {
    return {
      name,
      domain: this.realm,
      netbios: { name, domain: this.netbiosDomain },
      isComputer,
      ticketSize,
      noPreauth,
      tgt: null,
      tickets: new Map(),
    };
  }

  #user(index: number, count: number): User {
    const first = FIRST_NAMES[index % FIRST_NAMES.length] as string;
    const last = LAST_NAMES[Math.floor(index / FIRST_NAMES.length) % LAST_NAMES.length] as string;
    const round = Math.floor(index / (FIRST_NAMES.length * LAST_NAMES.length));
    const name = `${first}.${last}${round === 0 ? '' : round}`;
    const computer = this.workstations[Math.floor((index * this.workstations.length) / count)] as Host;
    const account = this.#account(name, false, this.#random.pick(TICKET_SIZES), index % 50 === 0);
    return { account, computer };
  }
}

/** The next ephemeral port of a host (RFC 6335 6). */
export function nextPort(host: Host): number {
  host.port = host.port >= 0xffff ? FIRST_EPHEMERAL_PORT : host.port + 1;
  return host.port;
}

const ip = (a: number, b: number, c: number, d: number): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
