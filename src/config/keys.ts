// The configuration's keys, one by one, as they are made from the schema: for flags, the environment and the reference page.
import { z } from 'zod';
import { configSchema } from './schema.ts';

export interface ConfigKey {
  /** Such as `capture.snaplen`. */
  readonly path: string;
  readonly environment: string;
  readonly help: string;
  readonly default: unknown;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly isList: boolean;
  /** Whether its value is text as it stands, though it may look like a number. */
  readonly isText: boolean;
  /** What is given for it is not to be shown. */
  readonly isSecret: boolean;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly secret?: boolean;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Name in the environment: `capture.bufferMegabytes` is ADTAP_CAPTURE_BUFFER_MEGABYTES. */
const environmentName = (path: string): string =>
  `ADTAP_${path
    .replaceAll('.', '_')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()}`;

function allowed(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.join(', ');
  switch (schema.type) {
    case 'integer':
    case 'number':
      return `${schema.type === 'integer' ? 'whole number' : 'number'} from ${schema.minimum} to ${schema.maximum}`;
    case 'boolean':
      return 'true, false';
    case 'array':
      return `list of ${bounds(schema.minItems, schema.maxItems)}${schema.items?.enum?.join(', ') ?? 'texts'}`;
    case 'object':
      return 'names and numbers';
    default:
      return schema.minLength === undefined ? 'text' : 'text, not empty';
  }
}

const bounds = (min: number | undefined, max: number | undefined): string =>
  max === undefined ? (min === undefined ? '' : `at least ${min} of `) : `at most ${max} `;

function* leaves(schema: JsonSchema, prefix: string): Generator<ConfigKey> {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (child.properties !== undefined) yield* leaves(child, path);
    else
      yield {
        path,
        environment: environmentName(path),
        help: child.description ?? '',
        default: child.default,
        allowed: allowed(child),
        isList: child.type === 'array',
        isText: child.type === 'string',
        isSecret: child.secret === true,
      };
  }
}

export const configKeys: readonly ConfigKey[] = [...leaves(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '')];
