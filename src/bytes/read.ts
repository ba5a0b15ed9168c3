// The floor of the house: the only place that indexes packet bytes. Callers have proven their range (a view's bind did),
// so these are bare reads: an offset outside the array would give NaN-free zeros, never an exception.

/** One unsigned byte. */
export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

/** Unsigned 16-bit integer, network byte order. */
export function u16be(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Unsigned 16-bit integer, little-endian. */
export function u16le(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** Unsigned 24-bit integer, network byte order. */
export function u24be(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** Unsigned 32-bit integer, network byte order. */
export function u32be(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Unsigned 32-bit integer, little-endian. */
export function u32le(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Whether two ranges of the same length hold the same bytes. */
export function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Where the ASCII text starts inside [start, end), or -1. The search is case-sensitive. */
export function indexOfAscii(bytes: Uint8Array, start: number, end: number, text: string): number {
  const last = end - text.length;
  const first = text.charCodeAt(0);
  for (let at = start; at <= last; at++) if (bytes[at] === first && startsWithAscii(bytes, at, end, text)) return at;
  return -1;
}

/** Whether [start, end) starts with the ASCII text. */
export function startsWithAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether [start, end) starts with the ASCII text, which must be given in lower case; case is ignored. */
export function startsWithAsciiIgnoreCase(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start < lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const c = bytes[start + i]!;
    if ((c >= 0x41 && c <= 0x5a ? c | 0x20 : c) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/** The same bytes, for numbers of any size at any offset. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
