// Packet records in a slot, as a capture thread writes them (native-bindings/src/pool.h): four words of this machine's byte
// order (seconds, nanoseconds, captured length, length on the wire), then the packet; records start at multiples of 8.
import type { SlotWriter } from '../source.ts';

export const RECORD_BYTES = 16;

export const recordSize = (caplen: number): number => (RECORD_BYTES + caplen + 7) & ~7;

/** Hands the records in [from, used) to the writer, whose memory they lie in. Returns where it stopped: `used` when it took all. */
export function walkRecords(writer: SlotWriter, words: Uint32Array, from: number, used: number, linktype: number): number {
  let at = from;
  while (at < used) {
    const word = at >> 2;
    const caplen = words[word + 2]!;
    if (!writer.add(at + RECORD_BYTES, caplen, words[word + 3]!, words[word]!, words[word + 1]!, linktype)) return at;
    at += recordSize(caplen);
  }
  return at;
}

/** Writes one record; the caller has seen to it that there is room. Returns where the next one starts. */
export function writeRecord(
  bytes: Uint8Array,
  words: Uint32Array,
  at: number,
  packet: Uint8Array,
  wirelen: number,
  seconds: number,
  nanoseconds: number,
): number {
  const word = at >> 2;
  words[word] = seconds;
  words[word + 1] = nanoseconds;
  words[word + 2] = packet.length;
  words[word + 3] = wirelen;
  bytes.set(packet, at + RECORD_BYTES);
  return at + recordSize(packet.length);
}
