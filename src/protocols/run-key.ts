// Ids that join without revealing: a keyed hash of a ticket or a challenge. The key belongs to one run (or is derived from the
// input of a replay), so ids of different runs cannot be compared and nobody can test a guess against them.
import { type HashKey, lastNumber, sipHash } from '../bytes/hash.ts';

/** Longer secrets are hashed by their length, first and last bytes: ciphertext is random, and its MAC stands at one end. */
const EDGE = 64;

let key: HashKey = new Uint32Array(4);
const edges = new Uint8Array(2 * EDGE + 4);

/** Sets the run's key (16 bytes) for this thread. */
export function setRunKey(bytes: Uint8Array): void {
  key = new Uint32Array(bytes.slice(0, 16).buffer);
}

/** A 52-bit id of the secret in [start, end), never 0. */
export function secretId(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= 2 * EDGE) sipHash(key, bytes, start, end);
  else {
    for (let i = 0; i < EDGE; i++) {
      edges[i] = bytes[start + i]!;
      edges[EDGE + i] = bytes[end - EDGE + i]!;
    }
    edges[2 * EDGE] = length;
    edges[2 * EDGE + 1] = length >>> 8;
    edges[2 * EDGE + 2] = length >>> 16;
    edges[2 * EDGE + 3] = length >>> 24;
    sipHash(key, edges, 0, edges.length);
  }
  return lastNumber();
}

/** How an id is printed: 13 hexadecimal digits. The language's own conversion of so large a number is ten times as slow. */
export function idText(id: number): string {
  const high = Math.floor(id / 0x1_0000_0000);
  const low = id | 0;
  for (let digit = 0; digit < 5; digit++) digits[digit] = HEX.charCodeAt((high >>> (16 - 4 * digit)) & 15);
  for (let digit = 0; digit < 8; digit++) digits[5 + digit] = HEX.charCodeAt((low >>> (28 - 4 * digit)) & 15);
  return String.fromCharCode(...digits);
}

const HEX = '0123456789abcdef';
const digits = new Array<number>(13).fill(0);
