// Traffic of each domain controller apart: packets from and to its addresses, and when the last one came.
import { sameBytes, u8, u32be } from '../../bytes/read.ts';
import type { Packet } from '../../ip/packet.ts';
import { parseAddress } from '../../ip/parse-address.ts';
import type { PacketWatch } from '../../shard/gate.ts';

export interface ControllerStatus {
  readonly address: string;
  readonly packets: number;
  readonly bytes: number;
  /** Time of the last packet, seconds since 1970; 0 before the first. */
  readonly lastSeconds: number;
}

interface Controller {
  readonly address: string;
  readonly bytes: Uint8Array;
  packets: number;
  octets: number;
  lastSeconds: number;
}

export class DomainControllers implements PacketWatch {
  readonly #all: readonly Controller[];
  readonly #ipv4 = new Map<number, Controller>();
  readonly #ipv6: readonly Controller[];

  /** Addresses must be valid. */
  constructor(addresses: readonly string[]) {
    this.#all = [...new Set(addresses)].map((address) => {
      const bytes = parseAddress(address);
      if (bytes === null) throw new RangeError(`${address} is no address`);
      return { address, bytes, packets: 0, octets: 0, lastSeconds: 0 };
    });
    for (const one of this.#all) if (one.bytes.length === 4) this.#ipv4.set(u32be(one.bytes, 0), one);
    this.#ipv6 = this.#all.filter((one) => one.bytes.length === 16);
  }

  see(packet: Packet, wirelen: number, seconds: number): void {
    const source = this.#find(packet, packet.source);
    const one = source ?? this.#find(packet, packet.destination);
    if (one === undefined) return;
    one.packets++;
    one.octets += wirelen;
    if (seconds > one.lastSeconds) one.lastSeconds = seconds;
  }

  status(): ControllerStatus[] {
    return this.#all.map(({ address, packets, octets, lastSeconds }) => ({ address, packets, bytes: octets, lastSeconds }));
  }

  #find(packet: Packet, at: number): Controller | undefined {
    if (packet.version === 4) return this.#ipv4.get(u32be(packet.bytes, at));
    // Few sensors watch over IPv6: the last byte tells most addresses apart.
    const last = u8(packet.bytes, at + 15);
    return this.#ipv6.find((one) => u8(one.bytes, 15) === last && sameBytes(one.bytes, 0, packet.bytes, at, 16));
  }
}
