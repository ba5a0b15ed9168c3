// LDAP messages (RFC 4511) and netlogon pings (MS-ADTS 6.3), filled into shapes that the schemas built.
import { buildFilter, buildLdap, buildUnbind, type Filter, pagedResults } from '../../schemas/ldap-messages.ts';
import { MessageBuffer } from '../message-buffer.ts';
import { asNumber, asText, Shapes, shapeOf } from '../shape.ts';
import type { Host, Ticket, World } from '../world.ts';
import { labels } from './dns.ts';
import { SEAL_BYTES, type Tokens } from './tokens.ts';

/** Message ids have two bytes in DER. */
const ID_BYTES = 2;
const LEAST_ID = 0x100;
const GREATEST_ID = 0x7fff;
export const firstMessageId = (random: number): number => LEAST_ID + (random & 0x3fff);
export const nextMessageId = (id: number): number => (id >= GREATEST_ID ? LEAST_ID : id + 1);

const BASE = 0;
const SUBTREE = 2;
const NO_LIMIT = 0;
const GSS_SPNEGO = 'GSS-SPNEGO';
const SASL_BIND_IN_PROGRESS = 14;
const COOKIE_BYTES = 8;
const PASSWORD_BYTES = 12;
/** LDAP result codes, their names, and what Active Directory says with them. */
export const RESULT = {
  success: [0, 'success', ''],
  wrongPassword: [
    49,
    'invalidCredentials',
    '80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563',
  ],
} as const;
export type LdapResultCode = (typeof RESULT)[keyof typeof RESULT];

/** What is searched for, and what of it is wanted. */
export interface Search {
  readonly key: string;
  readonly base: string;
  readonly isSubtree: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** Entries a page; 0 asks for all at once. */
  readonly page: number;
}

/** Answers to NtVer 0x16: 5, 5EX and with IP (MS-ADTS 6.3.1.1). */
const NT_VERSION = Uint8Array.of(0x16, 0, 0, 0);
/** LOGON_SAM_LOGON_RESPONSE_EX and what a writable DC of today says of itself (MS-ADTS 6.3.1.2, 6.3.1.3). */
const SAM_LOGON_RESPONSE_EX = 23;
const DS_FLAGS = 0x0003_f3fd;
const NETLOGON_VERSION = 0x05;

export class LdapMessages {
  readonly #world: World;
  readonly #tokens: Tokens;
  readonly #shapes = new Shapes();

  constructor(world: World, tokens: Tokens) {
    this.#world = world;
    this.#tokens = tokens;
  }

