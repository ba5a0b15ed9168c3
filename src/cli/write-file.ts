// Files that the user asked for.
import { lstat, open, stat, unlink, writeFile } from 'node:fs/promises';
import { AdtapError } from '../errors.ts';

/** Writes the file. Rejects with ADTAP_E_OUTPUT. */
export async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw cannot(path, cause);
  }
}

/**
 * Finds out whether the file can be written, before hours are spent on what is to stand in it. What is there stays as it is, and
 * nothing stays that was not there. Rejects with ADTAP_E_OUTPUT, for `-` with ADTAP_E_USAGE: what goes there is another thing.
 */
export async function tryReport(path: string): Promise<void> {
  if (path === '-') throw new AdtapError('ADTAP_E_USAGE', '- is no file: standard output is for the result');
  try {
    const facts = await stat(path).catch(nothingThere);
    // To open a pipe would wait for its reader.
    if (facts !== null && !facts.isFile() && !facts.isDirectory()) return;
    if (facts !== null) return await (await open(path, 'a')).close();
    // A link to nothing must not be taken away.
    if ((await lstat(path).catch(nothingThere)) !== null) return;
    await (await open(path, 'wx')).close();
    await unlink(path);
  } catch (cause) {
    throw cannot(path, cause);
  }
}

/** Writes one after the other, each whatever became of those before, and rejects with what went wrong. */
export async function writeAll(writes: readonly (() => Promise<void>)[]): Promise<void> {
  const faults: AdtapError[] = [];
  for (const write of writes)
    try {
      await write();
    } catch (error) {
      if (!(error instanceof AdtapError)) throw error;
      faults.push(error);
    }
  if (faults.length > 0)
    throw new AdtapError('ADTAP_E_OUTPUT', faults.map(({ message }) => message).join('; '), { cause: faults[0] });
}

const cannot = (path: string, cause: unknown): AdtapError =>
  new AdtapError('ADTAP_E_OUTPUT', `${path}: cannot be written: ${(cause as Error).message}`, { cause });

function nothingThere(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
