// The three messages of NTLM (MS-NLMP 2.2.1), version 2 as today's Windows speaks it.
import type { MessageBuffer } from '../message-buffer.ts';
import type { Host, World } from '../world.ts';

const SIGNATURE = 'NTLMSSP\0';
const NEGOTIATE = 1;
const CHALLENGE = 2;
const AUTHENTICATE = 3;
/** NegotiateFlags (2.2.2.5): Unicode, NTLM, extended session security, signing and sealing with 128 bits, version. */
const NEGOTIATE_FLAGS = 0xe208_8297;
const CHALLENGE_FLAGS = 0xe289_8215;
const AUTHENTICATE_FLAGS = 0xe288_8215;
/** Windows 10.0.17763, NTLM revision 15 (2.2.2.10). */
const VERSION_LOW = 0x4563_000a;
const VERSION_HIGH = 0x0f00_0000;
const CHALLENGE_HEADER = 56;
const AUTHENTICATE_HEADER = 88;
/** AvIds, 2.2.2.1. */
const AV = {
  EOL: 0,
  NB_COMPUTER: 1,
  NB_DOMAIN: 2,
  DNS_COMPUTER: 3,
  DNS_DOMAIN: 4,
  DNS_TREE: 5,
  FLAGS: 6,
  TIMESTAMP: 7,
  TARGET: 9,
  BINDINGS: 10,
} as const;
const MIC_PROVIDED = 2;
/** FILETIME of some day of 2026: its upper half; the lower one is drawn. */
const FILETIME_HIGH = 0x01dc_8e2b;

interface NtlmLogon {
  readonly user: string;
  readonly domain: string;
  /** The computer that the client says it is. */
  readonly workstation: string;
  /** Service that the client means to reach. */
  readonly target: string;
}

export class NtlmMessages {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  negotiate(out: MessageBuffer): void {
    out.clear().ascii(SIGNATURE).u32le(NEGOTIATE).u32le(NEGOTIATE_FLAGS);
    field(out, 0, 0);
    field(out, 0, 0);
    version(out);
  }

  challenge(out: MessageBuffer, server: Host, random: number): void {
    const { netbiosDomain, pool } = this.#world;
    out.clear().ascii(SIGNATURE).u32le(CHALLENGE);
    field(out, 2 * netbiosDomain.length, CHALLENGE_HEADER);
    out.u32le(CHALLENGE_FLAGS);
    out.noise(pool, random, 8);
    out.zeros(8);
    const info = out.length;
    field(out, 0, 0);
    version(out);
    out.utf16(netbiosDomain);
    const start = out.length;
    this.#info(out, server, random);
    av(out, AV.EOL, 0);
    out.set16le(info, out.length - start);
    out.set16le(info + 2, out.length - start);
    out.set32le(info + 4, start);
  }

  authenticate(out: MessageBuffer, server: Host, logon: NtlmLogon, random: number): void {
    const { pool } = this.#world;
    const { user, domain, workstation, target } = logon;
    out.clear().ascii(SIGNATURE).u32le(AUTHENTICATE);
    const names = 2 * (domain.length + user.length + workstation.length);
    const lm = AUTHENTICATE_HEADER + names;
    const nt = lm + 24;
    field(out, 24, lm);
    const ntField = out.length;
    field(out, 0, nt);
    field(out, 2 * domain.length, AUTHENTICATE_HEADER);
    field(out, 2 * user.length, AUTHENTICATE_HEADER + 2 * domain.length);
    field(out, 2 * workstation.length, AUTHENTICATE_HEADER + 2 * (domain.length + user.length));
    const keyField = out.length;
    field(out, 16, 0);
    out.u32le(AUTHENTICATE_FLAGS);
    version(out);
    out.noise(pool, random, 16);
    out.utf16(domain).utf16(user).utf16(workstation).zeros(24);
    // NTLMv2_RESPONSE (2.2.2.8): the proof, then what it proves.
    out.noise(pool, random + 16, 16);
    out.u8(1).u8(1).zeros(6).u32le(random).u32le(FILETIME_HIGH);
    out.noise(pool, random + 32, 8);
    out.zeros(4);
    this.#info(out, server, random);
    av(out, AV.FLAGS, 4);
    out.u32le(MIC_PROVIDED);
    av(out, AV.BINDINGS, 16);
    out.zeros(16);
    text(out, AV.TARGET, target);
    av(out, AV.EOL, 0);
    out.zeros(4);
    out.set16le(ntField, out.length - nt);
    out.set16le(ntField + 2, out.length - nt);
    out.set32le(keyField + 4, out.length);
    out.noise(pool, random + 48, 16);
  }

  /** What a server says of itself (2.2.2.1), without the end. */
  #info(out: MessageBuffer, server: Host, random: number): void {
    const { netbiosDomain, dnsDomain } = this.#world;
    text(out, AV.NB_DOMAIN, netbiosDomain);
    text(out, AV.NB_COMPUTER, server.name);
    text(out, AV.DNS_DOMAIN, dnsDomain);
    text(out, AV.DNS_COMPUTER, server.dnsName);
    text(out, AV.DNS_TREE, dnsDomain);
    av(out, AV.TIMESTAMP, 8);
    out.u32le(random).u32le(FILETIME_HIGH);
  }
}

/** Length, greatest length, offset. */
function field(out: MessageBuffer, length: number, offset: number): void {
  out.u16le(length).u16le(length).u32le(offset);
}
function version(out: MessageBuffer): void {
  out.u32le(VERSION_LOW).u32le(VERSION_HIGH);
}
function av(out: MessageBuffer, id: number, length: number): void {
  out.u16le(id).u16le(length);
}
function text(out: MessageBuffer, id: number, value: string): void {
  av(out, id, 2 * value.length);
  out.utf16(value);
}
