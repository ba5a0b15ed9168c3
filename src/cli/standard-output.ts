// What a command says as a whole on standard output.
import { AdtapError } from '../errors.ts';
import { openByteSink } from '../sink/file.ts';

/** A reader that went away has read enough. Rejects with ADTAP_E_OUTPUT when it cannot be written, such as onto a full disk. */
export async function writeStandardOutput(text: string): Promise<void> {
  const output = await openByteSink('-');
  try {
    await output.write(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof AdtapError && error.code === 'ADTAP_E_CLOSED_PIPE')) throw error;
  }
}
