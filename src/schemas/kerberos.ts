// RFC 4120 (and what MS-KILE, MS-SFU and RFC 6113 put into it) as declared types: prints every field of a message, and is the
// oracle that the wire views are tested against.
import { AsnPropTypes } from '@peculiar/asn1-schema';
import { build, hexOf, INTEGER, type Plain, parse, sequence, unwrap, type Value, wrap } from './declare.ts';

const TEXT = { type: AsnPropTypes.GeneralString } as const;
const TIME = { type: AsnPropTypes.GeneralizedTime } as const;
const OCTETS = { type: AsnPropTypes.OctetString } as const;
const BITS = { type: AsnPropTypes.BitString } as const;
const ANY = { type: AsnPropTypes.Any } as const;

const PrincipalName = sequence({
  nameType: { ...INTEGER, context: 0 },
  nameString: { ...TEXT, context: 1, repeated: 'sequence' },
});
const EncryptedData = sequence({
  etype: { ...INTEGER, context: 0 },
  kvno: { ...INTEGER, context: 1, optional: true },
  cipher: { ...OCTETS, context: 2 },
});
const HostAddress = sequence({ addrType: { ...INTEGER, context: 0 }, address: { ...OCTETS, context: 1 } });
const PaData = sequence({ padataType: { ...INTEGER, context: 1 }, padataValue: { ...OCTETS, context: 2 } });
const Ticket = sequence({
  tktVno: { ...INTEGER, context: 0 },
  realm: { ...TEXT, context: 1 },
  sname: { type: PrincipalName, context: 2 },
  encPart: { type: EncryptedData, context: 3 },
});
const KdcReqBody = sequence({
  kdcOptions: { ...BITS, context: 0 },
  cname: { type: PrincipalName, context: 1, optional: true },
  realm: { ...TEXT, context: 2 },
  sname: { type: PrincipalName, context: 3, optional: true },
  from: { ...TIME, context: 4, optional: true },
  till: { ...TIME, context: 5, optional: true },
  rtime: { ...TIME, context: 6, optional: true },
  nonce: { ...INTEGER, context: 7 },
  etype: { ...INTEGER, context: 8, repeated: 'sequence' },
  addresses: { type: HostAddress, context: 9, repeated: 'sequence', optional: true },
  encAuthorizationData: { type: EncryptedData, context: 10, optional: true },
  additionalTickets: { ...ANY, context: 11, optional: true },
});
const KdcReq = sequence({
  pvno: { ...INTEGER, context: 1 },
  msgType: { ...INTEGER, context: 2 },
  padata: { type: PaData, context: 3, repeated: 'sequence', optional: true },
  reqBody: { type: KdcReqBody, context: 4 },
});
const KdcRep = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  padata: { type: PaData, context: 2, repeated: 'sequence', optional: true },
  crealm: { ...TEXT, context: 3 },
  cname: { type: PrincipalName, context: 4 },
  ticket: { ...ANY, context: 5 },
  encPart: { type: EncryptedData, context: 6 },
});
const ApReq = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  apOptions: { ...BITS, context: 2 },
  ticket: { ...ANY, context: 3 },
  authenticator: { type: EncryptedData, context: 4 },
});
const ApRep = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  encPart: { type: EncryptedData, context: 2 },
});
const KrbPriv = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  encPart: { type: EncryptedData, context: 3 },
});
const KrbSafe = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  safeBody: { ...ANY, context: 2 },
  cksum: { ...ANY, context: 3 },
});
const KrbCred = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  tickets: { ...ANY, context: 2 },
  encPart: { type: EncryptedData, context: 3 },
});
const KrbError = sequence({
  pvno: { ...INTEGER, context: 0 },
  msgType: { ...INTEGER, context: 1 },
  ctime: { ...TIME, context: 2, optional: true },
  cusec: { ...INTEGER, context: 3, optional: true },
  stime: { ...TIME, context: 4 },
  susec: { ...INTEGER, context: 5 },
  errorCode: { ...INTEGER, context: 6 },
  crealm: { ...TEXT, context: 7, optional: true },
  cname: { type: PrincipalName, context: 8, optional: true },
  realm: { ...TEXT, context: 9 },
  sname: { type: PrincipalName, context: 10 },
  eText: { ...TEXT, context: 11, optional: true },
  eData: { ...OCTETS, context: 12, optional: true },
});

/** Message types by APPLICATION number. */
const MESSAGES: Readonly<Record<number, readonly [string, ReturnType<typeof sequence>]>> = {
  10: ['AS-REQ', KdcReq],
  11: ['AS-REP', KdcRep],
  12: ['TGS-REQ', KdcReq],
  13: ['TGS-REP', KdcRep],
  14: ['AP-REQ', ApReq],
  15: ['AP-REP', ApRep],
  20: ['KRB-SAFE', KrbSafe],
  21: ['KRB-PRIV', KrbPriv],
  22: ['KRB-CRED', KrbCred],
  30: ['KRB-ERROR', KrbError],
};
const TICKET = 1;
/** APPLICATION numbers by message type, as buildKerberos() takes them. */
const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(MESSAGES).map(([number, [name]]) => [name, Number(number)]));

