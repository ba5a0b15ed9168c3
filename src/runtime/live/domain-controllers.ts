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
    const known = new Map<string, Controller>();
    for (const address of addresses) {
      const bytes = parseAddress(address);
      if (bytes === null) throw new RangeError(`${address} is no address`);
      // An IPv6 address can be written in several ways.
      const key = bytes.join();
      if (!known.has(key)) known.set(key, { address, bytes, packets: 0, octets: 0, lastSeconds: 0 });
    }
    this.#all = [...known.values()];
    for (const one of this.#all) if (one.bytes.length === 4) this.#ipv4.set(u32be(one.bytes, 0), one);
    this.#ipv6 = this.#all.filter((one) => one.bytes.length === 16);
  }

  see(packet: Packet, wirelen: number, seconds: number): void {
    const source = this.#find(packet, packet.source);
    const destination = this.#find(packet, packet.destination);
    if (source !== undefined) count(source, wirelen, seconds);
    if (destination !== undefined && destination !== source) count(destination, wirelen, seconds);
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

function count(controller: Controller, wirelen: number, seconds: number): void {
  controller.packets++;
  controller.octets += wirelen;
  if (seconds > controller.lastSeconds) controller.lastSeconds = seconds;
}
