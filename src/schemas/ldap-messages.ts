// RFC 4511 operations as declared types that build messages of generated traffic. Reading them for people is in ldap.ts.
import { AsnPropTypes } from '@peculiar/asn1-schema';
import { build, INTEGER, retag, sequence, unwrap, type Value, wrap } from './declare.ts';

const OCTETS = { type: AsnPropTypes.OctetString } as const;
const ENUMERATED = { type: AsnPropTypes.Enumerated } as const;
const ANY = { type: AsnPropTypes.Any } as const;
const RESULT = { resultCode: ENUMERATED, matchedDN: OCTETS, diagnosticMessage: OCTETS } as const;

const SaslCredentials = sequence({ mechanism: OCTETS, credentials: { ...OCTETS, optional: true } });
const Attribute = sequence({ type: OCTETS, vals: { ...OCTETS, repeated: 'set' } });
const Change = sequence({ operation: ENUMERATED, modification: { type: Attribute } });
const Control = sequence({
  controlType: OCTETS,
  criticality: { type: AsnPropTypes.Boolean, optional: true },
  controlValue: { ...OCTETS, optional: true },
});

/** Operations by name: APPLICATION number and fields (RFC 4511 appendix B). */
const OPERATIONS = {
  bindRequest: [
    0,
    sequence({
      version: INTEGER,
      name: OCTETS,
      simple: { ...OCTETS, context: 0, implicit: true, optional: true },
      sasl: { type: SaslCredentials, context: 3, implicit: true, optional: true },
    }),
  ],
  bindResponse: [1, sequence({ ...RESULT, serverSaslCreds: { ...OCTETS, context: 7, implicit: true, optional: true } })],
  searchRequest: [
    3,
    sequence({
      baseObject: OCTETS,
      scope: ENUMERATED,
      derefAliases: ENUMERATED,
      sizeLimit: INTEGER,
      timeLimit: INTEGER,
      typesOnly: { type: AsnPropTypes.Boolean },
      filter: ANY,
      attributes: { ...OCTETS, repeated: 'sequence' },
    }),
  ],
  searchResEntry: [4, sequence({ objectName: OCTETS, attributes: { type: Attribute, repeated: 'sequence' } })],
  searchResDone: [5, sequence(RESULT)],
  modifyRequest: [6, sequence({ object: OCTETS, changes: { type: Change, repeated: 'sequence' } })],
  modifyResponse: [7, sequence(RESULT)],
  extendedReq: [
    23,
    sequence({
      requestName: { ...OCTETS, context: 0, implicit: true },
      requestValue: { ...OCTETS, context: 1, implicit: true, optional: true },
    }),
  ],
  extendedResp: [24, sequence({ ...RESULT, responseName: { ...OCTETS, context: 10, implicit: true, optional: true } })],
} as const;

export type Operation = keyof typeof OPERATIONS;

const LdapMessage = sequence({
  messageID: INTEGER,
  protocolOp: ANY,
  controls: { type: Control, context: 0, implicit: true, repeated: 'sequence', optional: true },
});

/** BER of an LDAPMessage. */
export function buildLdap(
  messageID: number,
  operation: Operation,
  values: { readonly [key: string]: Value },
  controls: readonly { readonly [key: string]: Value }[] = [],
): Uint8Array {
  const [number, type] = OPERATIONS[operation];
  const protocolOp = retag(0x60 | number, build(type, values));
  return build(LdapMessage, { messageID, protocolOp, ...(controls.length === 0 ? {} : { controls }) });
}

/** An unbindRequest is [APPLICATION 2] NULL, which no SEQUENCE can be retagged to. */
export const buildUnbind = (messageID: number): Uint8Array =>
  build(LdapMessage, { messageID, protocolOp: Uint8Array.of(0x42, 0) });

/** A filter (4.5.1.7). */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly present: string }
  | { readonly equal: readonly [attribute: string, value: string | Uint8Array] };

const Terms = sequence({ terms: { ...ANY, repeated: 'set' } });
const Assertion = sequence({ attribute: OCTETS, value: OCTETS });

export function buildFilter(filter: Filter): Uint8Array {
  if ('and' in filter) return retag(0xa0, termsOf(filter.and));
  if ('or' in filter) return retag(0xa1, termsOf(filter.or));
  if ('not' in filter) return wrap(0xa2, buildFilter(filter.not));
  if ('present' in filter) return wrap(0x87, new TextEncoder().encode(filter.present));
  const [attribute, value] = filter.equal;
  return retag(0xa3, build(Assertion, { attribute, value }));
}

const termsOf = (filters: readonly Filter[]): Uint8Array => unwrap(build(Terms, { terms: filters.map(buildFilter) })).content;

const PagedResults = sequence({ size: INTEGER, cookie: OCTETS });
const PAGED_RESULTS = '1.2.840.113556.1.4.319';

/** The control of RFC 2696. */
export const pagedResults = (size: number, cookie: Uint8Array): { readonly [key: string]: Value } => ({
  controlType: PAGED_RESULTS,
  controlValue: build(PagedResults, { size, cookie }),
});
