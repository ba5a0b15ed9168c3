// RDATA as presentation text, for answers that are told: RFC 1035 3.3, 3596, 2782, 4034, 9460 and RFC 3597 for the rest.
import { u8, u16be, u32be } from '../../bytes/read.ts';
import { hex, latin1 } from '../../bytes/text.ts';
import { formatAddress } from '../../ip/address.ts';
import { A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TKEY, TSIG, TXT } from './names.ts';
import { type DnsMessage, NameReader } from './wire.ts';

const DNAME = 39;
const DS = 43;
const DNSKEY = 48;
const SVCB = 64;
const HTTPS = 65;
const CAA = 257;
const MAX_TEXT = 256;
const reader = new NameReader();

/** One record's data in words. Keys and MACs are told by their length only. */
export function rdataText(message: DnsMessage, type: number, from: number, until: number): string {
  const { bytes } = message;
  const length = until - from;
  switch (type) {
    case A:
      return length === 4 ? formatAddress(bytes, from, 4) : unknown(bytes, from, until);
    case AAAA:
      return length === 16 ? formatAddress(bytes, from, 16) : unknown(bytes, from, until);
    case NS:
    case CNAME:
    case PTR:
    case DNAME:
      return name(message, from, until);
    case MX:
      return length > 2 ? name(message, from, until, 1) : unknown(bytes, from, until);
    case SRV:
      return length > 6 ? name(message, from, until, 3) : unknown(bytes, from, until);
    case SOA: {
      const primary = name(message, from, until);
      const mailbox = name(message, reader.next, until);
      const at = reader.next;
      return at + 20 <= until ? `${primary} ${mailbox} ${u32be(bytes, at)}` : `${primary} ${mailbox}`;
    }
    case TXT:
      return text(bytes, from, until);
    case DS:
      return length > 4 ? `${u16be(bytes, from)} ${u8(bytes, from + 2)} ${u8(bytes, from + 3)}` : unknown(bytes, from, until);
    case DNSKEY:
      return length > 4
        ? `${u16be(bytes, from)} ${u8(bytes, from + 2)} ${u8(bytes, from + 3)} (${length - 4} bytes)`
        : unknown(bytes, from, until);
    case SVCB:
    case HTTPS:
      return length > 2 ? name(message, from, until, 1) : unknown(bytes, from, until);
    case CAA:
      return length > 2 && from + 2 + u8(bytes, from + 1) <= until
        ? `${u8(bytes, from)} ${latin1(bytes, from + 2, from + 2 + u8(bytes, from + 1))}`
        : unknown(bytes, from, until);
    case TKEY:
    case TSIG:
      return `${name(message, from, until)} (${length} bytes)`;
    default:
      return unknown(bytes, from, until);
  }
}

/** A name in the RDATA that ends at `until`, and so many numbers before it. */
function name(message: DnsMessage, at: number, until: number, numbers = 0): string {
  return reader.data(message.bytes, message.start, at, until, numbers);
}

function text(bytes: Uint8Array, from: number, until: number): string {
  const parts: string[] = [];
  for (let at = from; at < until; ) {
    const end = at + 1 + u8(bytes, at);
    parts.push(JSON.stringify(latin1(bytes, at + 1, Math.min(end, until, at + 1 + MAX_TEXT))));
    at = end;
  }
  return parts.join(' ');
}

/** RFC 3597 5: \# length hex. */
function unknown(bytes: Uint8Array, from: number, until: number): string {
  return `\\# ${until - from} ${hex(bytes, from, Math.min(until, from + 32))}`.trim();
}