  simpleBind(out: MessageBuffer, id: number, name: string, random: number): void {
    const shape = this.#shapes.get(`bind ${name.length}`, () =>
      shapeOf({ id: ID_BYTES, name: name.length, password: PASSWORD_BYTES }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), 'bindRequest', { version: 3, name: asText(slots.name), simple: slots.password }),
      ),
    );
    const at = out.clear().shape(shape);
    out.patch16(at, shape.at.id, id);
    out.patchAscii(at, shape.at.name, name);
    out.patchNoise(at, shape.at.password, this.#world.pool, random, PASSWORD_BYTES);
  }

  /** Any response that is a bare LDAPResult. */
  result(out: MessageBuffer, id: number, operation: 'bindResponse' | 'searchResDone', result: LdapResultCode): void {
    const [resultCode, , diagnosticMessage] = result;
    const shape = this.#shapes.get(`${operation} ${resultCode}`, () =>
      shapeOf({ id: ID_BYTES }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), operation, { resultCode, matchedDN: '', diagnosticMessage }),
      ),
    );
    out.patch16(out.shape(shape), shape.at.id, id);
  }

  /** A SASL bind with a ticket, and the server's answer to it. */
  ticketBind(out: MessageBuffer, id: number, ticket: Ticket, random: number): void {
    out.clear();
    const at = this.#tokens.offerTicket(out, ticket, random, 'ldap', (token) => this.#saslRequest(token));
    setId(out, at, id);
  }
  ticketBound(out: MessageBuffer, id: number, random: number): void {
    out.clear();
    const at = this.#tokens.acceptTicket(out, random, 'ldap', (token) => this.#saslResponse(0, token));
    setId(out, at, id);
  }

  /** A step of a SASL bind with NTLM. */
  ntlmBind(out: MessageBuffer, id: number, step: 'negotiate' | 'challenge' | 'authenticate', message: MessageBuffer): void {
    out.clear();
    const at = this.#tokens.ntlm(out, step, message, 'ldap', (token) =>
      step === 'challenge' ? this.#saslResponse(SASL_BIND_IN_PROGRESS, token) : this.#saslRequest(token),
    );
    setId(out, at, id);
  }
  ntlmBound(out: MessageBuffer, id: number): void {
    out.clear();
    setId(
      out,
      this.#tokens.completed(out, 'ldap', (token) => this.#saslResponse(0, token)),
      id,
    );
  }

  #saslRequest(credentials: Uint8Array): Uint8Array {
    return buildLdap(ID_MARK, 'bindRequest', { version: 3, name: '', sasl: { mechanism: GSS_SPNEGO, credentials } });
  }
  #saslResponse(resultCode: number, serverSaslCreds: Uint8Array): Uint8Array {
    return buildLdap(ID_MARK, 'bindResponse', { resultCode, matchedDN: '', diagnosticMessage: '', serverSaslCreds });
  }

  /** A search of a kind that is asked again and again; `cookie` is the page's, where there are pages. */
  search(out: MessageBuffer, id: number, search: Search, cookie: number): void {
    const { key, base, isSubtree, filter, attributes, page } = search;
    const isFirst = cookie === 0;
    const shape = this.#shapes.get(`search ${key} ${isFirst}`, () =>
      shapeOf({ id: ID_BYTES, cookie: page > 0 && !isFirst ? COOKIE_BYTES : 0 }, (slots) =>
        buildLdap(
          Number(asNumber(slots.id)),
          'searchRequest',
          {
            baseObject: base,
            scope: isSubtree ? SUBTREE : BASE,
            derefAliases: 0,
            sizeLimit: NO_LIMIT,
            timeLimit: NO_LIMIT,
            typesOnly: false,
            filter: buildFilter(filter),
            attributes,
          },
          page > 0 ? [pagedResults(page, slots.cookie)] : [],
        ),
      ),
    );
    const at = out.clear().shape(shape);
    out.patch16(at, shape.at.id, id);
    setCookie(out, at, shape.at.cookie, cookie);
  }

  /** Appends an entry of a user, a computer or a group. */
  entry(out: MessageBuffer, id: number, name: string, container: string): void {
    const { baseDn, dnsDomain } = this.#world;
    const shape = this.#shapes.get(`entry ${container} ${name.length}`, () =>
      shapeOf({ id: ID_BYTES, name: name.length }, (slots) => {
        const text = asText(slots.name);
        return buildLdap(Number(asNumber(slots.id)), 'searchResEntry', {
          objectName: `CN=${text},${container},${baseDn}`,
          attributes: [
            { type: 'objectClass', vals: ['top', 'person', 'organizationalPerson', 'user'] },
            { type: 'cn', vals: [text] },
            { type: 'sAMAccountName', vals: [text] },
            { type: 'userPrincipalName', vals: [`${text}@${dnsDomain}`] },
            { type: 'memberOf', vals: [`CN=Domain Users,CN=Users,${baseDn}`, `CN=Staff,OU=Groups,${baseDn}`] },
            { type: 'userAccountControl', vals: ['512'] },
          ],
        });
      }),
    );
    const at = out.shape(shape);
    out.patch16(at, shape.at.id, id);
    out.patchAscii(at, shape.at.name, name);
  }

  /** Appends the entry of the root DSE. */
  rootDse(out: MessageBuffer, id: number, controller: Host): void {
    const { baseDn } = this.#world;
    const shape = this.#shapes.get(`rootDSE ${controller.name}`, () =>
      shapeOf({ id: ID_BYTES }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), 'searchResEntry', {
          objectName: '',
          attributes: [
            { type: 'defaultNamingContext', vals: [baseDn] },
            { type: 'dnsHostName', vals: [controller.dnsName] },
            { type: 'supportedLDAPVersion', vals: ['3', '2'] },
            { type: 'supportedSASLMechanisms', vals: ['GSSAPI', GSS_SPNEGO, 'EXTERNAL', 'DIGEST-MD5'] },
          ],
        }),
      ),
    );
    out.patch16(out.shape(shape), shape.at.id, id);
  }

  /** Appends the end of a page, with the cookie that the next one is asked for by; 0 for the last. */
  pageDone(out: MessageBuffer, id: number, cookie: number): void {
    const shape = this.#shapes.get(`page ${cookie === 0}`, () =>
      shapeOf({ id: ID_BYTES, cookie: cookie === 0 ? 0 : COOKIE_BYTES }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), 'searchResDone', { resultCode: 0, matchedDN: '', diagnosticMessage: '' }, [
          pagedResults(0, slots.cookie),
        ]),
      ),
    );
    const at = out.shape(shape);
    out.patch16(at, shape.at.id, id);
    setCookie(out, at, shape.at.cookie, cookie);
  }

  unbind(out: MessageBuffer, id: number): void {
    const shape = this.#shapes.get('unbind', () => shapeOf({ id: ID_BYTES }, (slots) => buildUnbind(Number(asNumber(slots.id)))));
    out.patch16(out.clear().shape(shape), shape.at.id, id);
  }

  /** What is behind SASL's security layer (RFC 4422 3.7): a sealed token behind its length. */
  sealed(out: MessageBuffer, fromClient: boolean, size: number, random: number): void {
    out.clear().u32be(SEAL_BYTES + size);
    this.#tokens.sealed(out, fromClient, size, random);
  }

  // ── Netlogon pings ───────────────────────────────────────────────────────────────────────────────────────────────────────

  ping(out: MessageBuffer, id: number, computer: string): void {
    const { dnsDomain } = this.#world;
    const shape = this.#shapes.get(`ping ${computer.length}`, () =>
      shapeOf({ id: ID_BYTES, host: computer.length }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), 'searchRequest', {
          baseObject: '',
          scope: BASE,
          derefAliases: 0,
          sizeLimit: 0,
          timeLimit: 0,
          typesOnly: false,
          filter: buildFilter({
            and: [{ equal: ['DnsDomain', dnsDomain] }, { equal: ['Host', asText(slots.host)] }, { equal: ['NtVer', NT_VERSION] }],
          }),
          attributes: ['Netlogon'],
        }),
      ),
    );
    const at = out.clear().shape(shape);
    out.patch16(at, shape.at.id, id);
    out.patchAscii(at, shape.at.host, computer);
  }

  pong(out: MessageBuffer, id: number, controller: Host): void {
    const shape = this.#shapes.get(`pong ${controller.name}`, () =>
      shapeOf({ id: ID_BYTES }, (slots) =>
        buildLdap(Number(asNumber(slots.id)), 'searchResEntry', {
          objectName: '',
          attributes: [{ type: 'Netlogon', vals: [this.#netlogon(controller)] }],
        }),
      ),
    );
    out.patch16(out.clear().shape(shape), shape.at.id, id);
    this.result(out, id, 'searchResDone', RESULT.success);
  }

  /** NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9). */
  #netlogon(controller: Host): Uint8Array {
    const { dnsDomain, netbiosDomain, site, pool } = this.#world;
    const out = new MessageBuffer();
    out.u16le(SAM_LOGON_RESPONSE_EX).u16le(0).u32le(DS_FLAGS);
    out.noise(pool, 0, 16);
    const user = '';
    for (const name of [dnsDomain, dnsDomain, controller.dnsName, netbiosDomain, controller.name, user, site, site])
      labels(out, name);
    out.u32le(NETLOGON_VERSION).u16le(0xffff).u16le(0xffff);
    return out.bytes.slice(0, out.length);
  }
}

/** Stands where the id of a message goes that a token's shape holds. */
const ID_MARK = 0x4141;

/** The id is the first INTEGER of the message: SEQUENCE, its length, INTEGER, two bytes. */
function setId(out: MessageBuffer, at: number, id: number): void {
  const first = out.bytes[at + 1] as number;
  const header = 2 + (first < 0x80 ? 0 : first & 0x7f);
  out.patch16(at, [header + 2], id);
}

/** A page's cookie (RFC 2696 3), which only its server understands. */
function setCookie(out: MessageBuffer, at: number, slots: readonly number[], cookie: number): void {
  out.patch32(at, slots, cookie);
  out.patch32(at + 4, slots, ~cookie);
}
