// pcapng (draft-ietf-opsawg-pcapng): blocks with their length at both ends, in sections with a byte order and interfaces of
// their own. Packets are in Enhanced, Simple and (obsolete) Packet Blocks; all other blocks are passed over.
import { u8, u16be, u16le, u32be, u32le } from '../bytes/read.ts';
import { DAMAGED, MAX_CAPLEN, NEED, PACKET, type RecordKind, type RecordReader, SKIP } from './records.ts';

export const BLOCK_SECTION = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_PACKET = 2;
const BLOCK_SIMPLE = 3;
const BLOCK_ENHANCED = 6;
const NANOSECONDS_IN_A_SECOND = 1_000_000_000;
/** Times are kept in 32 bits, as pcap does: up to 2106. */
const MAX_SECONDS = 0xffff_ffff;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BLOCK_OVERHEAD = 12;
/** Blocks of other kinds may be longer (secrets, statistics) and are skipped; this bounds what is believed at all. */
const MAX_BLOCK = 0x4000_0000;
/** A packet of the largest snaplen and 64 KiB of options. */
const MAX_PACKET_BLOCK = MAX_CAPLEN + 65_536;
const MAX_INTERFACES = 65_536;
const MAJOR = 1;
/** Bytes of a section header's block up to its version. */
export const SECTION_START_BYTES = 16;

const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
const MICROSECONDS = 6;
/** Up to here the division below is exact in doubles: remainder times 5^9 has at most 53 bits. */
const MAX_FAST_UNITS = 2 ** 32;

/** What keeps the 16 bytes at `at` from starting a section that this reader knows; empty when nothing does. */
export function sectionProblem(bytes: Uint8Array, at: number): string {
  const littleEndian = u32le(bytes, at + 8) === BYTE_ORDER_MAGIC;
  if (!littleEndian && u32be(bytes, at + 8) !== BYTE_ORDER_MAGIC) return 'a section header without byte-order magic';
  const major = littleEndian ? u16le(bytes, at + 12) : u16be(bytes, at + 12);
  return major === MAJOR ? '' : `a section of version ${major}`;
}

interface Interface {
  readonly linktype: number;
  readonly snaplen: number;
  /** Timestamp units in a second, and the same exactly where a double is not to be trusted. */
  readonly units: number;
  readonly exactUnits: bigint;
  /** Seconds to add (if_tsoffset). */
  readonly offset: number;
}

export class PcapngReader implements RecordReader {
  offset = 0;
  caplen = 0;
  wirelen = 0;
  seconds = 0;
  nanoseconds = 0;
  linktype = 0;
  size = 0;
  problem = '';
  #littleEndian = true;
  #interfaces: Interface[] = [];

  next(bytes: Uint8Array, at: number, end: number): RecordKind {
    if (at + BLOCK_OVERHEAD > end) return this.#need(BLOCK_OVERHEAD);
    this.problem = '';
    // The type of a section header reads alike in both byte orders.
    const isSection = u32be(bytes, at) === BLOCK_SECTION;
    if (isSection) {
      if (at + SECTION_START_BYTES > end) return this.#need(SECTION_START_BYTES);
      const wrong = sectionProblem(bytes, at);
      if (wrong !== '') return this.#damaged(wrong);
      this.#littleEndian = u32le(bytes, at + 8) === BYTE_ORDER_MAGIC;
      this.#interfaces = [];
    }
    const type = this.#u32(bytes, at);
    const length = this.#u32(bytes, at + 4);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_BLOCK) return this.#damaged(`a block of ${length} bytes`);
    this.size = length;
    const wanted = type === BLOCK_ENHANCED || type === BLOCK_PACKET || type === BLOCK_SIMPLE || type === BLOCK_INTERFACE;
    if (wanted && length > MAX_PACKET_BLOCK) return this.#damaged(`a packet block of ${length} bytes`);
    // A block that is passed over may be longer than a slot: it is not waited for.
    if (at + length > end) return wanted ? NEED : SKIP;
    const bodyEnd = at + length - 4;
    if (this.#u32(bytes, bodyEnd) !== length) return this.#damaged('a block whose two lengths differ');
    if (type === BLOCK_ENHANCED) return this.#packet(bytes, at + 8, bodyEnd, true);
    if (!wanted) return SKIP;
    if (type === BLOCK_INTERFACE) return this.#interface(bytes, at + 8, bodyEnd);
    if (type === BLOCK_SIMPLE) return this.#simple(bytes, at + 8, bodyEnd);
    return this.#packet(bytes, at + 8, bodyEnd, false);
  }

  #packet(bytes: Uint8Array, at: number, end: number, enhanced: boolean): RecordKind {
    if (at + 20 > end) return this.#passOver('a packet block without room for its header');
    const face = this.#interfaces[enhanced ? this.#u32(bytes, at) : this.#u16(bytes, at)];
    if (face === undefined) return this.#passOver('a packet of an interface that was not described');
    const caplen = this.#u32(bytes, at + 12);
    if (caplen > end - at - 20) return this.#passOver('a packet longer than its block');
    this.#time(face, this.#u32(bytes, at + 4), this.#u32(bytes, at + 8));
    return this.#found(at + 20, caplen, this.#u32(bytes, at + 16), face.linktype);
  }