/** DER of a message with its APPLICATION tag; msgType and pvno are filled in. */
export function buildKerberos(name: string, values: { readonly [key: string]: Value }): Uint8Array {
  const number = NUMBERS.get(name);
  const found = number === undefined ? undefined : MESSAGES[number];
  if (number === undefined || found === undefined) throw new TypeError(`no Kerberos message is called ${name}`);
  return wrap(0x60 | number, build(found[1], { pvno: 5, msgType: number, ...values }));
}

/** RFC 4120 5.3. */
export const buildTicket = (values: { readonly [key: string]: Value }): Uint8Array =>
  wrap(0x60 | TICKET, build(Ticket, { tktVno: 5, ...values }));

/** RFC 4120 5.2.9. */
export const buildEncryptedData = (values: { readonly [key: string]: Value }): Uint8Array => build(EncryptedData, values);

const EtypeInfo2Entry = sequence({
  etype: { ...INTEGER, context: 0 },
  salt: { ...TEXT, context: 1, optional: true },
});
const MethodData = sequence({ entries: { type: PaData, repeated: 'sequence' } });
const EtypeInfo2 = sequence({ entries: { type: EtypeInfo2Entry, repeated: 'sequence' } });
const PacRequest = sequence({ includePac: { type: AsnPropTypes.Boolean, context: 0 } });
const PacOptions = sequence({ flags: { ...BITS, context: 0 } });

/** METHOD-DATA (5.9.1): what a KDC_ERR_PREAUTH_REQUIRED offers. */
export const buildMethodData = (entries: readonly { readonly [key: string]: Value }[]): Uint8Array =>
  unwrap(build(MethodData, { entries })).content;
/** ETYPE-INFO2 (5.2.7.5). */
export const buildEtypeInfo2 = (entries: readonly { readonly [key: string]: Value }[]): Uint8Array =>
  unwrap(build(EtypeInfo2, { entries })).content;
/** KERB-PA-PAC-REQUEST (MS-KILE 2.2.3). */
export const buildPacRequest = (includePac: boolean): Uint8Array => build(PacRequest, { includePac });
/** PA-PAC-OPTIONS (MS-KILE 2.2.10): 32 bits. */
export const buildPacOptions = (flags: Uint8Array): Uint8Array => build(PacOptions, { flags });

const PA_TGS_REQ = 1;
const PA_ENC_TIMESTAMP = 2;
/** Octets longer than this are told by their length. */
const MAX_SHOWN = 64;

/** Every field of the message, ciphertext by its length. Throws when the schema does not fit. */
export function explainKerberos(bytes: Uint8Array): { readonly msgType: string } & { [key: string]: Plain } {
  const { tag, content } = unwrap(bytes);
  const found = MESSAGES[tag & 0x1f];
  if (found === undefined || (tag & 0xe0) !== 0x60) throw new TypeError(`no Kerberos message starts with 0x${tag.toString(16)}`);
  const [name, type] = found;
  return { ...(shown(parse(content, type), '') as { [key: string]: Plain }), msgType: name };
}

function explainTicket(bytes: Uint8Array): Plain {
  return shown(parse(unwrap(bytes).content, Ticket), '');
}

function shown(value: unknown, key: string): Plain {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return octets(new Uint8Array(value), key);
  if (Array.isArray(value)) return value.map((one) => shown(one, key));
  if ('buffer' in (value as object) && (value as { buffer: unknown }).buffer instanceof ArrayBuffer)
    return octets(new Uint8Array((value as { buffer: ArrayBuffer }).buffer), key);
  const object = value as { [key: string]: unknown };
  const plain: { [key: string]: Plain } = {};
  for (const [name, inner] of Object.entries(object)) if (inner !== undefined) plain[name] = shown(inner, name);
  if ('padataType' in plain) plain['padataValue'] = padata(Number(object['padataType']), object['padataValue']);
  return plain;
}

function octets(bytes: Uint8Array, key: string): Plain {
  if (key === 'cipher' || key === 'cksum') return `(${bytes.length} bytes, secret)`;
  if (key === 'ticket') return explainTicket(bytes);
  if (key === 'kdcOptions' || key === 'apOptions') return hexOf(bytes);
  return bytes.length > MAX_SHOWN ? `(${bytes.length} bytes)` : hexOf(bytes);
}

/** PA-DATA that have a form of their own. */
function padata(type: number, value: unknown): Plain {
  const bytes = new Uint8Array(
    value instanceof ArrayBuffer ? value : ((value as { buffer?: ArrayBuffer }).buffer ?? new ArrayBuffer(0)),
  );
  try {
    if (type === PA_TGS_REQ) return explainKerberos(bytes);
    if (type === PA_ENC_TIMESTAMP) return shown(parse(bytes, EncryptedData), '');
  } catch {
    return `(${bytes.length} bytes, malformed)`;
  }
  return octets(bytes, '');
}
