// DHCP messages in place (RFC 2131 2): the fixed part, and the options wherever they stand (RFC 2132 9.3).
import { u8, u32be } from '../../bytes/read.ts';
import { BAD_TAG, BAD_VALUE, OK, OVERRUN, type Reason, SHORT, TOO_MANY } from '../../bytes/reason.ts';
import { latin1 } from '../../bytes/text.ts';
import type { View } from '../contract.ts';
import { hit } from '../limits.ts';
import { dhcpLimits as limits } from './limits.ts';
import * as o from './names.ts';

/** Offsets of the fixed part. */
const OP = 0;
const HTYPE = 1;
const HLEN = 2;
const XID = 4;
const CIADDR = 12;
const YIADDR = 16;
const CHADDR = 28;
const SNAME = 44;
const FILE = 108;
const COOKIE = 236;
export const FIXED = 240;
const MAGIC = 0x6382_5363;
const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const ETHERNET = 1;
const MAC_BYTES = 6;
/** Flags, RCODE1 and RCODE2 before the name of option 81. */
const FQDN_HEADER = 3;
const MAX_NAME = 255;

/** Whether a DHCP or BOOTP message with options starts here; FIXED bytes must be there. */
export function startsMessage(bytes: Uint8Array, start: number): boolean {
  const op = u8(bytes, start + OP);
  return (op === BOOTREQUEST || op === BOOTREPLY) && u32be(bytes, start + COOKIE) === MAGIC;
}

/** One message: where its fields are, and the texts of its options. */
export class DhcpMessage implements View {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Message type; 0 for BOOTP. */
  type = 0;
  hostName = '';
  fqdn = '';
  domain = '';
  vendorClass = '';
  lease = -1;
  /** Where these addresses stand; 0 when they do not. */
  requestedAt = 0;
  serverAt = 0;
  #options = 0;

  get xid(): number {
    return u32be(this.bytes, this.start + XID);
  }
  get ciaddrAt(): number {
    return this.start + CIADDR;
  }
  get yiaddrAt(): number {
    return this.start + YIADDR;
  }
  /** Where the client's MAC address stands; 0 when its hardware has none. */
  get macAt(): number {
    const { bytes, start } = this;
    return u8(bytes, start + HTYPE) === ETHERNET && u8(bytes, start + HLEN) === MAC_BYTES ? start + CHADDR : 0;
  }

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.type = 0;
    this.hostName = '';
    this.fqdn = '';
    this.domain = '';
    this.vendorClass = '';
    this.lease = -1;
    this.requestedAt = 0;
    this.serverAt = 0;
    this.#options = 0;
    if (end - start < FIXED) return SHORT;
    if (u32be(bytes, start + COOKIE) !== MAGIC) return BAD_TAG;
    return this.#readOptions(start + FIXED, end, true);
  }

  /** Options of [from, until); those in `file` and `sname` when the message says so, which only its own options may. */
  #readOptions(from: number, until: number, isOuter: boolean): Reason {
    const { bytes, start } = this;
    let overload = 0;
    for (let at = from; at < until; ) {
      const code = u8(bytes, at);
      if (code === o.END) break;
      if (code === o.PAD) {
        at++;
        continue;
      }
      if (++this.#options > limits.options.value) {
        hit(limits.options);
        return TOO_MANY;
      }
      if (at + 2 > until) return SHORT;
      const next = at + 2 + u8(bytes, at + 1);
      if (next > until) return OVERRUN;
      if (code === o.OVERLOAD && next - at === 3) overload = u8(bytes, at + 2);
      else if (!this.#option(code, at + 2, next)) return BAD_VALUE;
      at = next;
    }
    if (!isOuter || overload === 0) return OK;
    const inFile = (overload & 1) === 0 ? OK : this.#readOptions(start + FILE, start + COOKIE, false);
    if (inFile !== OK || (overload & 2) === 0) return inFile;
    return this.#readOptions(start + SNAME, start + FILE, false);
  }

  /** False when an option's length is not what it must be. */
  #option(code: number, from: number, until: number): boolean {
    const { bytes } = this;
    const size = until - from;
    switch (code) {
      case o.MESSAGE_TYPE:
        if (size !== 1) return false;
        this.type = u8(bytes, from);
        return true;
      case o.REQUESTED_ADDRESS:
      case o.SERVER_ID:
        if (size !== 4) return false;
        if (code === o.SERVER_ID) this.serverAt = from;
        else this.requestedAt = from;
        return true;
      case o.LEASE_TIME:
        if (size !== 4) return false;
        this.lease = u32be(bytes, from);
        return true;
      case o.HOST_NAME:
        this.hostName = asciiName(bytes, from, until);
        return true;
      case o.DOMAIN_NAME:
        this.domain = asciiName(bytes, from, until);
        return true;
      case o.VENDOR_CLASS:
        this.vendorClass = latin1(bytes, from, until);
        return true;
      case o.CLIENT_FQDN:
        if (size < FQDN_HEADER) return false;
        this.fqdn =
          (u8(bytes, from) & o.FQDN_ENCODED) === 0
            ? asciiName(bytes, from + FQDN_HEADER, until).replace(/\.$/, '')
            : encodedName(bytes, from + FQDN_HEADER, until);
        return true;
      default:
        return true;
    }
  }
}

/** Some clients end their names with a NUL, or several. */
function asciiName(bytes: Uint8Array, from: number, until: number): string {
  let end = until;
  while (end > from && u8(bytes, end - 1) === 0) end--;
  return latin1(bytes, from, end);
}

/** Labels without compression (RFC 4702 2.3.1); a partial name has no root label at its end. */
function encodedName(bytes: Uint8Array, from: number, until: number): string {
  let out = '';
  for (let at = from; at < until && out.length < MAX_NAME; ) {
    const size = u8(bytes, at);
    if (size === 0 || at + 1 + size > until) break;
    out += `${out === '' ? '' : '.'}${latin1(bytes, at + 1, at + 1 + size)}`;
    at += 1 + size;
  }
  return out;
}
