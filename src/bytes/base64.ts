// Base64 (RFC 4648 section 4) from bytes to bytes, into memory that the caller owns.
import { u8 } from './read.ts';

const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) VALUES['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i;

/** Decodes [start, end) up to the first byte that is no Base64, or until `out` is full; returns how many bytes that gave. */
export function decodeBase64(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let length = 0;
  let bits = 0;
  let count = 0;
  for (let at = start; at < end; at++) {
    const value = VALUES[u8(bytes, at)]!;
    if (value < 0) break;
    bits = ((bits << 6) | value) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (length >= out.length) break;
    out[length++] = (bits >> count) & 0xff;
  }
  return length;
}
