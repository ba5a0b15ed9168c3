// Opens captures by what they are, not by their names.
import { u32be, u32le } from '../bytes/read.ts';
import { AdtapError } from '../errors.ts';
import { type ByteInput, openInput } from './byte-input.ts';
import { FileSource } from './file-source.ts';
import { MergeSource } from './merge-source.ts';
import { PCAP_HEADER_BYTES, pcapReader } from './pcap.ts';
import { BLOCK_SECTION, BYTE_ORDER_MAGIC, PcapngReader, SECTION_START_BYTES, sectionProblem } from './pcapng.ts';
import type { Source } from './source.ts';

/** Files merged at once: each keeps a descriptor and up to a MiB. */
const MAX_FILES = 256;

/** First bytes of other packers' files, for a better word than "not a capture". */
const PACKERS = [
  [0x28b52ffd, 'zstd'],
  [0xfd377a58, 'xz'],
  [0x425a6839, 'bzip2'],
  [0x04224d18, 'lz4'],
  [0x504b0304, 'zip'],
] as const;

/**
 * Opens one capture, or several merged by time; `-` is standard input. Rejects with ADTAP_E_NOT_FOUND, ADTAP_E_NOT_A_CAPTURE,
 * ADTAP_E_UNSUPPORTED_CAPTURE or ADTAP_E_TOO_MANY_FILES.
 */
export async function openCapture(paths: readonly string[]): Promise<Source> {
  if (paths.length > MAX_FILES)
    throw new AdtapError(
      'ADTAP_E_TOO_MANY_FILES',
      `${paths.length} files: at most ${MAX_FILES} can be merged; join them with mergecap first`,
    );
  if (paths.filter((path) => path === '-').length > 1)
    throw new AdtapError('ADTAP_E_TOO_MANY_FILES', 'standard input can be read only once: give `-` one time');
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
  try {
    return await detect(name, input);
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function detect(name: string, input: ByteInput): Promise<Source> {
  const room = new Uint8Array(PCAP_HEADER_BYTES);
  const head = room.subarray(0, await readFully(input, room));
  if (isSection(head)) {
    const problem = sectionProblem(head, 0);
    if (problem !== '') throw unsupported(name, `it starts with ${problem}`);
    return new FileSource(name, input, new PcapngReader(), head, 0);
  }
  const reader = pcapReader(head);
  if (reader === null) throw notACapture(name, input, head);
  if (reader.unsupported !== '') throw unsupported(name, `its pcap version is ${reader.unsupported}, only 2.x is known`);
  return new FileSource(name, input, reader, new Uint8Array(0), PCAP_HEADER_BYTES);
}

/** A section header's type and byte-order magic: a text file may well start with the type alone. */
function isSection(head: Uint8Array): boolean {
  if (head.length < SECTION_START_BYTES || u32be(head, 0) !== BLOCK_SECTION) return false;
  return u32le(head, 8) === BYTE_ORDER_MAGIC || u32be(head, 8) === BYTE_ORDER_MAGIC;
}

function unsupported(name: string, why: string): AdtapError {
  return new AdtapError('ADTAP_E_UNSUPPORTED_CAPTURE', `${name}: ${why}; convert it with \`editcap -F pcapng IN OUT\` first`);
}

function notACapture(name: string, input: ByteInput, head: Uint8Array): AdtapError {
  let why = 'it starts like neither pcap nor pcapng; for other capture formats see `editcap -F pcapng IN OUT`';
  const packer = PACKERS.find(([magic]) => head.length >= 4 && u32be(head, 0) === magic);
  if (packer !== undefined) why = `it is packed with ${packer[1]}; unpack it first (gzip is read as it is)`;
  else if (input.broken !== null) why = `it cannot be read: ${input.broken}`;
  else if (head.length === 0) why = 'it is empty';
  else if (head.length < PCAP_HEADER_BYTES) why = 'it ends before the header of a capture does';
  return new AdtapError('ADTAP_E_NOT_A_CAPTURE', `${name}: not a capture: ${why}`);
}

/** Fills `into` unless the input ends before; returns how many bytes there are. */
async function readFully(input: ByteInput, into: Uint8Array): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const count = input.read(into, length, into.length - length);
    length += count;
    if (count > 0) continue;
    if (input.ended) break;
    await input.wait();
  }
  return length;
}
