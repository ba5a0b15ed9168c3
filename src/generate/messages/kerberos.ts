// Kerberos messages (RFC 4120, MS-KILE) as Windows clients and domain controllers write them, filled into shapes that the
// schemas built. Ciphertext is random; a ticket's is the same wherever the ticket goes.
import {
  buildEncryptedData,
  buildEtypeInfo2,
  buildKerberos,
  buildMethodData,
  buildPacOptions,
  buildPacRequest,
  buildTicket,
} from '../../schemas/kerberos.ts';
import type { MessageBuffer } from '../message-buffer.ts';
import { asNumber, asText, asTime, type Shape, Shapes, shapeOf } from '../shape.ts';
import type { Account, Ticket, World } from '../world.ts';

export const AES256 = 18;
export const RC4 = 23;
/** What Windows offers, and what a roasting tool asks for. */
const USUAL_ETYPES = [AES256, 17, RC4, 24, -135];
const WEAK_ETYPES = [RC4];

/** Error codes and their names, RFC 4120 7.5.9. */
export const KDC_ERR = {
  C_PRINCIPAL_UNKNOWN: [6, 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
  S_PRINCIPAL_UNKNOWN: [7, 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
  CLIENT_REVOKED: [18, 'KDC_ERR_CLIENT_REVOKED'],
  PREAUTH_FAILED: [24, 'KDC_ERR_PREAUTH_FAILED'],
  PREAUTH_REQUIRED: [25, 'KDC_ERR_PREAUTH_REQUIRED'],
} as const;
export type KdcError = (typeof KDC_ERR)[keyof typeof KDC_ERR];

const NT_PRINCIPAL = 1;
const NT_SRV_INST = 2;
const NETBIOS_ADDRESS = 20;
const PA_TGS_REQ = 1;
const PA_ENC_TIMESTAMP = 2;
const PA_PK_AS_REQ = 16;
const PA_PK_AS_REP_OLD = 15;
const PA_ETYPE_INFO2 = 19;
const PA_PAC_REQUEST = 128;
const PA_PAC_OPTIONS = 167;

/** Lengths of ciphertexts, as AES256-CTS-HMAC-SHA1-96 makes them of what is usually inside. */
const TIMESTAMP_CIPHER = 56;
const RC4_TIMESTAMP_CIPHER = 52;
const AUTHENTICATOR_CIPHER = 180;
const AP_AUTHENTICATOR_CIPHER = 212;
const REPLY_CIPHER = 332;
const AP_REPLY_CIPHER = 88;
/** A NetBIOS name as an address (RFC 4120 7.5.3): padded with spaces. */
const NETBIOS_BYTES = 16;
const NONCE_BYTES = 4;
const KVNO = 2;
/** What Windows asks for when it wants as long as it may get. */
const FOREVER = new Date('2037-09-13T02:48:05Z');
const AS_OPTIONS = Uint8Array.of(0x40, 0x81, 0x00, 0x10);
const TGS_OPTIONS = Uint8Array.of(0x40, 0x81, 0x00, 0x00);
const NO_AP_OPTIONS = new Uint8Array(4);
const MUTUAL_REQUIRED = Uint8Array.of(0x20, 0, 0, 0);
/** Claims, branch-aware (MS-KILE 2.2.10). */
const PAC_OPTIONS = Uint8Array.of(0x40, 0, 0, 0);

/** A random nonce whose DER INTEGER has four bytes. */
const nonceOf = (random: number): number => 0x4000_0000 | (random >>> 2);

interface AsRequest {
  readonly name: string;
  /** NetBIOS name of the client's computer. */
  readonly computer: string;
  readonly proof: 'none' | 'timestamp';
  /** Asks for RC4 alone. */
  readonly weak: boolean;
}

/** Service and host of a principal name; krbtgt's host is the realm. */
export function principal(spn: string): readonly [service: string, host: string] {
  const cut = spn.indexOf('/');
  return [spn.slice(0, cut), spn.slice(cut + 1)];
}

export class KerberosMessages {
  readonly #world: World;
  readonly #shapes = new Shapes();
  readonly #startSeconds: number;
  #second = -1;
  #secondText = '';

  constructor(world: World, startSeconds: number) {
    this.#world = world;
    this.#startSeconds = startSeconds;
  }

  asRequest(out: MessageBuffer, tcp: boolean, { name, computer, proof, weak }: AsRequest, random: number): void {
    const { realm } = this.#world;
    const cipher = weak ? RC4_TIMESTAMP_CIPHER : TIMESTAMP_CIPHER;
    const shape = this.#shapes.get(`as ${proof} ${weak} ${name.length}`, () =>
      shapeOf({ name: name.length, host: NETBIOS_BYTES, nonce: NONCE_BYTES, cipher: proof === 'none' ? 0 : cipher }, (slots) =>
        buildKerberos('AS-REQ', {
          padata: [
            ...(proof === 'none'
              ? []
              : [
                  {
                    padataType: PA_ENC_TIMESTAMP,
                    padataValue: buildEncryptedData({ etype: weak ? RC4 : AES256, cipher: slots.cipher }),
                  },
                ]),
            { padataType: PA_PAC_REQUEST, padataValue: buildPacRequest(true) },
          ],
          reqBody: {
            kdcOptions: AS_OPTIONS,
            cname: { nameType: NT_PRINCIPAL, nameString: [asText(slots.name)] },
            realm,
            sname: { nameType: NT_SRV_INST, nameString: ['krbtgt', realm] },
            till: FOREVER,
            rtime: FOREVER,
            nonce: asNumber(slots.nonce),
            etype: weak ? WEAK_ETYPES : USUAL_ETYPES,
            addresses: [{ addrType: NETBIOS_ADDRESS, address: slots.host }],
          },
        }),
      ),
    );
    const at = begin(out, tcp, shape);
    out.patchAscii(at, shape.at.name, name);
    out.patchAscii(at, shape.at.host, computer.padEnd(NETBIOS_BYTES));
    out.patch32(at, shape.at.nonce, nonceOf(random));
    out.patchNoise(at, shape.at.cipher, this.#world.pool, random, cipher);
  }

  asReply(out: MessageBuffer, tcp: boolean, ticket: Ticket, random: number): void {
    const { owner, etype } = ticket;
    const { realm } = this.#world;
    const salted = etype === RC4 ? '' : salt(realm, owner);
    const shape = this.#shapes.get(`as-rep ${etype} ${owner.name.length} ${salted.length} ${ticket.size}`, () =>
      shapeOf({ name: owner.name.length, salt: salted.length, ticket: ticket.size, cipher: REPLY_CIPHER }, (slots) =>
        buildKerberos('AS-REP', {
          padata: [
            {
              padataType: PA_ETYPE_INFO2,
              padataValue: buildEtypeInfo2([{ etype, ...(salted === '' ? {} : { salt: asText(slots.salt) }) }]),
            },
          ],
          crealm: realm,
          cname: { nameType: NT_PRINCIPAL, nameString: [asText(slots.name)] },
          // krbtgt's own key, whatever the client's is.
          ticket: ticketOf(realm, ['krbtgt', realm], AES256, slots.ticket),
          encPart: { etype, kvno: KVNO, cipher: slots.cipher },
        }),
      ),
    );
    const at = begin(out, tcp, shape);
    out.patchAscii(at, shape.at.name, owner.name);
    out.patchAscii(at, shape.at.salt, salted);
    this.fillTicket(out, at, shape.at.ticket, ticket);
    out.patchNoise(at, shape.at.cipher, this.#world.pool, random, REPLY_CIPHER);
  }

  /** What is wrong with a request for `spn`; PREAUTH_REQUIRED says what the KDC takes. */
  error(out: MessageBuffer, tcp: boolean, error: KdcError, spn: string, account: Account | null, now: number): void {
    const { realm } = this.#world;
    const [code] = error;
    const [service, host] = principal(spn);
    const offers = error === KDC_ERR.PREAUTH_REQUIRED && account !== null ? salt(realm, account) : '';
    const shape = this.#shapes.get(`error ${code} ${service} ${host.length} ${offers.length}`, () =>
      shapeOf({ host: service === 'krbtgt' ? 0 : host.length, salt: offers.length, time: 'time' }, (slots) =>
        buildKerberos('KRB-ERROR', {
          stime: asTime(slots.time),
          susec: 4711,
          errorCode: code,
          realm,
          sname: { nameType: NT_SRV_INST, nameString: [service, service === 'krbtgt' ? realm : asText(slots.host)] },
          ...(offers === ''
            ? {}
            : {
                eData: buildMethodData([
                  {
                    padataType: PA_ETYPE_INFO2,
                    padataValue: buildEtypeInfo2([{ etype: AES256, salt: asText(slots.salt) }, { etype: RC4 }]),
                  },
                  { padataType: PA_ENC_TIMESTAMP, padataValue: '' },
                  { padataType: PA_PK_AS_REQ, padataValue: '' },
                  { padataType: PA_PK_AS_REP_OLD, padataValue: '' },
                ]),
              }),
        }),
      ),
    );
    const at = begin(out, tcp, shape);
    if (service !== 'krbtgt') out.patchAscii(at, shape.at.host, host);
    out.patchAscii(at, shape.at.salt, offers);
    out.patchAscii(at, shape.at.time, this.#time(now));
  }

  tgsRequest(out: MessageBuffer, tcp: boolean, tgt: Ticket, spn: string, weak: boolean, random: number): void {
    const { realm } = this.#world;
    const [service, host] = principal(spn);
    const shape = this.#shapes.get(`tgs ${service} ${host.length} ${weak} ${tgt.size}`, () =>
      shapeOf({ host: host.length, nonce: NONCE_BYTES, ticket: tgt.size, cipher: AUTHENTICATOR_CIPHER }, (slots) =>
        buildKerberos('TGS-REQ', {
          padata: [
            {
              padataType: PA_TGS_REQ,
              padataValue: buildKerberos('AP-REQ', {
                apOptions: NO_AP_OPTIONS,
                ticket: ticketOf(realm, ['krbtgt', realm], AES256, slots.ticket),
                authenticator: { etype: AES256, cipher: slots.cipher },
              }),
            },
            { padataType: PA_PAC_OPTIONS, padataValue: buildPacOptions(PAC_OPTIONS) },
          ],
          reqBody: {
            kdcOptions: TGS_OPTIONS,
            realm,
            sname: { nameType: NT_SRV_INST, nameString: [service, asText(slots.host)] },
            till: FOREVER,
            nonce: asNumber(slots.nonce),
            etype: weak ? WEAK_ETYPES : USUAL_ETYPES,
          },
        }),
      ),
    );
    const at = begin(out, tcp, shape);
    out.patchAscii(at, shape.at.host, host);
    out.patch32(at, shape.at.nonce, nonceOf(random));
    this.fillTicket(out, at, shape.at.ticket, tgt);
    out.patchNoise(at, shape.at.cipher, this.#world.pool, random, AUTHENTICATOR_CIPHER);
  }

  tgsReply(out: MessageBuffer, tcp: boolean, ticket: Ticket, random: number): void {
    const { realm } = this.#world;
    const { owner, etype } = ticket;
    const [service, host] = principal(ticket.service);
    const shape = this.#shapes.get(`tgs-rep ${service} ${host.length} ${etype} ${owner.name.length} ${ticket.size}`, () =>
      shapeOf({ name: owner.name.length, host: host.length, ticket: ticket.size, cipher: REPLY_CIPHER }, (slots) =>
        buildKerberos('TGS-REP', {
          crealm: realm,
          cname: { nameType: NT_PRINCIPAL, nameString: [asText(slots.name)] },
          ticket: ticketOf(realm, [service, asText(slots.host)], etype, slots.ticket),
          encPart: { etype: AES256, cipher: slots.cipher },
        }),
      ),
    );
    const at = begin(out, tcp, shape);
    out.patchAscii(at, shape.at.name, owner.name);
    out.patchAscii(at, shape.at.host, host);
    this.fillTicket(out, at, shape.at.ticket, ticket);
    out.patchNoise(at, shape.at.cipher, this.#world.pool, random, REPLY_CIPHER);
  }

  /** Puts a ticket's ciphertext where its slot is. */
  fillTicket(out: MessageBuffer, at: number, slots: readonly number[], ticket: Ticket): void {
    out.patchNoise(at, slots, this.#world.pool, ticket.pool, ticket.size);
    // Its number makes it unlike any other, wherever in the pool the rest is from.
    out.patch32(at, slots, ticket.serial);
  }

  #time(nanoseconds: number): string {
    const second = this.#startSeconds + Math.floor(nanoseconds / 1e9);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = `${new Date(second * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
    }
    return this.#secondText;
  }
}

/** An AP-REQ of a shape whose slots are the ticket's host, its ciphertext and the authenticator. */
export const apRequest = (
  realm: string,
  service: string,
  etype: number,
  host: Uint8Array,
  ticket: Uint8Array,
  proof: Uint8Array,
): Uint8Array =>
  buildKerberos('AP-REQ', {
    apOptions: MUTUAL_REQUIRED,
    ticket: ticketOf(realm, [service, asText(host)], etype, ticket),
    authenticator: { etype: AES256, cipher: proof },
  });
export const apReply = (cipher: Uint8Array): Uint8Array => buildKerberos('AP-REP', { encPart: { etype: AES256, cipher } });
export { AP_AUTHENTICATOR_CIPHER, AP_REPLY_CIPHER };

const ticketOf = (realm: string, names: readonly string[], etype: number, cipher: Uint8Array): Uint8Array =>
  buildTicket({ realm, sname: { nameType: NT_SRV_INST, nameString: names }, encPart: { etype, kvno: KVNO, cipher } });

/** Salt of an account's AES keys (MS-KILE 3.1.1.2). */
const salt = (realm: string, { name, isComputer }: Account): string =>
  isComputer ? `${realm}host${name.slice(0, -1).toLowerCase()}.${realm.toLowerCase()}` : `${realm}${name}`;

/** On TCP a record mark goes before the message (RFC 4120 7.2.2). */
function begin(out: MessageBuffer, tcp: boolean, shape: Shape): number {
  out.clear();
  if (tcp) out.u32be(shape.bytes.length);
  return out.shape(shape);
}
