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

/** A SEQUENCE whose fields are the properties of the class returned. */
export function sequence(fields: Readonly<Record<string, FieldSchema>>): Class {
  const Declared = class {} as Class;
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
