// IP reassembly (RFC 791 3.2, RFC 8200 4.5) at the gate. Overlap: an exact repetition is ignored; any other overlap discards
// the whole datagram, for IPv6 because RFC 5722 asks for it, for IPv4 because nobody sends one in good faith.
import { sameBytes, u8 } from '../bytes/read.ts';
import { hit } from '../protocols/limits.ts';
import { ipLimits as limits } from './limits.ts';
import type { Packet } from './packet.ts';

/** Why fragments were dropped; the order is that of the counters. */
export const FRAGMENT_DROPS = [
  'overlap',
  'too-many-pieces',
  'too-long',
  'misaligned',
  'table-full',
  'timeout',
  'cut',
  'incomplete',
] as const;
export type FragmentDrop = (typeof FRAGMENT_DROPS)[number];

const MAX_PAYLOAD = 65_535;
const MAX_HEADER = 60 + 40;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly key: string;
  readonly pieces: Piece[];
  /** The first fragment's IP header, once it is there. */
  header: Uint8Array | null;
  protocol: number;
  /** Payload length, known when the last fragment is there; -1 before. */
  length: number;
  bytes: number;
  packets: number;
  readonly seconds: number;
  /** Set when the rest of its fragments is to be thrown away too. */
  refused: FragmentDrop | null;
}

