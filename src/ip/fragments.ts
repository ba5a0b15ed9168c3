// IP reassembly (RFC 791 3.2, RFC 8200 4.5) at the gate.
//
// Overlap. IPv6: an exact repetition of a fragment is ignored, any other overlap discards the datagram (RFC 5722). IPv4: an
// overlap that repeats the same bytes is taken for what it adds (a router may cut a retransmission at other places); one that
// contradicts them discards the datagram, since nobody can tell which bytes the receiver believed. A discarded datagram's later
// fragments are discarded with it.
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
  'no-room',
] as const;
export type FragmentDrop = (typeof FRAGMENT_DROPS)[number];

/** Longest packet: IPv4 counts its header in the total length, IPv6 does not (RFC 791 3.1, RFC 8200 3). */
const MAX_LENGTH = 65_535;
const IPV6_BYTES = 40;
const FRAGMENT_HEADER_BYTES = 8;
/** Offsets of the length fields. */
const IPV4_TOTAL_LENGTH = 2;
const IPV6_PAYLOAD_LENGTH = 4;
/**
 * A mirror port may send both copies of each fragment together: the second copy of the last one then begins a datagram that
 * never ends. It may not wait to be mixed with the next of the same identification.
 */
const COPY_SECONDS = 1;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly key: string;
  readonly pieces: Piece[];
  /** The first fragment's IP header, once it is there. */
  header: Uint8Array | null;
  /** Payload length, known when the last fragment is there; -1 before. */
  length: number;
  bytes: number;
  packets: number;
  readonly seconds: number;
  /** Begun right after one of the same key was complete: most likely the rest of a copy. */
  readonly isCopy: boolean;
  /** Set when the rest of its fragments is to be thrown away too. */
  refused: FragmentDrop | null;
}

