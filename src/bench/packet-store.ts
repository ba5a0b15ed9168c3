// A load in memory: the packets of a capture, one behind the other, and where each one's addresses stand, so that copies of it
// can be sent from other addresses.
import type { SlotWriter, Source } from '../capture/source.ts';
import { AdtapError } from '../errors.ts';
import { Packet } from '../ip/packet.ts';
import { TCP_OR_UDP } from '../ip/verdict.ts';

/** What is read of a capture; the rest of a larger one is left out. */
const MAX_BYTES = 256 << 20;
const PIECE = 1 << 20;
/** First byte of IPv4 multicast and broadcast addresses, and of IPv6 multicast (RFC 5771, RFC 4291 2.7). */
const MULTICAST_4 = 224;
const MULTICAST_6 = 0xff;

/** Packets in columns; `source` and `destination` are offsets into the packet of the address's last three bytes, 0 for none. */
export interface PacketStore {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Where packet i begins; one more than there are packets. */
  readonly starts: Uint32Array;
  readonly wirelens: Uint32Array;
  readonly linktypes: Uint16Array;
  readonly sources: Uint16Array;
  readonly destinations: Uint16Array;
  /** Mean length on the wire, bytes. */
  readonly meanWirelen: number;
  /** Whether the capture held more than is kept. */
  readonly isCut: boolean;
}

class Columns {
  bytes = new Uint8Array(PIECE);
  used = 0;
  readonly starts: number[] = [];
  readonly wirelens: number[] = [];
  readonly linktypes: number[] = [];
  readonly sources: number[] = [];
  readonly destinations: number[] = [];
  readonly #packet = new Packet();

  append(from: Uint8Array, offset: number, caplen: number, wirelen: number, linktype: number): void {
    if (this.used + caplen > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.used + caplen));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    this.bytes.set(from.subarray(offset, offset + caplen), this.used);
    const packet = this.#packet;
    packet.walk(this.bytes, this.used, this.used + caplen, linktype);
    this.starts.push(this.used);
    this.wirelens.push(wirelen);
    this.linktypes.push(linktype);
    this.sources.push(this.#tail(packet.source));
    this.destinations.push(this.#tail(packet.destination));
    this.used += caplen;
  }

  /** Where the last three bytes of the address at `at` stand in the packet; 0 for none and for one that means many. */
  #tail(at: number): number {
    const { version } = this.#packet;
    if (version === 0 || this.bytes[at]! >= (version === 4 ? MULTICAST_4 : MULTICAST_6)) return 0;
    return at + (version === 4 ? 1 : 13) - this.used;
  }
}

/** Reads a source to its end, or as far as there is room. Rejects with ADTAP_E_LOAD when there is no packet in it. */
export async function readStore(source: Source, name: string, maxBytes = MAX_BYTES): Promise<PacketStore> {
  const columns = new Columns();
  let isCut = false;
  const slot: SlotWriter = {
    bytes: new Uint8Array(PIECE),
    capacity: PIECE,
    add(offset, caplen, wirelen, _seconds, _nanoseconds, linktype) {
      if (columns.used + caplen > maxBytes) isCut = true;
      if (!isCut) columns.append(slot.bytes, offset, caplen, wirelen, linktype);
      return !isCut;
    },
  };
  let more = true;
  while (more && !isCut) more = await source.fill(slot);
  const count = columns.starts.length;
  if (count === 0) throw new AdtapError('ADTAP_E_LOAD', `${name}: there is no packet in it to make a load of`);
  return {
    bytes: columns.bytes.subarray(0, columns.used),
    count,
    starts: Uint32Array.from([...columns.starts, columns.used]),
    wirelens: Uint32Array.from(columns.wirelens),
    linktypes: Uint16Array.from(columns.linktypes),
    sources: Uint16Array.from(columns.sources),
    destinations: Uint16Array.from(columns.destinations),
    meanWirelen: columns.wirelens.reduce((sum, one) => sum + one, 0) / count,
    isCut,
  };
}

/** Walks a packet; whether it is TCP's or UDP's, between addresses that can be moved. */
function isOfFlow(packet: Packet, store: PacketStore, number: number): boolean {
  const verdict = packet.walk(store.bytes, store.starts[number]!, store.starts[number + 1]!, store.linktypes[number]!);
  return verdict === TCP_OR_UDP && store.sources[number] !== 0 && store.destinations[number] !== 0;
}

/** Whether there is any TCP or UDP flow: the first packet of one is enough to know. */
export function hasFlow(store: PacketStore): boolean {
  const packet = new Packet();
  for (let number = 0; number < store.count; number++) if (isOfFlow(packet, store, number)) return true;
  return false;
}

/** Numbers of the first `most` packets of the store's longest TCP or UDP flow: one conversation to make many of. */
export function longestFlow(store: PacketStore, most: number): number[] {
  const packet = new Packet();
  const flows = new Map<string, number[]>();
  for (let number = 0; number < store.count; number++) {
    if (!isOfFlow(packet, store, number)) continue;
    const width = packet.version === 4 ? 4 : 16;
    const end = (at: number, port: number): string =>
      `${Buffer.from(store.bytes.subarray(at, at + width)).toString('hex')}:${port}`;
    const ends = [end(packet.source, packet.sourcePort), end(packet.destination, packet.destinationPort)].sort();
    const key = `${packet.protocol} ${ends.join(' ')}`;
    const numbers = flows.get(key);
    if (numbers === undefined) flows.set(key, [number]);
    else numbers.push(number);
  }
  const longest = [...flows.values()].reduce((best, one) => (one.length > best.length ? one : best), []);
  return longest.slice(0, most);
}
