// The classic capture format (draft-ietf-opsawg-pcap): a 24-byte header, then 16 bytes before each packet.
import { u16be, u16le, u32be, u32le } from '../bytes/read.ts';
import { DAMAGED, MAX_CAPLEN, NEED, PACKET, type RecordKind, type RecordReader } from './records.ts';

export const PCAP_HEADER_BYTES = 24;
const RECORD_BYTES = 16;
/** Record header of the "modified" format that some old Linux libpcaps wrote. */
const MODIFIED_RECORD_BYTES = 24;

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const MAGIC_MODIFIED = 0xa1b2cd34;

/** The version of all files since 1998, and the one that NetBSD's "ng" tools wrote into files of the same shape. */
const MAJOR = 2;
const MAJOR_NG = 543;
/** Minor versions up to this wrote the two lengths the other way round, 2.3 sometimes. */
const LAST_SWAPPED_MINOR = 3;

/** A reader for the file that starts with these bytes, or null when they are no (whole) pcap header. */
export function pcapReader(header: Uint8Array): PcapReader | null {
  if (header.length < PCAP_HEADER_BYTES) return null;
  for (const littleEndian of [true, false]) {
    const magic = littleEndian ? u32le(header, 0) : u32be(header, 0);
    if (magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS || magic === MAGIC_MODIFIED)
      return new PcapReader(header, littleEndian, magic);
  }
  return null;
}

export class PcapReader implements RecordReader {
  offset = 0;
  caplen = 0;
  wirelen = 0;
  seconds = 0;
  nanoseconds = 0;
  readonly linktype: number;
  /** The file's version when it is one that this reader does not know, else empty. */
  readonly unsupported: string;
  size = 0;
  problem = '';
  readonly #littleEndian: boolean;
  readonly #scale: number;
  readonly #header: number;
  /** Lengths may be the other way round: they are when the captured one were longer. */
  readonly #swapped: boolean;

  constructor(header: Uint8Array, littleEndian: boolean, magic: number) {
    this.#littleEndian = littleEndian;
    this.#scale = magic === MAGIC_NANOSECONDS ? 1 : 1000;
    this.#header = magic === MAGIC_MODIFIED ? MODIFIED_RECORD_BYTES : RECORD_BYTES;
    const major = littleEndian ? u16le(header, 4) : u16be(header, 4);
    const minor = littleEndian ? u16le(header, 6) : u16be(header, 6);
    this.unsupported = major === MAJOR || major === MAJOR_NG ? '' : `${major}.${minor}`;
    this.#swapped = major === MAJOR_NG || minor <= LAST_SWAPPED_MINOR;
    // The upper half tells the length of the frame check sequence, not the link layer.
    this.linktype = (littleEndian ? u32le(header, 20) : u32be(header, 20)) & 0xffff;
  }

  next(bytes: Uint8Array, at: number, end: number): RecordKind {
    const header = this.#header;
    if (at + header > end) {
      this.size = header;
      return NEED;
    }
    let fraction: number;
    let first: number;
    let second: number;
    if (this.#littleEndian) {
      this.seconds = u32le(bytes, at);
      fraction = u32le(bytes, at + 4);
      first = u32le(bytes, at + 8);
      second = u32le(bytes, at + 12);
    } else {
      this.seconds = u32be(bytes, at);
      fraction = u32be(bytes, at + 4);
      first = u32be(bytes, at + 8);
      second = u32be(bytes, at + 12);
    }
    const swap = this.#swapped && first > second;
    const caplen = swap ? second : first;
    this.caplen = caplen;
    const wirelen = swap ? first : second;
    // Some writers leave the original length at 0: what is there counts.
    this.wirelen = Math.max(wirelen, caplen);
    if (caplen > MAX_CAPLEN) {
      this.problem = `a packet of ${caplen} bytes`;
      return DAMAGED;
    }
    const nanoseconds = fraction * this.#scale;
    if (nanoseconds < 1_000_000_000) this.nanoseconds = nanoseconds;
    else {
      this.seconds += Math.floor(nanoseconds / 1_000_000_000);
      this.nanoseconds = nanoseconds % 1_000_000_000;
    }
    this.offset = at + header;
    this.size = header + caplen;
    return at + this.size > end ? NEED : PACKET;
  }
}