  /** A Simple Packet Block has no time: the packet gets that of the packet before it, so that time does not jump back. */
  #simple(bytes: Uint8Array, at: number, end: number): RecordKind {
    const face = this.#interfaces[0];
    if (face === undefined) return this.#passOver('a packet of an interface that was not described');
    if (at + 4 > end) return this.#passOver('a packet block without room for its header');
    const wirelen = this.#u32(bytes, at);
    const caplen = face.snaplen === 0 ? wirelen : Math.min(wirelen, face.snaplen);
    if (caplen > end - at - 4) return this.#passOver('a packet longer than its block');
    return this.#found(at + 4, caplen, wirelen, face.linktype);
  }

  #found(offset: number, caplen: number, wirelen: number, linktype: number): RecordKind {
    if (caplen > MAX_CAPLEN) return this.#passOver(`a packet of more than ${MAX_CAPLEN} bytes`);
    this.offset = offset;
    this.caplen = caplen;
    this.wirelen = Math.max(wirelen, caplen);
    this.linktype = linktype;
    return PACKET;
  }

  #interface(bytes: Uint8Array, at: number, end: number): RecordKind {
    // Interfaces are known by their number: one that cannot be read would shift all behind it.
    if (at + 8 > end) return this.#damaged('an interface description without room for its header');
    if (this.#interfaces.length >= MAX_INTERFACES) return this.#damaged(`a section of more than ${MAX_INTERFACES} interfaces`);
    let base = 10;
    let power = MICROSECONDS;
    let offset = 0;
    let option = at + 8;
    while (option + 4 <= end) {
      const code = this.#u16(bytes, option);
      const length = this.#u16(bytes, option + 2);
      if (code === OPTION_END || option + 4 + length > end) break;
      if (code === OPTION_TSRESOL && length === 1) {
        base = (u8(bytes, option + 4) & 0x80) !== 0 ? 2 : 10;
        power = u8(bytes, option + 4) & 0x7f;
      } else if (code === OPTION_TSOFFSET && length === 8) {
        const low = this.#u32(bytes, option + (this.#littleEndian ? 4 : 8));
        const high = this.#u32(bytes, option + (this.#littleEndian ? 8 : 4));
        offset = (high | 0) * 0x1_0000_0000 + low;
      }
      option += 4 + ((length + 3) & ~3);
    }
    const exactUnits = BigInt(base) ** BigInt(power);
    const linktype = this.#u16(bytes, at);
    this.#interfaces.push({ linktype, snaplen: this.#u32(bytes, at + 4), units: Number(exactUnits), exactUnits, offset });
    return SKIP;
  }

  /** Splits a 64-bit count of units into seconds and nanoseconds without losing a digit; finer units are cut off. */
  #time(face: Interface, high: number, low: number): void {
    const { units } = face;
    let seconds: number;
    let nanoseconds: number;
    if (units <= MAX_FAST_UNITS) {
      // Long division by halves of 16 bits: each dividend is below 2^48.
      const q0 = Math.floor(high / units);
      let rest = (high - q0 * units) * 65_536 + (low >>> 16);
      const q1 = Math.floor(rest / units);
      rest = (rest - q1 * units) * 65_536 + (low & 0xffff);
      const q2 = Math.floor(rest / units);
      rest -= q2 * units;
      seconds = q0 * 0x1_0000_0000 + q1 * 65_536 + q2;
      nanoseconds = units === NANOSECONDS_IN_A_SECOND ? rest : Math.floor(rest * (NANOSECONDS_IN_A_SECOND / units));
    } else {
      // Finer than any clock: rare enough for exact integers.
      const stamp = (BigInt(high) << 32n) | BigInt(low);
      seconds = Number(stamp / face.exactUnits);
      nanoseconds = Number(((stamp % face.exactUnits) * 1_000_000_000n) / face.exactUnits);
    }
    seconds += face.offset;
    this.seconds = seconds < 0 ? 0 : Math.min(seconds, MAX_SECONDS);
    this.nanoseconds = seconds < 0 ? 0 : nanoseconds;
  }

  #need(size: number): RecordKind {
    this.size = size;
    return NEED;
  }

  #passOver(problem: string): RecordKind {
    this.problem = problem;
    return SKIP;
  }

  #damaged(problem: string): RecordKind {
    this.problem = problem;
    return DAMAGED;
  }

  #u16(bytes: Uint8Array, at: number): number {
    return this.#littleEndian ? u16le(bytes, at) : u16be(bytes, at);
  }

  #u32(bytes: Uint8Array, at: number): number {
    return this.#littleEndian ? u32le(bytes, at) : u32be(bytes, at);
  }
}
