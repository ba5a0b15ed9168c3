// Hand-made captures, written with Buffer's own writers and from the text of the two drafts (draft-ietf-opsawg-pcap and
// draft-ietf-opsawg-pcapng), so that nothing here shares code with the readers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Frame } from '../../../src/capture/frames.ts';
import { openCapture } from '../../../src/capture/open.ts';
import type { SlotWriter } from '../../../src/capture/source.ts';

export type Order = 'LE' | 'BE';

const u16 = (order: Order, value: number): Buffer => {
  const out = Buffer.alloc(2);
  order === 'LE' ? out.writeUInt16LE(value) : out.writeUInt16BE(value);
  return out;
};
const u32 = (order: Order, value: number): Buffer => {
  const out = Buffer.alloc(4);
  order === 'LE' ? out.writeUInt32LE(value >>> 0) : out.writeUInt32BE(value >>> 0);
  return out;
};
const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

export interface PcapShape {
  readonly order?: Order;
  readonly magic?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly linktype?: number;
}

export function pcapHeader({ order = 'LE', magic = 0xa1b2c3d4, major = 2, minor = 4, linktype = 1 }: PcapShape = {}): Buffer {
  const version = [u16(order, major), u16(order, minor)];
  return Buffer.concat([u32(order, magic), ...version, Buffer.alloc(8), u32(order, 262_144), u32(order, linktype)]);
}

export function pcapRecord(order: Order, seconds: number, fraction: number, bytes: Uint8Array, wirelen = bytes.length): Buffer {
  const words = [seconds, fraction, bytes.length, wirelen].map((word) => u32(order, word));
  return Buffer.concat([...words, bytes]);
}

/** Blocks of pcapng in one byte order. */
export class Pcapng {
  readonly order: Order;

  constructor(order: Order) {
    this.order = order;
  }

  block(type: number, body: Uint8Array, trailer?: number): Buffer {
    const length = 12 + padded(body).length;
    return Buffer.concat([u32(this.order, type), u32(this.order, length), padded(body), u32(this.order, trailer ?? length)]);
  }

  option(code: number, value: Uint8Array): Buffer {
    return Buffer.concat([u16(this.order, code), u16(this.order, value.length), padded(value)]);
  }

  section(major = 1, options: Buffer = Buffer.alloc(0)): Buffer {
    const head = [u32(this.order, 0x1a2b3c4d), u16(this.order, major), u16(this.order, 0), Buffer.alloc(8, 0xff)];
    return this.block(0x0a0d0d0a, Buffer.concat([...head, options]));
  }

  description(linktype: number, snaplen = 0, options: readonly Buffer[] = []): Buffer {
    return this.block(1, Buffer.concat([u16(this.order, linktype), u16(this.order, 0), u32(this.order, snaplen), ...options]));
  }

  resolution(value: number): Buffer {
    return this.option(9, Buffer.from([value]));
  }

  offset(seconds: bigint): Buffer {
    const out = Buffer.alloc(8);
    this.order === 'LE' ? out.writeBigInt64LE(seconds) : out.writeBigInt64BE(seconds);
    return this.option(14, out);
  }

  #stamp(stamp: bigint): Buffer {
    return Buffer.concat([u32(this.order, Number(stamp >> 32n)), u32(this.order, Number(stamp & 0xffff_ffffn))]);
  }

  enhanced(face: number, stamp: bigint, bytes: Uint8Array, wirelen = bytes.length, options: Buffer = Buffer.alloc(0)): Buffer {
    const lengths = [u32(this.order, bytes.length), u32(this.order, wirelen)];
    return this.block(6, Buffer.concat([u32(this.order, face), this.#stamp(stamp), ...lengths, padded(bytes), options]));
  }

  /** The obsolete Packet Block. */
  packet(face: number, stamp: bigint, bytes: Uint8Array, wirelen = bytes.length): Buffer {
    const lengths = [u32(this.order, bytes.length), u32(this.order, wirelen)];
    const head = [u16(this.order, face), u16(this.order, 0xffff), this.#stamp(stamp)];
    return this.block(2, Buffer.concat([...head, ...lengths, padded(bytes)]));
  }

  simple(bytes: Uint8Array, wirelen = bytes.length): Buffer {
    return this.block(3, Buffer.concat([u32(this.order, wirelen), padded(bytes)]));
  }
}

/** A packet of that length that is told from others by its number. */
export function packetBytes(number: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (number * 31 + at * 7) & 0xff));
}

/** A directory for one test file; it goes when its tests are over. */
export function directory(): { write(name: string, bytes: Uint8Array): string; path(name: string): string } {
  const root = mkdtempSync(join(tmpdir(), 'adtap-capture-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return {
    path: (name) => join(root, name),
    write(name, bytes) {
      const path = join(root, name);
      writeFileSync(path, bytes);
      return path;
    },
  };
}

/** What is compared: all of a packet. */
export type Seen = Omit<Frame, 'bytes' | 'number'> & { readonly hex: string };

/** A slot in shared memory, poisoned between uses, that may refuse packets. */
export class TestSlot implements SlotWriter {
  readonly bytes: Uint8Array;
  readonly capacity: number;
  readonly seen: Seen[] = [];
  readonly #takes: () => boolean;

  constructor(capacity: number, takes: () => boolean = () => true) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(capacity + 64));
    this.capacity = capacity;
    this.#takes = takes;
  }

  add(offset: number, caplen: number, wirelen: number, seconds: number, nanoseconds: number, linktype: number): boolean {
    if (offset < 0 || caplen < 0 || offset + caplen > this.capacity) throw new RangeError('a packet outside the slot');
    if (!this.#takes()) return false;
    const hex = Buffer.from(this.bytes.subarray(offset, offset + caplen)).toString('hex');
    this.seen.push({ hex, wirelen, seconds, nanoseconds, linktype });
    return true;
  }
}

export interface Read {
  readonly seen: readonly Seen[];
  readonly warnings: readonly string[];
  readonly fills: number;
}

/** Reads captures to the end through one slot, poisoned before each fill. */
export async function readAll(paths: readonly string[], capacity = 1 << 20, takes?: () => boolean): Promise<Read> {
  const source = await openCapture(paths);
  const slot = new TestSlot(capacity, takes);
  let fills = 0;
  try {
    for (let more = true; more; fills++) {
      slot.bytes.fill(fills & 1 ? 0xff : 0);
      more = await source.fill(slot);
      if (fills > 100_000) throw new Error('the source has no end');
      if (slot.bytes.subarray(capacity).some((byte) => byte !== (fills & 1 ? 0xff : 0)))
        throw new Error('written behind the slot');
    }
    return { seen: slot.seen, warnings: source.warnings, fills };
  } finally {
    await source.close();
  }
}
