// Reads the configuration: file, then environment, then flags, the later over the earlier; one message for each thing wrong.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { AdtapError } from '../errors.ts';
import { allLimits } from '../worker/catalogue.ts';
import { type ConfigKey, configKeys } from './keys.ts';
import { type Config, configSchema } from './schema.ts';

/** Variables of that prefix that are no keys. */
const OTHER_VARIABLES = new Set(['ADTAP_NATIVE_ADDON', 'ADTAP_LIVE', 'ADTAP_BENCH_NAMESPACE']);

type Tree = { [key: string]: unknown };

/** Values by key, such as `capture.snaplen`, that stand above those of the file. */
export type Overrides = ReadonlyMap<string, unknown>;

export interface Loaded {
  readonly config: Config;
  /** Keys that something other than a default decided, and what: `file`, the name in the environment, or `flag`. */
  readonly origins: ReadonlyMap<string, string>;
  /** Variables of the environment that look like keys and are none. */
  readonly unknown: readonly string[];
}

/** Throws AdtapError ADTAP_E_CONFIG with a line a problem: key, value, what is allowed. */
export function loadConfig(file: string | null, environment: NodeJS.ProcessEnv, flags: Overrides): Loaded {
  const tree = file === null ? {} : readTree(file);
  const origins = new Map<string, string>();
  for (const key of configKeys) if (at(tree, key.path) !== undefined) origins.set(key.path, 'file');
  const known = new Map(configKeys.map((key) => [key.environment, key]));
  const unknown: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    const key = known.get(name);
    if (key === undefined && name.startsWith('ADTAP_') && !OTHER_VARIABLES.has(name)) unknown.push(name);
    if (key === undefined || text === undefined) continue;
    place(tree, key.path, scalar(key, text));
    origins.set(key.path, name);
  }
  for (const [path, value] of flags) {
    place(tree, path, value);
    origins.set(path, 'flag');
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) throw new AdtapError('ADTAP_E_CONFIG', problems(parsed.error, tree, file, origins));
  const { token } = parsed.data.metrics;
  return { config: parsed.data, origins, unknown: unknown.filter((name) => token !== `env:${name}`) };
}

/** The value that `key=text` on the command line or in the environment stands for. */
export function scalar(key: ConfigKey, text: string): unknown {
  if (key.isList && !text.trimStart().startsWith('['))
    return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return key.isText ? text : yaml(text);
}

function yaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch {
    return text;
  }
}

/** One override from `key=value`. Throws ADTAP_E_CONFIG for a key that there is not. */
export function override(text: string): [string, unknown] {
  const cut = text.indexOf('=');
  const path = text.slice(0, cut);
  const value = text.slice(cut + 1);
  if (cut === -1) throw new AdtapError('ADTAP_E_CONFIG', `${text}: a key and its value are needed, as in sensor.workers=2`);
  if (allLimits.some((limit) => path === `limits.${limit.key}`)) return [path, yaml(value)];
  const key = configKeys.find((one) => one.path === path);
  if (key === undefined) throw new AdtapError('ADTAP_E_CONFIG', `there is no key ${path}${nearest(path)}`);
  return [path, scalar(key, value)];
}

/** What a secret's reference stands for. */
export function readSecret(reference: string, environment: NodeJS.ProcessEnv): string {
  const name = reference.slice(reference.indexOf(':') + 1);
  if (reference.startsWith('env:')) {
    const value = environment[name];
    if (value === undefined || value === '') throw new AdtapError('ADTAP_E_CONFIG', `${name} is not set in the environment`);
    return value;
  }
  try {
    const value = readFileSync(name, 'utf8').trim();
    if (value === '') throw new Error('it is empty');
    return value;
  } catch (cause) {
    throw new AdtapError('ADTAP_E_CONFIG', `${name}: the secret cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function readTree(file: string): Tree {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AdtapError('ADTAP_E_CONFIG', `${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  let tree: unknown;
  try {
    tree = parse(text, { logLevel: 'error' });
    // An alias of what holds it has no end.
    JSON.stringify(tree);
  } catch (cause) {
    throw new AdtapError('ADTAP_E_CONFIG', `${file}: is no YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  if (tree === null || tree === undefined) return {};
  if (!isTree(tree)) throw new AdtapError('ADTAP_E_CONFIG', `${file}: must hold keys and values`);
  // A section whose keys are all commented out says nothing.
  return Object.fromEntries(Object.entries(tree).filter(([name, value]) => value !== null || !sections.has(name)));
}

const sections = new Set(configKeys.flatMap(({ path }) => (path.includes('.') ? [path.split('.')[0] ?? ''] : [])));

/** `limits.kerberos.messageBytes`: a limit's own name has dots. */
function steps(path: string): string[] {
  return path.startsWith('limits.') ? ['limits', path.slice('limits.'.length)] : path.split('.');
}

function at(tree: Tree, path: string): unknown {
  return steps(path).reduce<unknown>((node, name) => (isTree(node) && Object.hasOwn(node, name) ? node[name] : undefined), tree);
}

function place(tree: Tree, path: string, value: unknown): void {
  const names = steps(path);
  let node = tree;
  for (const name of names.slice(0, -1)) {
    // What stands there and is no section is left for the check to name.
    if (node[name] === undefined) node[name] = {};
    if (!isTree(node[name])) return;
    node = node[name];
  }
  node[names.at(-1) ?? ''] = value;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function problems(error: z.ZodError, tree: Tree, file: string | null, origins: ReadonlyMap<string, string>): string {
  const lines = error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((name) => {
        const full = path === '' ? name : `${path}.${name}`;
        return `${full}: there is no such key${nearest(full)}`;
      });
    const value = issue.path.reduce<unknown>((node, name) => (node as Tree | undefined)?.[name as string], tree);
    const key = configKeys.find((one) => path === one.path || path.startsWith(`${one.path}.`));
    const from = key === undefined ? undefined : origins.get(key.path);
    const where = from === undefined || from === 'file' || from === 'flag' ? '' : ` (from ${from})`;
    const allowed = key?.allowed ?? (sections.has(path) ? 'keys and values' : issue.message);
    const rule = issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : `allowed: ${allowed}`;
    return [`${path}: ${key?.isSecret ? 'what stands there' : shown(value)}${where} is not allowed; ${rule}`];
  });
  return `${file ?? 'the configuration'} has ${lines.length} problem${lines.length === 1 ? '' : 's'}:\n  ${lines.join('\n  ')}`;
}

/** JSON, but for numbers that it has not. */
const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : JSON.stringify(value));

/** `; did you mean X?` when a known key is close. */
function nearest(path: string): string {
  const last = path.split('.').at(-1)?.toLowerCase() ?? '';
  const names = [...new Set(configKeys.flatMap((key) => [key.path, key.path.split('.')[0] ?? '']))];
  const found =
    names.find((name) => distance(name, path) <= 2) ?? names.find((name) => name.split('.').at(-1)?.toLowerCase() === last);
  return found === undefined ? '' : `; did you mean ${found}?`;
}

/** Levenshtein distance. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[other.length]!;
}
