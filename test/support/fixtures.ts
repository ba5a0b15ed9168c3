// The captures of the repository, found by listing: a new one needs no code.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const fixturesFolder = join(root, 'fixtures');

/** All captures below fixtures/, relative to it. */
export const captures: readonly string[] = readdirSync(fixturesFolder, { recursive: true })
  .map(String)
  .filter((name) => /\.(pcap|pcapng)(\.gz)?$/.test(name))
  .sort();

export const fixture = (name: string): string => join(fixturesFolder, name);
