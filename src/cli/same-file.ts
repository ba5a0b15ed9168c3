// An output that is an input would be emptied before it is read, and two outputs in one file are neither.
import { type BigIntStats, fstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AdtapError } from '../errors.ts';

/** What a path is on the command line, such as `--csv`, and the path; `-` is standard input or standard output. */
export type NamedPath = readonly [name: string, path: string];

/** What an option gives, each path under its name; nothing where it gives none. */
export const named = (name: string, ...paths: readonly (string | null | undefined)[]): readonly NamedPath[] =>
  paths.flatMap((path): NamedPath[] => (path === undefined || path === null ? [] : [[name, path]]));

const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/** Throws ADTAP_E_USAGE when an output is an input or another output, whatever the names and links by which they go. */
export function refuseSameFile(inputs: readonly NamedPath[], outputs: readonly NamedPath[]): void {
  const seen = new Map<string, { readonly name: string; readonly isInput: boolean }>();
  for (const [name, path] of inputs) {
    const id = identity(path, STANDARD_INPUT);
    if (id !== null) seen.set(id, { name, isInput: true });
  }
  for (const [name, path] of outputs) {
    const id = identity(path, STANDARD_OUTPUT);
    if (id === null) continue;
    const other = seen.get(id);
    const which = path === '-' ? name : `${name} ${path}`;
    if (other?.isInput) throw new AdtapError('ADTAP_E_USAGE', `${which} would overwrite what is read with ${other.name}`);
    if (other !== undefined)
      throw new AdtapError('ADTAP_E_USAGE', `${which} is the file of ${other.name} too: give each its own`);
    seen.set(id, { name, isInput: false });
  }
}

/** The same for the same file; null for what may be used by many, such as a device or a pipe. */
function identity(path: string, standard: number): string | null {
  const facts = factsOf(path, standard);
  if (facts !== null) return facts.isFile() ? `${facts.dev}:${facts.ino}` : null;
  if (path === '-') return null;
  try {
    return join(realpathSync(dirname(resolve(path))), basename(path));
  } catch {
    return resolve(path);
  }
}

function factsOf(path: string, standard: number): BigIntStats | null {
  try {
    return path === '-' ? fstatSync(standard, { bigint: true }) : statSync(path, { bigint: true });
  } catch {
    return null;
  }
}
