// Opens captures by what they are, not by their names.
import { u32be } from '../bytes/read.ts';
import { AdtapError } from '../errors.ts';
import { type ByteInput, openInput } from './byte-input.ts';
import { FileSource } from './file-source.ts';
import { MergeSource } from './merge-source.ts';
import { PCAP_HEADER_BYTES, pcapReader } from './pcap.ts';
import { BLOCK_SECTION, PcapngReader } from './pcapng.ts';
import type { Source } from './source.ts';

/** Files merged at once: each keeps half a MiB and a descriptor. */
const MAX_FILES = 256;

/**
 * Opens one capture, or several merged by time; `-` is standard input. Rejects with ADTAP_E_NOT_FOUND, ADTAP_E_NOT_A_CAPTURE
 * or ADTAP_E_TOO_MANY_FILES.
 */
export async function openCapture(paths: readonly string[]): Promise<Source> {
  if (paths.length > MAX_FILES)
    throw new AdtapError(
      'ADTAP_E_TOO_MANY_FILES',
      `${paths.length} files: at most ${MAX_FILES} can be merged; join them with mergecap first`,
    );
  const sources: Source[] = [];
  try {
    for (const path of paths) sources.push(await openOne(path));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  const [only] = sources;
  return sources.length === 1 && only !== undefined ? only : new MergeSource(sources);
}

async function openOne(path: string): Promise<Source> {
  const name = path === '-' ? 'standard input' : path;
  const input = await openInput(path);
  const head = new Uint8Array(PCAP_HEADER_BYTES);
  const length = await readFully(input, head);
  if (length >= 12 && u32be(head, 0) === BLOCK_SECTION)
    return new FileSource(name, input, new PcapngReader(), head.subarray(0, length), 0);
  const reader = length === PCAP_HEADER_BYTES ? pcapReader(head) : null;
  if (reader !== null) return new FileSource(name, input, reader, new Uint8Array(0), PCAP_HEADER_BYTES);
  input.close();
  const why = length === 0 ? 'it is empty' : input.broken !== null ? input.broken : 'it starts like neither pcap nor pcapng';
  throw new AdtapError('ADTAP_E_NOT_A_CAPTURE', `${name}: not a capture: ${why}`);
}

async function readFully(input: ByteInput, into: Uint8Array): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const count = await input.read(into, length, into.length - length);
    if (count === 0) break;
    length += count;
  }
  return length;
}
