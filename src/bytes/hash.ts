// SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash under ticket ids and address keys. Without the run's key nobody
// can tell which ticket a hash came from, nor find two that collide.

/** Four 32-bit words of key. */
export type HashKey = Readonly<Uint32Array>;

let high = 0;
let low = 0;

/** The 64-bit hash of a range, read with lastHex() or lastNumber(), so that no object is made. */
export function sipHash(key: HashKey, bytes: Uint8Array, start: number, end: number): void {
  const k0l = key[0]!;
  const k0h = key[1]!;
  const k1l = key[2]!;
  const k1h = key[3]!;
  const v = state;
  v[0] = k0l ^ 0x70736575;
  v[1] = k0h ^ 0x736f6d65;
  v[2] = k1l ^ 0x6e646f6d;
  v[3] = k1h ^ 0x646f7261;
  v[4] = k0l ^ 0x6e657261;
  v[5] = k0h ^ 0x6c796765;
  v[6] = k1l ^ 0x79746573;
  v[7] = k1h ^ 0x74656462;
  const length = end - start;
  const whole = start + (length & ~7);
  let at = start;
  for (; at < whole; at += 8) {
    const ml = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const mh = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    compress(v, ml, mh);
  }
  let ml = 0;
  let mh = length << 24;
  for (let i = 0; at + i < end; i++) {
    if (i < 4) ml |= bytes[at + i]! << (8 * i);
    else mh |= bytes[at + i]! << (8 * (i - 4));
  }
  compress(v, ml, mh);
  v[4] = v[4]! ^ 0xff;
  round(v);
  round(v);
  round(v);
  round(v);
  low = (v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0;
  high = (v[1]! ^ v[3]! ^ v[5]! ^ v[7]!) >>> 0;
}

/** The last sipHash() as 16 hexadecimal digits. */
export const lastHex = (): string => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
/** 52 bits of the last sipHash(), never 0: an exact number that can stand for the hashed bytes in a Map. */
export const lastNumber = (): number => (high & 0xf_ffff) * 0x1_0000_0000 + low || 1;

const state = new Int32Array(8);

function compress(v: Int32Array, ml: number, mh: number): void {
  v[6] = v[6]! ^ ml;
  v[7] = v[7]! ^ mh;
  round(v);
  round(v);
  v[0] = v[0]! ^ ml;
  v[1] = v[1]! ^ mh;
}

/** One SipRound on four 64-bit words, each as (low, high). */
function round(v: Int32Array): void {
  let al = v[0]!;
  let ah = v[1]!;
  let bl = v[2]!;
  let bh = v[3]!;
  let cl = v[4]!;
  let ch = v[5]!;
  let dl = v[6]!;
  let dh = v[7]!;
  let sum: number;
  let keep: number;
  // a += b; b <<<= 13; b ^= a; a <<<= 32
  sum = (al >>> 0) + (bl >>> 0);
  ah = (ah + bh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  al = sum | 0;
  keep = (bl << 13) | (bh >>> 19);
  bh = ((bh << 13) | (bl >>> 19)) ^ ah;
  bl = keep ^ al;
  keep = al;
  al = ah;
  ah = keep;
  // c += d; d <<<= 16; d ^= c
  sum = (cl >>> 0) + (dl >>> 0);
  ch = (ch + dh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  cl = sum | 0;
  keep = (dl << 16) | (dh >>> 16);
  dh = ((dh << 16) | (dl >>> 16)) ^ ch;
  dl = keep ^ cl;
  // a += d; d <<<= 21; d ^= a
  sum = (al >>> 0) + (dl >>> 0);
  ah = (ah + dh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  al = sum | 0;
  keep = (dl << 21) | (dh >>> 11);
  dh = ((dh << 21) | (dl >>> 11)) ^ ah;
  dl = keep ^ al;
  // c += b; b <<<= 17; b ^= c; c <<<= 32
  sum = (cl >>> 0) + (bl >>> 0);
  ch = (ch + bh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  cl = sum | 0;
  keep = (bl << 17) | (bh >>> 15);
  bh = ((bh << 17) | (bl >>> 15)) ^ ch;
  bl = keep ^ cl;
  keep = cl;
  cl = ch;
  ch = keep;
  v[0] = al;
  v[1] = ah;
  v[2] = bl;
  v[3] = bh;
  v[4] = cl;
  v[5] = ch;
  v[6] = dl;
  v[7] = dh;
}
