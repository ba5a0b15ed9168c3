// Security tokens that carriers take: SPNEGO around Kerberos (RFC 4178, RFC 4121) and around NTLM. A carrier's own shape may
// hold them (LDAP), or they are written as they are (SMB2, DCE/RPC).
import { wrap } from '../../schemas/declare.ts';
import { buildNegTokenInit, buildNegTokenResp } from '../../schemas/spnego.ts';
import type { MessageBuffer } from '../message-buffer.ts';
import { type Shape, Shapes, shapeOf } from '../shape.ts';
import type { Ticket, World } from '../world.ts';
import { AP_AUTHENTICATOR_CIPHER, AP_REPLY_CIPHER, apReply, apRequest, type KerberosMessages, principal } from './kerberos.ts';

const MS_KRB5 = '1.2.840.48018.1.2.2';
const KRB5 = '1.2.840.113554.1.2.2';
const NTLMSSP = '1.3.6.1.4.1.311.2.2.10';
const KRB5_OID = Uint8Array.of(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02);
/** Token ids of RFC 4121 4.1. */
const TOK_AP_REQ = Uint8Array.of(1, 0);
const TOK_AP_REP = Uint8Array.of(2, 0);
const GSS = 0x60;
const ACCEPT_COMPLETED = 0;
const ACCEPT_INCOMPLETE = 1;

/** A sealed Wrap token (RFC 4121 4.2.6.2): its id, flags (4.2.2) and filler. */
const TOK_WRAP = 0x0504;
const SENT_BY_ACCEPTOR = 0x01;
const SEALED = 0x02;
const ACCEPTOR_SUBKEY = 0x04;
const FILLER = 0xff;
const WRAP_HEADER = 16;
/** Confounder, the header once more, and the checksum; DCE style rotates by the last two (MS-KILE 3.4.5.4.1). */
const WRAP_TRAILER = 44;
const WRAP_ROTATED = 28;
/** Bytes of a sealed token besides what is sealed. */
export const SEAL_BYTES = WRAP_HEADER + WRAP_TRAILER;

const gss = (id: Uint8Array, message: Uint8Array): Uint8Array => wrap(GSS, KRB5_OID, id, message);

/** Puts a token into a carrier's message; most carriers send it bare. */
type Carrier = (token: Uint8Array) => Uint8Array;
const bare: Carrier = (token) => token;

export class Tokens {
  readonly #world: World;
  readonly #kerberos: KerberosMessages;
  readonly #shapes = new Shapes();

  constructor(world: World, kerberos: KerberosMessages) {
    this.#world = world;
    this.#kerberos = kerberos;
  }

  /** Appends the first token of a client that has a ticket; returns where what was appended starts. */
  offerTicket(out: MessageBuffer, ticket: Ticket, random: number, name = 'bare', carrier = bare): number {
    const [service, host] = principal(ticket.service);
    const { realm, pool } = this.#world;
    const shape = this.#shapes.get(`offer ${name} ${service} ${host.length} ${ticket.etype} ${ticket.size}`, () =>
      shapeOf({ host: host.length, ticket: ticket.size, proof: AP_AUTHENTICATOR_CIPHER }, (slots) =>
        carrier(
          buildNegTokenInit({
            mechTypes: [MS_KRB5, KRB5, NTLMSSP],
            mechToken: gss(TOK_AP_REQ, apRequest(realm, service, ticket.etype, slots.host, slots.ticket, slots.proof)),
          }),
        ),
      ),
    );
    const at = out.shape(shape);
    out.patchAscii(at, shape.at.host, host);
    this.#kerberos.fillTicket(out, at, shape.at.ticket, ticket);
    out.patchNoise(at, shape.at.proof, pool, random, AP_AUTHENTICATOR_CIPHER);
    return at;
  }

  /** The server's answer to it. */
  acceptTicket(out: MessageBuffer, random: number, name = 'bare', carrier = bare): number {
    const shape = this.#shapes.get(`accept ${name}`, () =>
      shapeOf({ proof: AP_REPLY_CIPHER }, (slots) =>
        carrier(
          buildNegTokenResp({
            negState: ACCEPT_COMPLETED,
            supportedMech: MS_KRB5,
            responseToken: gss(TOK_AP_REP, apReply(slots.proof)),
          }),
        ),
      ),
    );
    const at = out.shape(shape);
    out.patchNoise(at, shape.at.proof, this.#world.pool, random, AP_REPLY_CIPHER);
    return at;
  }

  /** What a server offers before a client has said anything. */
  mechanisms(out: MessageBuffer): void {
    out.shape(this.#fixed('mechanisms', () => buildNegTokenInit({ mechTypes: [MS_KRB5, KRB5, NTLMSSP] })));
  }

  /** An NTLM message in its wrapper: the first of a client, the answer of a server, the last of a client. */
  ntlm(
    out: MessageBuffer,
    step: 'negotiate' | 'challenge' | 'authenticate',
    message: MessageBuffer,
    name = 'bare',
    carrier = bare,
  ): number {
    const { length } = message;
    const shape = this.#shapes.get(`${step} ${name} ${length}`, () =>
      shapeOf({ message: length }, (slots) =>
        carrier(
          step === 'negotiate'
            ? buildNegTokenInit({ mechTypes: [NTLMSSP], mechToken: slots.message })
            : buildNegTokenResp({
                negState: ACCEPT_INCOMPLETE,
                ...(step === 'challenge' ? { supportedMech: NTLMSSP } : {}),
                responseToken: slots.message,
              }),
        ),
      ),
    );
    const at = out.shape(shape);
    for (const slot of shape.at.message) out.bytes.set(message.bytes.subarray(0, length), at + slot);
    return at;
  }

  /** The server is content. */
  completed(out: MessageBuffer, name = 'bare', carrier = bare): number {
    return out.shape(this.#fixed(`completed ${name}`, () => carrier(buildNegTokenResp({ negState: ACCEPT_COMPLETED }))));
  }

  /** Appends a sealed token; `size` is what it seals, 0 where that goes beside it. */
  sealed(out: MessageBuffer, fromClient: boolean, size: number, random: number): void {
    out
      .u16be(TOK_WRAP)
      .u8(SEALED | ACCEPTOR_SUBKEY | (fromClient ? 0 : SENT_BY_ACCEPTOR))
      .u8(FILLER)
      .u16be(0)
      .u16be(WRAP_ROTATED)
      .u32be(0)
      .u32be(random & 0xffff)
      .noise(this.#world.pool, random, size + WRAP_TRAILER);
  }

  #fixed(key: string, make: () => Uint8Array): Shape {
    return this.#shapes.get(key, () => shapeOf({}, make));
  }
}
