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
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
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
      return `list of ${schema.items?.enum?.join(', ') ?? 'texts'}`;
    case 'object':
      return 'names and numbers';
    default:
      return 'text';
  }
}

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
      };
  }
}

export const configKeys: readonly ConfigKey[] = [...leaves(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '')];
