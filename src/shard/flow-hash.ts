// A symmetric hash of the five-tuple: both directions of a flow give the same number, and its low bits are as good as any.
import { u32be } from '../bytes/read.ts';
import type { Packet } from '../ip/packet.ts';

/** Unsigned 32-bit hash of addresses, ports and protocol. */
export function flowHash(packet: Packet): number {
  const { bytes, source, destination, sourcePort, destinationPort } = packet;
  let a = mix(sourcePort + 0x9e3779b9, u32be(bytes, source));
  let b = mix(destinationPort + 0x9e3779b9, u32be(bytes, destination));
  if (packet.version === 6)
    for (let word = 4; word < 16; word += 4) {
      a = mix(a, u32be(bytes, source + word));
      b = mix(b, u32be(bytes, destination + word));
    }
  // Sum and product are symmetric and, unlike xor alone, do not cancel out when both ends are alike.
  return finish(((a + b) ^ Math.imul(a | 1, b | 1)) + packet.protocol) >>> 0;
}

/** Rounds and constants in the manner of MurmurHash3's 32-bit mixer. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
