// Files that the user asked for.
import { writeFile } from 'node:fs/promises';
import { AdtapError } from '../errors.ts';

/** Writes the file. Rejects with ADTAP_E_OUTPUT. */
export async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new AdtapError('ADTAP_E_OUTPUT', `${path}: cannot be written: ${(cause as Error).message}`, { cause });
  }
}
