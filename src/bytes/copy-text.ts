// Text that is copied once, from memory that threads share: V8 copies such memory byte by byte where both ends are not aligned
// alike, and needs an object for the range.
import { WORD } from './piece.ts';

/**
 * Copies `length` bytes of UTF-8 between buffers that do not overlap, eight at a time. No number that is read so is NaN, whose bits
 * might not be kept: in UTF-8 (RFC 3629 4) no byte from F0 on comes before 7F or FF.
 */
export function copyText(from: DataView, start: number, to: DataView, at: number, length: number): void {
  let read = start;
  let write = at;
  const end = start + length;
  for (; read + WORD <= end; read += WORD, write += WORD) to.setFloat64(write, from.getFloat64(read, true), true);
  for (; read < end; read++, write++) to.setUint8(write, from.getUint8(read));
}
