// Field and activity definitions: from these tables come the JSON keys, the JSON Schema, docs/events.md and the drift tests.
import { Piece } from '../bytes/piece.ts';

export type FieldType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'string[]' | 'integer[]' | 'object[]';

/** One key of a message or of an activity's details. */
export interface Field {
  readonly key: string;
  readonly type: FieldType;
  /** Where the specification defines it, such as `RFC 4120 5.4.1`. */
  readonly source: string;
  readonly help: string;
  /** Keys of an object, or of a list's objects. */
  readonly fields: FieldTable | undefined;
  /** `"key":` as it is copied into a line, and the same behind the comma that parts it from what came before. */
  readonly json: Piece;
  readonly next: Piece;
}

export type FieldTable = Readonly<Record<string, Field>>;

type Definition = readonly [type: FieldType, source: string, help: string, fields?: FieldTable];

/** Declares the fields of a table; the property names are the JSON keys. */
export function defineFields<const T extends Readonly<Record<string, Definition>>>(
  definitions: T,
): { readonly [K in keyof T]: Field } {
  const table: Record<string, Field> = {};
  for (const [key, [type, source, help, fields]] of Object.entries(definitions)) {
    const json = `${JSON.stringify(key)}:`;
    table[key] = { key, type, source, help, fields, json: new Piece(json), next: new Piece(`,${json}`) };
  }
  return table as { readonly [K in keyof T]: Field };
}

/** The field of a list's entries: they have no key. */
export const ITEM: Field = {
  key: '',
  type: 'string',
  source: '',
  help: 'An entry of the list.',
  fields: undefined,
  json: new Piece(''),
  next: new Piece(','),
};

/** A kind of activity. */
export interface ActivityType {
  /** The value of `type`, such as `kerberos.as`. */
  readonly type: string;
  /** The value of `protocol`. */
  readonly protocol: string;
  readonly help: string;
}