export class Defragmenter {
  /** The datagram that add() completed: the first fragment's header without fragmentation, and the whole payload. */
  readonly datagram = new Uint8Array(MAX_HEADER + MAX_PAYLOAD);
  /** Fragments that ended in a complete datagram. */
  completedFragments = 0;
  readonly #dropped: Record<FragmentDrop, number> = {
    overlap: 0,
    'too-many-pieces': 0,
    'too-long': 0,
    misaligned: 0,
    'table-full': 0,
    timeout: 0,
    cut: 0,
    incomplete: 0,
  };
  /** Oldest first. */
  readonly #held = new Map<string, Datagram>();
  #bytes = 0;

  /** Fragments dropped so far, by reason, zeros left out. */
  droppedByReason(): [FragmentDrop, number][] {
    return FRAGMENT_DROPS.filter((reason) => this.#dropped[reason] > 0).map((reason) => [reason, this.#dropped[reason]]);
  }

  /** Fragments held. */
  get pending(): number {
    let sum = 0;
    for (const datagram of this.#held.values()) sum += datagram.packets;
    return sum;
  }

  /** Takes a fragment. Returns the length of the datagram it completed (see `datagram`), or 0. */
  add(packet: Packet, seconds: number): number {
    this.#expire(seconds);
    const key = keyOf(packet);
    const datagram = this.#held.get(key) ?? this.#begin(key, packet, seconds);
    datagram.packets++;
    const problem = datagram.refused ?? this.#place(datagram, packet);
    if (problem !== null) {
      this.#refuse(datagram, problem);
      return 0;
    }
    return datagram.length >= 0 && datagram.header !== null && datagram.bytes === datagram.length ? this.#complete(datagram) : 0;
  }

  /** The capture is over: what waits is dropped as incomplete. */
  flush(): void {
    for (const datagram of this.#held.values()) this.#forget(datagram, 'incomplete');
  }

  #begin(key: string, packet: Packet, seconds: number): Datagram {
    while (this.#held.size >= limits.fragmentDatagrams.value) {
      hit(limits.fragmentDatagrams);
      this.#dropOldest('table-full');
    }
    const datagram: Datagram = {
      key,
      pieces: [],
      header: null,
      protocol: packet.protocol,
      length: -1,
      bytes: 0,
      packets: 0,
      seconds,
      refused: null,
    };
    this.#held.set(key, datagram);
    return datagram;
  }

  /** Puts a fragment in its place; says what is wrong with it, if anything. */
  #place(datagram: Datagram, packet: Packet): FragmentDrop | null {
    const { bytes, transport, end, fragmentOffset: offset } = packet;
    const length = end - transport;
    if (packet.missing > 0) return 'cut';
    if (length <= 0 || (packet.moreFragments && length % 8 !== 0)) return 'misaligned';
    if (offset + length > MAX_PAYLOAD) return 'too-long';
    const { pieces } = datagram;
    let at = pieces.length;
    while (at > 0 && pieces[at - 1]!.offset > offset) at--;
    const before = pieces[at - 1];
    const after = pieces[at];
    if (before?.offset === offset && before.bytes.length === length && sameBytes(before.bytes, 0, bytes, transport, length))
      return null;
    if (before !== undefined && before.offset + before.bytes.length > offset) return 'overlap';
    if (after !== undefined && offset + length > after.offset) return 'overlap';
    if (!packet.moreFragments) {
      if (datagram.length >= 0 || after !== undefined) return 'overlap';
      datagram.length = offset + length;
    } else if (datagram.length >= 0 && offset + length > datagram.length) return 'overlap';
    if (pieces.length >= limits.fragmentPieces.value) {
      hit(limits.fragmentPieces);
      return 'too-many-pieces';
    }
    if (offset === 0) {
      datagram.header = unfragmented(packet);
      datagram.protocol = packet.protocol;
    }
    pieces.splice(at, 0, { offset, bytes: bytes.slice(transport, end) });
    datagram.bytes += length;
    this.#bytes += length;
    while (this.#bytes > limits.fragmentBytes.value && this.#held.size > 1) {
      hit(limits.fragmentBytes);
      this.#dropOldest('table-full');
    }
    return null;
  }

  #complete(datagram: Datagram): number {
    const header = datagram.header as Uint8Array;
    const out = this.datagram;
    out.set(header, 0);
    for (const piece of datagram.pieces) out.set(piece.bytes, header.length + piece.offset);
    const total = header.length + datagram.length;
    // A length beyond 16 bits is written as 0, which the walk reads as "to the end".
    const isIpv4 = u8(header, 0) >> 4 === 4;
    const written = isIpv4 ? total : total - 40;
    const at = isIpv4 ? 2 : 4;
    out[at] = written > 0xffff ? 0 : written >> 8;
    out[at + 1] = written > 0xffff ? 0 : written & 0xff;
    this.completedFragments += datagram.packets;
    this.#held.delete(datagram.key);
    this.#bytes -= datagram.bytes;
    return total;
  }

  /** Keeps a refused datagram's key for a while, without its bytes, so that its other fragments start no new one. */
  #refuse(datagram: Datagram, reason: FragmentDrop): void {
    this.#dropped[reason] += datagram.packets;
    datagram.packets = 0;
    datagram.refused = reason;
    this.#bytes -= datagram.bytes;
    datagram.bytes = 0;
    datagram.pieces.length = 0;
  }

  #forget(datagram: Datagram, reason: FragmentDrop): void {
    this.#dropped[reason] += datagram.packets;
    this.#bytes -= datagram.bytes;
    this.#held.delete(datagram.key);
  }

  #dropOldest(reason: FragmentDrop): void {
    for (const datagram of this.#held.values()) {
      this.#forget(datagram, reason);
      return;
    }
  }

  #expire(seconds: number): void {
    for (const datagram of this.#held.values()) {
      if (seconds - datagram.seconds <= limits.fragmentSeconds.value) return;
      this.#forget(datagram, 'timeout');
    }
  }
}

/** Addresses, identification and (IPv4: RFC 791) protocol. */
function keyOf(packet: Packet): string {
  const { bytes, source, version } = packet;
  const length = version === 4 ? 8 : 32;
  let key = version === 4 ? `${packet.fragmentId}/${packet.protocol}` : `${packet.fragmentId}`;
  for (let i = 0; i < length; i++) key += String.fromCharCode(u8(bytes, source + i));
  return key;
}

/** The IP header of a first fragment, as if its datagram had never been cut. */
function unfragmented(packet: Packet): Uint8Array {
  const { bytes, network, transport } = packet;
  if (packet.version === 4) {
    const header = bytes.slice(network, transport);
    header[6] = 0;
    header[7] = 0;
    return header;
  }
  // The fragment header (8 bytes before the payload) goes; whatever named it names what it named.
  const header = bytes.slice(network, transport - 8);
  const FRAGMENT_HEADER = 44;
  let at = 6;
  let from = 40;
  while (header[at] !== FRAGMENT_HEADER && from + 8 <= header.length) {
    at = from;
    from += (u8(header, from + 1) + 1) * 8;
  }
  header[at] = packet.protocol;
  return header;
}
