// The message that a script is writing: one growing buffer, used again for the next one.
import { put16, put32 } from './frames.ts';
import type { BytePool } from './random.ts';
import type { Shape } from './shape.ts';

export class MessageBuffer {
  bytes = new Uint8Array(2048);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  /** Makes room for `size` bytes and returns where they start. */
  reserve(size: number): number {
    const at = this.length;
    const needed = at + size;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.bytes[at] = value;
    return this;
  }
  u16be(value: number): this {
    const at = this.reserve(2);
    put16(this.bytes, at, value);
    return this;
  }
  u32be(value: number): this {
    const at = this.reserve(4);
    put32(this.bytes, at, value);
    return this;
  }
  u16le(value: number): this {
    this.set16le(this.reserve(2), value);
    return this;
  }
  u32le(value: number): this {
    this.set32le(this.reserve(4), value);
    return this;
  }
  /** 64 bits, little-endian, from two halves. */
  u64le(low: number, high = 0): this {
    this.u32le(low);
    return this.u32le(high);
  }
  zeros(count: number): this {
    const at = this.reserve(count);
    this.bytes.fill(0, at, at + count);
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
    return this;
  }
  /** Bytes that look like ciphertext. */
  noise(pool: BytePool, offset: number, length: number): this {
    const at = this.reserve(length);
    pool.copy(offset, this.bytes, at, length);
    return this;
  }
  ascii(text: string): this {
    writeAscii(this.bytes, this.reserve(text.length), text);
    return this;
  }
  utf16(text: string): this {
    const at = this.reserve(2 * text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      this.bytes[at + 2 * i] = code;
      this.bytes[at + 2 * i + 1] = code >>> 8;
    }
    return this;
  }
  /** Zeros up to the next multiple of `size`, counted from `base`. */
  align(size: number, base = 0): this {
    const over = (this.length - base) % size;
    return over === 0 ? this : this.zeros(size - over);
  }

  /** A copy of a shape's bytes; returns where it starts, for the patches below. */
  shape(shape: Shape): number {
    const at = this.reserve(shape.bytes.length);
    this.bytes.set(shape.bytes, at);
    return at;
  }
  patchAscii(base: number, slots: readonly number[], text: string): void {
    for (const slot of slots) writeAscii(this.bytes, base + slot, text);
  }
  patchNoise(base: number, slots: readonly number[], pool: BytePool, offset: number, length: number): void {
    for (const slot of slots) pool.copy(offset, this.bytes, base + slot, length);
  }
  patch32(base: number, slots: readonly number[], value: number): void {
    for (const slot of slots) put32(this.bytes, base + slot, value);
  }
  patch16(base: number, slots: readonly number[], value: number): void {
    for (const slot of slots) put16(this.bytes, base + slot, value);
  }

  /** Later words of headers that name lengths. */
  set16le(at: number, value: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
  }
  set32le(at: number, value: number): void {
    this.set16le(at, value & 0xffff);
    this.set16le(at + 2, value >>> 16);
  }
}

function writeAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
