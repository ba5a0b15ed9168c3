// RFC 4178 (and MS-SPNG's negHints) as declared types: the oracle of the SPNEGO reader, and the writer of generated
// tokens.
import { AsnPropTypes } from '@peculiar/asn1-schema';
import { build, parse, sequence, unwrap, type Value, wrap } from './declare.ts';

const NegTokenInit = sequence({
  mechTypes: { type: AsnPropTypes.ObjectIdentifier, context: 0, repeated: 'sequence' },
  reqFlags: { type: AsnPropTypes.BitString, context: 1, optional: true },
  mechToken: { type: AsnPropTypes.OctetString, context: 2, optional: true },
  mechListMIC: { type: AsnPropTypes.Any, context: 3, optional: true },
});
const NegTokenResp = sequence({
  negState: { type: AsnPropTypes.Enumerated, context: 0, optional: true },
  supportedMech: { type: AsnPropTypes.ObjectIdentifier, context: 1, optional: true },
  responseToken: { type: AsnPropTypes.OctetString, context: 2, optional: true },
  mechListMIC: { type: AsnPropTypes.OctetString, context: 3, optional: true },
});

const CONTEXT_INIT = 0xa0;
const CONTEXT_RESPONSE = 0xa1;

/** iso.org.dod.internet.security.mechanism.snego */
const OID_SPNEGO = Uint8Array.of(0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02);
const GSS = 0x60;

/** A first token: NegTokenInit in GSS-API framing (RFC 2743 3.1). */
export const buildNegTokenInit = (values: { readonly [key: string]: Value }): Uint8Array =>
  wrap(GSS, OID_SPNEGO, wrap(CONTEXT_INIT, build(NegTokenInit, values)));

export const buildNegTokenResp = (values: { readonly [key: string]: Value }): Uint8Array =>
  wrap(CONTEXT_RESPONSE, build(NegTokenResp, values));

export interface SpnegoToken {
  readonly kind: 'NegTokenInit' | 'NegTokenResp';
  /** mechToken or responseToken; null when absent. */
  readonly token: Uint8Array | null;
}

/** Reads the choice `[0]` or `[1]`. Throws when the schema does not fit. */
export function explainSpnego(bytes: Uint8Array): SpnegoToken {
  const { tag, content } = unwrap(bytes);
  if (tag !== CONTEXT_INIT && tag !== CONTEXT_RESPONSE) throw new TypeError(`no SPNEGO token starts with 0x${tag.toString(16)}`);
  const isInit = tag === CONTEXT_INIT;
  const value = parse(content, isInit ? NegTokenInit : NegTokenResp) as { mechToken?: unknown; responseToken?: unknown };
  const octets = isInit ? value.mechToken : value.responseToken;
  const token =
    octets === undefined
      ? null
      : new Uint8Array(octets instanceof ArrayBuffer ? octets : (octets as { buffer: ArrayBuffer }).buffer);
  return { kind: isInit ? 'NegTokenInit' : 'NegTokenResp', token };
}
