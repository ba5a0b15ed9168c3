// Names in a server's certificate (RFC 5280 4.1): the subject's common name and the DNS names of subjectAltName.
import { context, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, Tlv } from '../../bytes/der.ts';
import { sameBytes, u8 } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import { utf8, utf16le } from '../../bytes/text.ts';
import { hit } from '../limits.ts';
import { tlsLimits as limits } from './limits.ts';

const OID_COMMON_NAME = Uint8Array.of(0x55, 0x04, 0x03);
const OID_SUBJECT_ALT_NAME = Uint8Array.of(0x55, 0x1d, 0x11);
const DNS_NAME = 0x82;
const BMP_STRING = 0x1e;

export interface CertificateNames {
  commonName: string;
  dnsNames: string[];
}

/** Names of the certificate in [start, end); what cannot be read is left out. */
export function certificateNames(bytes: Uint8Array, start: number, end: number): CertificateNames {
  const found: CertificateNames = { commonName: '', dnsNames: [] };
  const tlv = new Tlv();
  if (!tlv.expect(SEQUENCE, bytes, start, end) || !tlv.expect(SEQUENCE, bytes, tlv.from, tlv.until)) return found;
  const until = tlv.until;
  // TBSCertificate: [0] version, serial, algorithm, issuer, validity, subject, key, [3] extensions. The subject is the third
  // SEQUENCE behind the serial number that holds names: issuer is the second, validity between them.
  let sequences = 0;
  for (let at = tlv.from; at < until; ) {
    if (tlv.read(bytes, at, until) !== OK) break;
    const { tag, from, until: next } = tlv;
    if (tag === SEQUENCE && ++sequences === 4) found.commonName = commonName(bytes, from, next);
    if (tag === context(3)) alternativeNames(bytes, from, next, found.dnsNames);
    at = next;
  }
  return found;
}

function commonName(bytes: Uint8Array, from: number, until: number): string {
  const set = new Tlv();
  const pair = new Tlv();
  for (let at = from; at < until; at = set.until) {
    if (!set.expect(SET, bytes, at, until)) return '';
    if (!pair.expect(SEQUENCE, bytes, set.from, set.until) || !pair.expect(OBJECT_IDENTIFIER, bytes, pair.from, pair.until))
      continue;
    if (!is(bytes, pair, OID_COMMON_NAME) || pair.read(bytes, pair.until, set.until) !== OK) continue;
    return pair.tag === BMP_STRING ? bmp(bytes, pair.from, pair.until) : utf8(bytes, pair.from, pair.until);
  }
  return '';
}

function alternativeNames(bytes: Uint8Array, from: number, until: number, names: string[]): void {
  const list = new Tlv();
  const extension = new Tlv();
  const part = new Tlv();
  if (!list.expect(SEQUENCE, bytes, from, until)) return;
  const end = list.until;
  for (let at = list.from; at < end; at = extension.until) {
    if (!extension.expect(SEQUENCE, bytes, at, end)) return;
    if (!part.expect(OBJECT_IDENTIFIER, bytes, extension.from, extension.until) || !is(bytes, part, OID_SUBJECT_ALT_NAME))
      continue;
    // extnValue is the last element; `critical` may stand before it.
    for (let next = part.until; next < extension.until && part.read(bytes, next, extension.until) === OK; next = part.until)
      if (part.tag === OCTET_STRING) generalNames(bytes, part.from, part.until, names);
  }
}

function generalNames(bytes: Uint8Array, from: number, until: number, names: string[]): void {
  const tlv = new Tlv();
  if (!tlv.expect(SEQUENCE, bytes, from, until)) return;
  const end = tlv.until;
  for (let at = tlv.from; at < end && tlv.read(bytes, at, end) === OK; at = tlv.until) {
    if (tlv.tag !== DNS_NAME) continue;
    if (names.length >= limits.names.value) {
      hit(limits.names);
      return;
    }
    names.push(utf8(bytes, tlv.from, tlv.until));
  }
}

const is = (bytes: Uint8Array, tlv: Tlv, oid: Uint8Array): boolean =>
  tlv.until - tlv.from === oid.length && sameBytes(bytes, tlv.from, oid, 0, oid.length);

/** BMPString is big-endian UTF-16. */
function bmp(bytes: Uint8Array, from: number, until: number): string {
  const swapped = new Uint8Array((until - from) & ~1);
  for (let i = 0; i + 1 < until - from; i += 2) {
    swapped[i] = u8(bytes, from + i + 1);
    swapped[i + 1] = u8(bytes, from + i);
  }
  return utf16le(swapped, 0, swapped.length);
}