export class Defragmenter {
  /** The datagram that add() completed: the first fragment's header without fragmentation, and the whole payload. */
  readonly datagram = new Uint8Array(IPV6_BYTES + MAX_LENGTH);
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
    'no-room': 0,
  };
  /** Oldest first. */
  readonly #held = new Map<string, Datagram>();
  /** When the last datagrams were complete, oldest first. */
  readonly #completed = new Map<string, number>();
  #bytes = 0;
  /** Latest time seen: the clock of time-outs, which captures of mixed order cannot turn back. */
  #now = 0;

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
    this.#now = Math.max(this.#now, seconds);
    this.#expire();
    const key = keyOf(packet);
    const datagram = this.#find(key) ?? this.#begin(key);
    datagram.packets++;
    const problem = datagram.refused ?? this.#place(datagram, packet);
    if (problem !== null) this.#refuse(datagram, problem);
    else if (datagram.bytes === datagram.length && datagram.header !== null) return this.#complete(datagram, datagram.header);
    return 0;
  }

  /** A fragment came when there was no room for the datagram that it might complete; live capture cannot wait for any. */
  refuse(): void {
    this.#dropped['no-room']++;
  }

  /** The capture is over: what waits is dropped as incomplete. */
  flush(): void {
    for (const datagram of this.#held.values()) this.#forget(datagram, 'incomplete');
  }

  #find(key: string): Datagram | undefined {
    const datagram = this.#held.get(key);
    if (datagram === undefined || !datagram.isCopy || this.#now - datagram.seconds <= COPY_SECONDS) return datagram;
    this.#forget(datagram, 'incomplete');
    return undefined;
  }

  #begin(key: string): Datagram {
    while (this.#held.size >= limits.fragmentDatagrams.value) {
      hit(limits.fragmentDatagrams);
      this.#dropOldest(null);
    }
    const completed = this.#completed.get(key);
    const datagram: Datagram = {
      key,
      pieces: [],
      header: null,
      length: -1,
      bytes: 0,
      packets: 0,
      seconds: this.#now,
      isCopy: completed !== undefined && this.#now - completed <= COPY_SECONDS,
      refused: null,
    };
    this.#held.set(key, datagram);
    return datagram;
  }

  /** Puts a fragment in its place; says what is wrong with it, if anything. */
  #place(datagram: Datagram, packet: Packet): FragmentDrop | null {
    const { transport, end, fragmentOffset: offset } = packet;
    const until = offset + end - transport;
    if (packet.missing > 0) return 'cut';
    if (until <= offset || (packet.moreFragments && (until - offset) % 8 !== 0)) return 'misaligned';
    if (headerLength(packet) + until > maxLength(packet)) return 'too-long';
    const last = datagram.pieces.at(-1);
    if (!packet.moreFragments) {
      // Two ends that differ, or data behind the end.
      if (datagram.length >= 0 && datagram.length !== until) return 'overlap';
      if (last !== undefined && last.offset + last.bytes.length > until) return 'overlap';
      datagram.length = until;
    } else if (datagram.length >= 0 && until > datagram.length) return 'overlap';
    if (offset === 0 && datagram.header === null) datagram.header = unfragmented(packet);
    return this.#insert(datagram, packet, offset, until);
  }

  /** Keeps the bytes of [offset, until) that are new, in order, after comparing those that are not. */
  #insert(datagram: Datagram, packet: Packet, offset: number, until: number): FragmentDrop | null {
    const { bytes, transport } = packet;
    const { pieces } = datagram;
    let index = pieces.length;
    while (index > 0 && pieces[index - 1]!.offset + pieces[index - 1]!.bytes.length > offset) index--;
    let from = offset;
    while (from < until) {
      const next = pieces[index];
      const gapEnd = next === undefined ? until : Math.min(until, next.offset);
      if (from < gapEnd) {
        if (packet.version === 6 && (from !== offset || gapEnd !== until)) return 'overlap';
        const problem = this.#keep(datagram, index, from, bytes.slice(transport + from - offset, transport + gapEnd - offset));
        if (problem !== null) return problem;
        index++;
        from = gapEnd;
      } else if (next !== undefined) {
        const nextEnd = next.offset + next.bytes.length;
        if (packet.version === 6 && (next.offset !== offset || nextEnd !== until)) return 'overlap';
        const shared = Math.min(until, nextEnd) - from;
        if (!sameBytes(next.bytes, from - next.offset, bytes, transport + from - offset, shared)) return 'overlap';
        index++;
        from += shared;
      }
    }
    return null;
  }

  #keep(datagram: Datagram, index: number, offset: number, bytes: Uint8Array): FragmentDrop | null {
    const { pieces } = datagram;
    if (pieces.length >= limits.fragmentPieces.value) {
      hit(limits.fragmentPieces);
      return 'too-many-pieces';
    }
    pieces.splice(index, 0, { offset, bytes });
    datagram.bytes += bytes.length;
    this.#bytes += bytes.length;
    while (this.#bytes > limits.fragmentBytes.value) {
      hit(limits.fragmentBytes);
      if (!this.#dropOldest(datagram)) return 'table-full';
    }
    return null;
  }

  #complete(datagram: Datagram, header: Uint8Array): number {
    const isIpv4 = u8(header, 0) >> 4 === 4;
    const total = header.length + datagram.length;
    if (total > (isIpv4 ? MAX_LENGTH : MAX_LENGTH + IPV6_BYTES)) {
      this.#refuse(datagram, 'too-long');
      return 0;
    }
    const out = this.datagram;
    out.set(header, 0);
    for (const piece of datagram.pieces) out.set(piece.bytes, header.length + piece.offset);
    const written = isIpv4 ? total : total - IPV6_BYTES;
    const at = isIpv4 ? IPV4_TOTAL_LENGTH : IPV6_PAYLOAD_LENGTH;
    out[at] = written >> 8;
    out[at + 1] = written & 0xff;
    this.completedFragments += datagram.packets;
    this.#held.delete(datagram.key);
    this.#bytes -= datagram.bytes;
    this.#remember(datagram.key);
    return total;
  }

  #remember(key: string): void {
    this.#completed.delete(key);
    this.#completed.set(key, this.#now);
    for (const [oldest, seconds] of this.#completed) {
      if (this.#completed.size <= limits.fragmentDatagrams.value && this.#now - seconds <= COPY_SECONDS) return;
      this.#completed.delete(oldest);
    }
  }

  /** Keeps a refused datagram's key for a while, without its bytes, so that its other fragments start no new one. */
  #refuse(datagram: Datagram, reason: FragmentDrop): void {
    this.#dropped[reason] += datagram.packets;
    datagram.packets = 0;
    datagram.refused = reason;
    this.#bytes -= datagram.bytes;
    datagram.bytes = 0;
    datagram.pieces.length = 0;
    datagram.header = null;
  }

  #forget(datagram: Datagram, reason: FragmentDrop): void {
    this.#dropped[reason] += datagram.packets;
    this.#bytes -= datagram.bytes;
    this.#held.delete(datagram.key);
  }

  /** Makes room by the oldest datagram but the one being read; false when there is none. */
  #dropOldest(current: Datagram | null): boolean {
    for (const datagram of this.#held.values()) {
      if (datagram === current) continue;
      this.#forget(datagram, 'table-full');
      return true;
    }
    return false;
  }

  #expire(): void {
    for (const datagram of this.#held.values()) {
      if (this.#now - datagram.seconds <= limits.fragmentSeconds.value) return;
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

/** Length of the headers before a fragment's data, the fragment header left out. */
function headerLength(packet: Packet): number {
  const { version, network, transport } = packet;
  return version === 4 ? transport - network : transport - network - FRAGMENT_HEADER_BYTES;
}

const maxLength = (packet: Packet): number => (packet.version === 4 ? MAX_LENGTH : MAX_LENGTH + IPV6_BYTES);

/** The IP header of a first fragment, as if its datagram had never been cut. */
function unfragmented(packet: Packet): Uint8Array {
  const { bytes, network, version } = packet;
  const header = bytes.slice(network, network + headerLength(packet));
  if (version === 4) {
    // Flags and fragment offset.
    header[6] = 0;
    header[7] = 0;
  } else {
    // The fragment header goes; whatever named it names what it named.
    header[packet.named - network] = packet.protocol;
  }
  return header;
}
