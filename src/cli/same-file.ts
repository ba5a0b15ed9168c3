// Outputs that are inputs, or each other: opened, they would be emptied before they are read.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { AdtapError } from '../errors.ts';

/** Throws ADTAP_E_USAGE when an output is one of the inputs or another output, whatever its name is. `-` and missing ones are none. */
export function refuseSameFile(inputs: readonly string[], outputs: readonly (string | null | undefined)[]): void {
  const taken = new Map(named(inputs).map((path) => [identity(path), path]));
  for (const path of named(outputs)) {
    const id = identity(path);
    const other = taken.get(id);
    if (other !== undefined) {
      const same = other === path ? path : `${path} and ${other}`;
      const why = inputs.includes(other) ? 'cannot be read and written at once' : 'cannot be written twice at once';
      throw new AdtapError('ADTAP_E_USAGE', `${same}: the same file ${why}`);
    }
    taken.set(id, path);
  }
}

const named = (paths: readonly (string | null | undefined)[]): string[] =>
  paths.filter((path): path is string => typeof path === 'string' && path !== '-');

/** What files are the same by: device and inode, or the path of one that does not exist yet. Devices and pipes are never the same. */
function identity(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return resolve(path);
  return stats.isFile() ? `${stats.dev} ${stats.ino}` : `${path} ${unique++}`;
}
let unique = 0;
