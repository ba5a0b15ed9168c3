// pcapng (draft-ietf-opsawg-pcapng): blocks with their length at both ends, in sections with a byte order and interfaces of
// their own. Packets are in Enhanced, Simple and (obsolete) Packet Blocks; all other blocks are passed over.
import { u8, u16be, u16le, u32be, u32le } from '../bytes/read.ts';
import { DAMAGED, MAX_CAPLEN, NEED, PACKET, type RecordKind, type RecordReader, SKIP } from './records.ts';

export const BLOCK_SECTION = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_PACKET = 2;
const BLOCK_SIMPLE = 3;
const BLOCK_ENHANCED = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BLOCK_OVERHEAD = 12;
/** Blocks of other kinds may be longer (secrets, statistics) and are skipped; this bounds what is believed at all. */
const MAX_BLOCK = 0x4000_0000;
/** A packet of the largest snaplen and 64 KiB of options. */
const MAX_PACKET_BLOCK = MAX_CAPLEN + 65_536;
const MAX_INTERFACES = 65_536;

const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
const MICROSECONDS = 6;

interface Interface {
  readonly linktype: number;
  readonly snaplen: number;
  /** Timestamp units in a second. */
  readonly units: number;
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
    if (u32be(bytes, at) === BLOCK_SECTION) {
      const magic = u32le(bytes, at + 8);
      if (magic !== BYTE_ORDER_MAGIC && u32be(bytes, at + 8) !== BYTE_ORDER_MAGIC)
        return this.#damaged('a section header without byte-order magic');
      this.#littleEndian = magic === BYTE_ORDER_MAGIC;
      this.#interfaces = [];
    }
    const type = this.#u32(bytes, at);
    const length = this.#u32(bytes, at + 4);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_BLOCK) return this.#damaged(`a block of ${length} bytes`);
    this.size = length;
    if (type !== BLOCK_ENHANCED && type !== BLOCK_PACKET && type !== BLOCK_SIMPLE && type !== BLOCK_INTERFACE) return SKIP;
    if (length > MAX_PACKET_BLOCK) return this.#damaged(`a packet block of ${length} bytes`);
    if (at + length > end) return NEED;
    const bodyEnd = at + length - 4;
    if (type === BLOCK_INTERFACE) return this.#interface(bytes, at + 8, bodyEnd);
    if (type === BLOCK_SIMPLE) return this.#simple(bytes, at + 8, bodyEnd);
    return this.#packet(bytes, at + 8, bodyEnd, type === BLOCK_ENHANCED);
  }

  #packet(bytes: Uint8Array, at: number, end: number, enhanced: boolean): RecordKind {
    if (at + 20 > end) return SKIP;
    const number = enhanced ? this.#u32(bytes, at) : this.#u16(bytes, at);
    const face = this.#interfaces[number];
    if (face === undefined) return SKIP;
    this.#time(face, this.#u32(bytes, at + 4), this.#u32(bytes, at + 8));
    return this.#found(at + 20, end, this.#u32(bytes, at + 12), this.#u32(bytes, at + 16), face.linktype);
  }

  #simple(bytes: Uint8Array, at: number, end: number): RecordKind {
    const face = this.#interfaces[0];
    if (face === undefined || at + 4 > end) return SKIP;
    const wirelen = this.#u32(bytes, at);
    const caplen = face.snaplen === 0 ? wirelen : Math.min(wirelen, face.snaplen);
    this.seconds = 0;
    this.nanoseconds = 0;
    return this.#found(at + 4, end, Math.min(caplen, end - at - 4), wirelen, face.linktype);
  }

  #found(offset: number, end: number, caplen: number, wirelen: number, linktype: number): RecordKind {
    if (caplen > end - offset || caplen > MAX_CAPLEN) return SKIP;
    this.offset = offset;
    this.caplen = caplen;
    this.wirelen = Math.max(wirelen, caplen);
    this.linktype = linktype;
    return PACKET;
  }

  #interface(bytes: Uint8Array, at: number, end: number): RecordKind {
    if (at + 8 > end || this.#interfaces.length >= MAX_INTERFACES) return SKIP;
    let units = 10 ** MICROSECONDS;
    let offset = 0;
    let option = at + 8;
    while (option + 4 <= end) {
      const code = this.#u16(bytes, option);
      const length = this.#u16(bytes, option + 2);
      if (code === OPTION_END || option + 4 + length > end) break;
      if (code === OPTION_TSRESOL && length === 1) {
        const power = u8(bytes, option + 4) & 0x7f;
        units = (u8(bytes, option + 4) & 0x80) !== 0 ? 2 ** power : 10 ** power;
      } else if (code === OPTION_TSOFFSET && length === 8) {
        const low = this.#u32(bytes, option + (this.#littleEndian ? 4 : 8));
        const high = this.#u32(bytes, option + (this.#littleEndian ? 8 : 4));
        offset = (high | 0) * 0x1_0000_0000 + low;
      }
      option += 4 + ((length + 3) & ~3);
    }
    this.#interfaces.push({ linktype: this.#u16(bytes, at), snaplen: this.#u32(bytes, at + 4), units, offset });
    return SKIP;
  }

  /** Splits a 64-bit count of units into seconds and nanoseconds without losing digits of a double. */
  #time(face: Interface, high: number, low: number): void {
    const { units } = face;
    let seconds: number;
    let rest: number;
    if (units <= 2 ** 37) {
      // high * 2^32 may not be exact, but its quotient and remainder by the units are, taken 16 bits at a time.
      const a = high;
      const q0 = Math.floor(a / units);
      let r = a - q0 * units;
      r = r * 65_536 + (low >>> 16);
      const q1 = Math.floor(r / units);
      r = (r - q1 * units) * 65_536 + (low & 0xffff);
      const q2 = Math.floor(r / units);
      seconds = q0 * 0x1_0000_0000 + q1 * 65_536 + q2;
      rest = r - q2 * units;
    } else {
      const stamp = (BigInt(high) << 32n) | BigInt(low);
      const per = BigInt(units);
      seconds = Number(stamp / per);
      rest = Number(stamp % per);
    }
    const nanoseconds = units === 1_000_000_000 ? rest : Math.floor(rest * (1_000_000_000 / units));
    this.seconds = Math.max(0, Math.min(seconds + face.offset, 0xffff_ffff));
    this.nanoseconds = Math.min(nanoseconds, 999_999_999);
  }

  #need(size: number): RecordKind {
    this.size = size;
    return NEED;
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
