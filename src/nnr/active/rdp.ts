// RDP (TCP 3389): an X.224 connection request that asks for TLS, then only a ClientHello of TLS 1.2 at most, so that the
// certificate comes in clear; its subject is the computer. MS-RDPBCGR 2.2.1.1 and 2.2.1.2, RFC 5246 7.4.
import { randomBytes } from 'node:crypto';
import { u8, u16be, u16le, u24be, u32le } from '../../bytes/read.ts';
import {
  CONNECTION_CONFIRM,
  FAILURES,
  HYBRID,
  HYBRID_EX,
  NEG_FAILURE,
  NEG_RSP,
  SSL,
  TPKT_VERSION,
} from '../../protocols/rdp/names.ts';
import { type CertificateNames, certificateNames } from '../../protocols/tls/certificate.ts';
import { NETBIOS_CHARACTERS } from '../names.ts';
import type { Reader, Step } from './dialogue.ts';
import { dnsName, namesOf, netbiosName, noName, type Outcome } from './outcome.ts';
import { TcpAsker, type TcpAskerOptions } from './tcp-asker.ts';

export const RDP_PORT = 3389;
const TPKT_HEADER = 4;
/** A connection confirm is 11 or 19 bytes; a little more is let through for what a later version may add. */
const TPKT_BYTES = 64;
/** Where the negotiation data of a connection confirm starts: behind TPKT, length, code, references and class. */
const NEGOTIATION = TPKT_HEADER + 7;
/** TPKT, X.224 connection request, RDP_NEG_REQ for TLS and CredSSP. 19 bytes. */
export const connectionRequest = (): Uint8Array => Buffer.from('03000013' + '0ee00000000000' + '01000800' + '03000000', 'hex');

const RECORD_HEADER = 5;
/** Plain fragments only (RFC 5246 6.2.1): nothing is encrypted yet. */
const RECORD_BYTES = 16_384;
const HANDSHAKE_HEADER = 4;
/** Content types, handshake types. */
const ALERT = 21;
const HANDSHAKE = 22;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_HELLO_DONE = 14;

/** What servers of the last twenty years may have: ECDHE and RSA, AES with GCM or CBC, 3DES; and secure renegotiation (RFC 5746). */
const CIPHER_SUITES = [
  0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009f, 0x009e, 0x009d, 0x009c,
  0x003d, 0x003c, 0x0035, 0x002f, 0x000a, 0x00ff,
];
const EXTENSIONS = [
  // supported_groups: x25519, secp256r1, secp384r1, secp521r1 (RFC 8422 5.1.1).
  '000a000a0008001d001700180019',
  // ec_point_formats: uncompressed.
  '000b00020100',
  // signature_algorithms: RSA-PSS, ECDSA, RSA with SHA-256 to SHA-512, then SHA-1 (RFC 5246 7.4.1.4.1, RFC 8446 4.2.3).
  '000d00180016' + '080408050806' + '040305030603' + '040105010601' + '02030201',
].join('');

/** A record with a ClientHello of TLS 1.2. */
export function clientHello(random: Uint8Array): Uint8Array {
  const suites = CIPHER_SUITES.map((suite) => suite.toString(16).padStart(4, '0')).join('');
  const length = (hexadecimal: string, bytes: number): string =>
    (hexadecimal.length / 2).toString(16).padStart(bytes * 2, '0') + hexadecimal;
  // Version, random, no session, suites, no compression, extensions.
  const body = `0303${Buffer.from(random).toString('hex')}00${length(suites, 2)}0100${length(EXTENSIONS, 2)}`;
  // The record's own version is 1.0 for servers that look no further (RFC 5246 E.1).
  return Buffer.from(`160301${length(`01${length(body, 3)}`, 2)}`, 'hex');
}

/** Reads the connection confirm, then the server's flight up to its certificate. */
export class RdpAnswer implements Reader {
  readonly first = connectionRequest();
  readonly need = TPKT_HEADER;
  #isTls = false;
  /** Handshake messages that span records. */
  #handshake = Buffer.alloc(0);

  read(bytes: Uint8Array): Step {
    return this.#isTls ? this.#record(bytes) : this.#confirm(bytes);
  }

