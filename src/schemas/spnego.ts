// RFC 4178 (and MS-SPNG's negHints) as declared types: the oracle of the SPNEGO reader.
import { AsnPropTypes } from '@peculiar/asn1-schema';
import { INTEGER, parse, sequence, unwrap } from './declare.ts';

const NegTokenInit = sequence({
  mechTypes: { type: AsnPropTypes.ObjectIdentifier, context: 0, repeated: 'sequence' },
  reqFlags: { type: AsnPropTypes.BitString, context: 1, optional: true },
  mechToken: { type: AsnPropTypes.OctetString, context: 2, optional: true },
  mechListMIC: { type: AsnPropTypes.Any, context: 3, optional: true },
});
const NegTokenResp = sequence({
  negState: { ...INTEGER, type: AsnPropTypes.Enumerated, context: 0, optional: true },
  supportedMech: { type: AsnPropTypes.ObjectIdentifier, context: 1, optional: true },
  responseToken: { type: AsnPropTypes.OctetString, context: 2, optional: true },
  mechListMIC: { type: AsnPropTypes.OctetString, context: 3, optional: true },
});

const CONTEXT_INIT = 0xa0;
const CONTEXT_RESPONSE = 0xa1;

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
