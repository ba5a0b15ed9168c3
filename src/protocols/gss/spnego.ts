// SPNEGO tokens in place (RFC 4178 4.2, MS-SPNG 2.2.1) and the GSS-API framing around first tokens (RFC 2743 3.1).
import { application, context, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Tlv } from '../../bytes/der.ts';
import { sameBytes } from '../../bytes/read.ts';
import { BAD_TAG, OK, type Reason } from '../../bytes/reason.ts';

const oid = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
/** Mechanisms: contents of their OBJECT IDENTIFIERs. */
export const OID_SPNEGO = oid(0x2b, 0x06, 0x01, 0x05, 0x05, 0x02); // 1.3.6.1.5.5.2
export const OID_KERBEROS = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02); // 1.2.840.113554.1.2.2
export const OID_KERBEROS_USER_TO_USER = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03);
export const OID_KERBEROS_MICROSOFT = oid(0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02); // 1.2.840.48018.1.2.2
export const OID_NTLMSSP = oid(0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a); // 1.3.6.1.4.1.311.2.2.10

/** First identifier bytes of tokens. */
export const TAG_GSS = application(0);
const TAG_INIT = context(0);
const TAG_RESPONSE = context(1);

/** A GSS-API initial token: mechanism and what it wraps. */
export class GssToken {
  oidFrom = 0;
  oidUntil = 0;
  from = 0;
  until = 0;
  readonly #tlv = new Tlv();

  bind(bytes: Uint8Array, start: number, end: number): Reason {
    const tlv = this.#tlv;
    const reason = tlv.read(bytes, start, end);
    if (reason !== OK) return reason;
    if (tlv.tag !== TAG_GSS) return BAD_TAG;
    this.until = tlv.until;
    const inner = tlv.read(bytes, tlv.from, tlv.until);
    if (inner !== OK) return inner;
    if (tlv.tag !== OBJECT_IDENTIFIER) return BAD_TAG;
    this.oidFrom = tlv.from;
    this.oidUntil = tlv.until;
    this.from = tlv.until;
    return OK;
  }

  is(bytes: Uint8Array, mechanism: Uint8Array): boolean {
    return this.oidUntil - this.oidFrom === mechanism.length && sameBytes(bytes, this.oidFrom, mechanism, 0, mechanism.length);
  }
}

/** NegTokenInit, NegTokenInit2 or NegTokenResp: where its mechanism's token lies. */
export class NegToken {
  /** Range of mechToken or responseToken; empty when absent. */
  from = 0;
  until = 0;
  readonly #tlv = new Tlv();
  readonly #inner = new Tlv();

  /** Binds the choice at `start`: `[0]` or `[1]` around a SEQUENCE. */
  bind(bytes: Uint8Array, start: number, end: number): Reason {
    this.from = 0;
    this.until = 0;
    const tlv = this.#tlv;
    const reason = tlv.read(bytes, start, end);
    if (reason !== OK) return reason;
    if (tlv.tag !== TAG_INIT && tlv.tag !== TAG_RESPONSE) return BAD_TAG;
    const outer = tlv.read(bytes, tlv.from, tlv.until);
    if (outer !== OK) return outer;
    if (tlv.tag !== SEQUENCE) return BAD_TAG;
    const until = tlv.until;
    for (let at = tlv.from; at < until; at = tlv.until) {
      const field = tlv.read(bytes, at, until);
      if (field !== OK) return field;
      // [2] is mechToken in an Init and responseToken in a Resp; elsewhere are lists, states and MICs.
      if (tlv.tag !== context(2) || !this.#inner.expect(OCTET_STRING, bytes, tlv.from, tlv.until)) continue;
      this.from = this.#inner.from;
      this.until = this.#inner.until;
    }
    return OK;
  }
}

export const isNegToken = (tag: number): boolean => tag === TAG_INIT || tag === TAG_RESPONSE;