  #confirm(bytes: Uint8Array): Step {
    const length = u16be(bytes, 2);
    if (u8(bytes, 0) !== TPKT_VERSION || length < NEGOTIATION) return over('malformed', 'no TPKT');
    if (length > TPKT_BYTES) return over('too-long', `a connection confirm of ${length} bytes`);
    if (bytes.length < length) return { taken: 0, need: length };
    if ((u8(bytes, 5) & 0xf0) !== CONNECTION_CONFIRM) return over('no-name', `X.224 code 0x${u8(bytes, 5).toString(16)}`);
    if (length < NEGOTIATION + 8) return over('no-name', 'only standard RDP security: no certificate');
    const type = u8(bytes, NEGOTIATION);
    const value = u32le(bytes, NEGOTIATION + 4);
    if (type === NEG_FAILURE) return over('no-name', `negotiation failed: ${FAILURES[value] ?? value}`);
    if (type !== NEG_RSP || u16le(bytes, NEGOTIATION + 2) !== 8) return over('malformed', `negotiation type ${type}`);
    if (value === 0) return over('no-name', 'only standard RDP security: no certificate');
    if (value !== SSL && value !== HYBRID && value !== HYBRID_EX) return over('malformed', `security protocol ${value}`);
    this.#isTls = true;
    return { taken: length, need: RECORD_HEADER, send: clientHello(randomBytes(32)) };
  }

  #record(bytes: Uint8Array): Step {
    const type = u8(bytes, 0);
    const length = u16be(bytes, 3);
    if ((type !== HANDSHAKE && type !== ALERT) || u8(bytes, 1) !== 3 || length === 0) return over('malformed', 'no TLS');
    if (length > RECORD_BYTES) return over('too-long', `a TLS record of ${length} bytes`);
    const end = RECORD_HEADER + length;
    if (bytes.length < end) return { taken: 0, need: end };
    if (type === ALERT) return over('no-name', `TLS alert ${length >= 2 ? u8(bytes, RECORD_HEADER + 1) : ''}: TLS 1.2 refused`);
    this.#handshake = Buffer.concat([this.#handshake, bytes.subarray(RECORD_HEADER, end)]);
    return this.#messages() ?? { taken: end, need: RECORD_HEADER };
  }

  #messages(): Step | null {
    const bytes = this.#handshake;
    let at = 0;
    while (at + HANDSHAKE_HEADER <= bytes.length) {
      const type = u8(bytes, at);
      const from = at + HANDSHAKE_HEADER;
      const until = from + u24be(bytes, at + 1);
      if (until > bytes.length) break;
      if (type === CERTIFICATE) return { outcome: firstCertificate(bytes, from, until) };
      if (type === SERVER_HELLO_DONE) return over('no-name', 'TLS without a certificate');
      if (type !== SERVER_HELLO) return over('malformed', `handshake message ${type} before the certificate`);
      at = until;
    }
    this.#handshake = bytes.subarray(at);
    return null;
  }
}

const over = (...how: Parameters<typeof noName>): Step => ({ outcome: noName(...how) });

/** The server's own certificate is the first of the list (RFC 5246 7.4.2). */
function firstCertificate(bytes: Uint8Array, from: number, until: number): Outcome {
  if (from + 6 > until) return noName('no-name', 'TLS with an empty list of certificates');
  const end = from + 6 + u24be(bytes, from + 3);
  if (end > until) return noName('malformed', 'a certificate longer than its list');
  return subject(certificateNames(bytes, from + 6, end));
}

/** The computer that a certificate was made for. Windows makes one with the computer's name as common name and nothing else. */
export function subject({ commonName, dnsNames }: CertificateNames): Outcome {
  const alternatives = dnsNames.map(dnsName).filter((name) => name !== '');
  const common = dnsName(commonName);
  // A common name counts where there are no alternatives, or it is one of them (RFC 6125 6.4.4).
  const name = alternatives.length === 0 || alternatives.includes(common) ? common : (alternatives[0] ?? '');
  if (name === '') return noName('no-name', `certificate for ${JSON.stringify(commonName.slice(0, 64))}, which is no host name`);
  const evidence = `certificate's ${name === common ? 'common name' : 'alternative name'}`;
  const isShort = !name.includes('.') && name.length <= NETBIOS_CHARACTERS;
  return { names: namesOf(isShort ? { netbios: netbiosName(name) } : { dns: name }), evidence };
}

export class RdpAsker extends TcpAsker {
  constructor(options: TcpAskerOptions) {
    super('rdp', RDP_PORT, () => new RdpAnswer(), options);
  }
}
