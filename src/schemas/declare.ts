// Declares ASN.1 types for @peculiar/asn1-schema as data, without decorator syntax. Schemas serve `adtap explain`, generators
// and the differential tests; the hot path has readers of its own.
import {
  AsnConvert,
  AsnIntegerBigIntConverter,
  AsnProp,
  AsnPropTypes,
  AsnType,
  AsnTypeTypes,
  type IAsnConverter,
} from '@peculiar/asn1-schema';

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };
type Class = new () => object;

export interface FieldSchema {
  readonly type: AsnPropTypes | Class;
  readonly context?: number;
  readonly implicit?: boolean;
  readonly optional?: boolean;
  readonly repeated?: 'sequence' | 'set';
  readonly converter?: IAsnConverter;
}

/** Fields of every declared type: what build() fills in. */
const declared = new Map<unknown, Readonly<Record<string, FieldSchema>>>();

/** A SEQUENCE whose fields are the properties of the class returned. */
export function sequence(fields: Readonly<Record<string, FieldSchema>>): Class {
  const Declared = class {} as Class;
  declared.set(Declared, fields);
  for (const [key, field] of Object.entries(fields)) AsnProp(field)(Declared.prototype as object, key);
  AsnType({ type: AsnTypeTypes.Sequence })(Declared);
  return Declared;
}

/** Whole numbers of any size. */
export const INTEGER = { type: AsnPropTypes.Integer, converter: AsnIntegerBigIntConverter } as const;

/** Reads DER or BER bytes as a declared type. Throws what the schema library throws. */
export function parse(bytes: Uint8Array, type: Class): object {
  return AsnConvert.parse(Uint8Array.from(bytes), type);
}

/** What build() takes for a field: text stands for its UTF-8 bytes where the type is OCTET STRING. */
export type Value = string | number | bigint | boolean | Date | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

/** DER of a declared type with these values; keys that the type does not have are a mistake of the caller and throw. */
export function build(type: Class, values: { readonly [key: string]: Value }): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(filled(type, values)));
}

function filled(type: Class, values: { readonly [key: string]: Value }): object {
  const fields = declared.get(type);
  const object = new type() as { [key: string]: unknown };
  for (const [key, value] of Object.entries(values)) {
    const field = fields?.[key];
    if (field === undefined) throw new TypeError(`the type has no field ${key}`);
    object[key] = field.repeated === undefined ? one(field, value) : (value as readonly Value[]).map((item) => one(field, item));
  }
  return object;
}

function one(field: FieldSchema, value: Value): unknown {
  if (typeof field.type === 'function') return filled(field.type, value as { readonly [key: string]: Value });
  if (field.converter === AsnIntegerBigIntConverter && typeof value === 'number') return BigInt(value);
  if (typeof value === 'string' && field.type === AsnPropTypes.OctetString) return bufferOf(new TextEncoder().encode(value));
  return value instanceof Uint8Array ? bufferOf(value) : value;
}

/** The schema library takes whole ArrayBuffers. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

/** A TLV around DER bytes, with a definite length. */
export function wrap(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, bytes) => sum + bytes.length, 0);
  const size: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | size.length, ...size];
  const whole = new Uint8Array(header.length + length);
  whole.set(header);
  let at = header.length;
  for (const bytes of contents) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

/** The same value under another tag: how IMPLICIT tags a SEQUENCE or SET. */
export function retag(tag: number, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[0] = tag;
  return copy;
}

/** Content of the value at the start of `bytes`, and its first identifier byte: takes an APPLICATION tag off. */
export function unwrap(bytes: Uint8Array): { tag: number; content: Uint8Array } {
  const [tag = 0, first = 0] = bytes;
  let from = 2;
  let length = first;
  if (first >= 0x80) {
    length = 0;
    for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[from++] ?? 0);
  }
  return { tag, content: bytes.subarray(from, from + length) };
}

export const hexOf = (bytes: ArrayBuffer | Uint8Array): string =>
  Buffer.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)).toString('hex');
