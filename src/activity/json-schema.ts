// The JSON Schema of activity and entity lines, made from the same tables as the lines. Unknown fields are forbidden, so a
// field that is emitted and not declared fails the test that validates every line.
import type { Field, FieldTable } from '../protocols/fields.ts';
import { protocols } from '../protocols/registry.ts';
import { activityEnvelope, houseDetails, SCHEMA_VERSION } from './fields.ts';

type Schema = { [key: string]: unknown };

const NULLABLE = new Set(['computer', 'carrier', 'account', 'target', 'reason', 'durationMs', 'mdi']);
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  certainty: ['high', 'low'],
  outcome: ['success', 'failure', 'unanswered'],
  transport: ['tcp', 'udp'],
};

/** The whole schema: one document for activities and entities. */
export function jsonSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'adtap activities and entities',
    description: 'One line of `adtap replay --emit activities,entities`.',
    oneOf: [
      {
        oneOf: protocols.flatMap((protocol) =>
          protocol.activities.map((type) => activitySchema(type.type, type.protocol, type.help, protocol.details)),
        ),
      },
      { oneOf: entitySchemas() },
    ],
  };
}

function activitySchema(type: string, protocol: string, help: string, details: FieldTable): Schema {
  const properties: Schema = {};
  for (const field of Object.values(activityEnvelope)) properties[field.key] = fieldSchema(field);
  properties['v'] = { const: SCHEMA_VERSION };
  properties['kind'] = { const: 'activity' };
  properties['type'] = { const: type };
  properties['protocol'] = { const: protocol };
  properties['details'] = objectSchema({ ...houseDetails, ...details }, []);
  return lineSchema(type, help, properties);
}

/** A line that has all of these and nothing else. */
function lineSchema(type: string, help: string, properties: Schema): Schema {
  return {
    title: type,
    description: help,
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function fieldSchema(field: Field): Schema {
  const schema = typeSchema(field);
  if (ENUMS[field.key] !== undefined) schema['enum'] = ENUMS[field.key];
  if (NULLABLE.has(field.key)) schema['type'] = [schema['type'], 'null'];
  schema['description'] = field.help;
  return schema;
}

function typeSchema(field: Field): Schema {
  switch (field.type) {
    case 'object':
      return objectSchema(
        field.fields ?? {},
        Object.keys(field.fields ?? {}).filter((key) => key !== 'via' && key !== 'certainty'),
        field.key === 'account' || field.key === 'source' || field.key === 'destination',
      );
    case 'string[]':
      return { type: 'array', items: { type: 'string' } };
    case 'integer[]':
      return { type: 'array', items: { type: 'integer' } };
    case 'object[]':
      return { type: 'array', items: objectSchema(field.fields ?? {}, []) };
    default:
      return { type: field.type };
  }
}

function objectSchema(fields: FieldTable, required: readonly string[], strict = false): Schema {
  const properties: Schema = {};
  for (const field of Object.values(fields)) properties[field.key] = fieldSchema(field);
  return { type: 'object', properties, ...(strict ? { required } : {}), additionalProperties: false };
}

const text: Schema = { type: 'string' };
const textOrNull: Schema = { type: ['string', 'null'] };

/** Entity types and what is their own, for the schema and for docs/events.md. */
export const ENTITY_TYPES: Readonly<
  Record<string, { readonly help: string; readonly fields: Readonly<Record<string, Schema>> }>
> = {
  computer: {
    help:
      'A computer, first seen by a claim that names it, or by an activity of an address that nobody has named. `known`: ' +
      '`directory` (an object of the directory), `name` (unresolved computer by name) or `address` (unresolved computer by `ip`).',
    fields: {
      name: textOrNull,
      domain: textOrNull,
      os: textOrNull,
      ip: textOrNull,
      known: { type: 'string', enum: ['directory', 'name', 'address'] },
    },
  },
  resolution: {
    help:
      'An address is a computer, or is not any more. `change` says what became of it; `computer` is null when it has none now. ' +
      'See docs/nnr.md for methods, certainty and its reasons.',
    fields: {
      ip: text,
      change: { type: 'string', enum: ['new', 'changed', 'fuller', 'confirmed', 'conflict', 'ended', 'expired'] },
      computer: textOrNull,
      netbios: textOrNull,
      domain: textOrNull,
      os: textOrNull,
      mac: textOrNull,
      certainty: { type: ['string', 'null'], enum: ['high', 'low', null] },
      reasons: { type: 'array', items: text },
      methods: { type: 'array', items: text },
      previous: textOrNull,
      conflict: textOrNull,
      validUntil: textOrNull,
    },
  },
  user: {
    help: 'An account, first seen in a successful logon or ticket.',
    fields: { name: text, domain: textOrNull, accountKind: text },
  },
  session: {
    help: 'A user acts from an address: the last successful logon there.',
    fields: {
      ip: text,
      computer: textOrNull,
      account: {
        type: 'object',
        properties: { name: text, domain: text, kind: text },
        required: ['name', 'domain', 'kind'],
        additionalProperties: false,
      },
    },
  },
  address: { help: 'An address, first seen as an end of an activity.', fields: { ip: text } },
  service: { help: 'A service principal, first seen in a ticket.', fields: { name: text } },
};

function entitySchemas(): Schema[] {
  return Object.entries(ENTITY_TYPES).map(([type, { help, fields }]) => {
    const properties: Schema = {
      v: { const: SCHEMA_VERSION },
      kind: { const: 'entity' },
      type: { const: type },
      time: text,
      frame: { type: 'integer' },
      sensor: text,
      id: text,
      ...fields,
      evidence: {
        type: 'object',
        properties: { method: text, frame: { type: 'integer' } },
        required: ['method', 'frame'],
        additionalProperties: false,
      },
    };
    return lineSchema(type, help, properties);
  });
}
