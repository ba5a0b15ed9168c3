// Batches as pcap or pcapng bytes, in place: headers go into the room that the batch leaves around its frames. Both formats in
// little-endian with nanoseconds (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
import type { FrameBatch, FrameRoom } from './batch.ts';

export interface CaptureFormat {
  readonly room: FrameRoom;
  /** What the file starts with. */
  readonly header: Uint8Array;
  /** Writes the records' headers; the batch's first `end` bytes are then ready to go. */
  seal(batch: FrameBatch): void;
}

const LINKTYPE_ETHERNET = 1;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const SNAPLEN = 262_144;
const PCAP_RECORD = 16;

/** Little-endian bytes of 16- and 32-bit numbers. */
function words(...values: readonly (readonly [size: 2 | 4, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

function u32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export const pcap: CaptureFormat = {
  room: { before: PCAP_RECORD, behind: 0, align: 1 },
  header: words([4, PCAP_NANOSECONDS], [2, 2], [2, 4], [4, 0], [4, 0], [4, SNAPLEN], [4, LINKTYPE_ETHERNET]),
  seal(batch) {
    const { bytes, count, offsets, lengths, seconds, nanoseconds } = batch;
    for (let i = 0; i < count; i++) {
      const at = (offsets[i] as number) - PCAP_RECORD;
      const length = lengths[i] as number;
      u32(bytes, at, seconds[i] as number);
      u32(bytes, at + 4, nanoseconds[i] as number);
      u32(bytes, at + 8, length);
      u32(bytes, at + 12, length);
    }
  },
};

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const ENHANCED = 6;
const ENHANCED_HEADER = 28;
const TRAILER = 4;
const IF_TSRESOL = 9;
/** Ten to the minus nine. */
const NANOSECONDS = 9;
const ANY_LENGTH = 0xffff_ffff;
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 32;
const BILLION = 1_000_000_000;

export const pcapng: CaptureFormat = {
  room: { before: ENHANCED_HEADER, behind: TRAILER, align: 4 },
  header: words(
    [4, SECTION],
    [4, SECTION_BYTES],
    [4, BYTE_ORDER],
    [2, 1],
    [2, 0],
    [4, ANY_LENGTH],
    [4, ANY_LENGTH],
    [4, SECTION_BYTES],
    [4, INTERFACE],
    [4, INTERFACE_BYTES],
    [2, LINKTYPE_ETHERNET],
    [2, 0],
    [4, SNAPLEN],
    [2, IF_TSRESOL],
    [2, 1],
    [4, NANOSECONDS],
    [4, 0],
    [4, INTERFACE_BYTES],
  ),
  seal(batch) {
    const { bytes, count, offsets, lengths, seconds, nanoseconds } = batch;
    for (let i = 0; i < count; i++) {
      const frame = offsets[i] as number;
      const at = frame - ENHANCED_HEADER;
      const length = lengths[i] as number;
      const padded = (length + 3) & ~3;
      const size = ENHANCED_HEADER + padded + TRAILER;
      // seconds · 10⁹ + nanoseconds in 64 bits, by halves: no product leaves the exact range of a double.
      const low = ((seconds[i] as number) & 0xffff) * BILLION + (nanoseconds[i] as number);
      const high = ((seconds[i] as number) >>> 16) * BILLION + Math.floor(low / 0x1_0000);
      u32(bytes, at, ENHANCED);
      u32(bytes, at + 4, size);
      u32(bytes, at + 8, 0);
      u32(bytes, at + 12, Math.floor(high / 0x1_0000));
      u32(bytes, at + 16, (high % 0x1_0000) * 0x1_0000 + (low % 0x1_0000));
      u32(bytes, at + 20, length);
      u32(bytes, at + 24, length);
      for (let pad = frame + length; pad < frame + padded; pad++) bytes[pad] = 0;
      u32(bytes, frame + padded, size);
    }
  },
};

/** pcapng by its name's ending, pcap otherwise. */
export const formatOf = (path: string): CaptureFormat => (/\.pcapng$/i.test(path) ? pcapng : pcap);
