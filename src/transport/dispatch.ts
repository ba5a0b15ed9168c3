// Which protocol is this? Port numbers are a hint: they say whom to ask first. The bytes decide.
import type { Conversation, Direction, Protocol, Transport } from '../protocols/contract.ts';

/** Conversations kept for reuse, per protocol and transport. */
const POOL = 1024;

/** What identify() answers when no protocol knows the bytes, and when one may with more of them. */
export const NOBODY = -1;
export const MORE = -2;

/** Protocols go by their place in the list, which a flow remembers. */
export class Dispatcher {
  readonly #protocols: readonly Protocol[];
  readonly #hints = { tcp: new Map<number, number[]>(), udp: new Map<number, number[]>() };
  readonly #speaks = { tcp: [] as number[], udp: [] as number[] };
  readonly #pools: Readonly<Record<Transport, readonly Conversation[][]>>;

  constructor(protocols: readonly Protocol[]) {
    this.#protocols = protocols;
    this.#pools = { tcp: protocols.map(() => []), udp: protocols.map(() => []) };
    for (const [place, protocol] of protocols.entries())
      for (const { transport, port } of protocol.ports) {
        const hinted = this.#hints[transport].get(port);
        if (hinted === undefined) this.#hints[transport].set(port, [place]);
        else if (!hinted.includes(place)) hinted.push(place);
        if (!this.#speaks[transport].includes(place)) this.#speaks[transport].push(place);
      }
  }

  isHinted(transport: Transport, port: number): boolean {
    return this.#hints[transport].has(port);
  }

  /** How much a flow between these ports is worth keeping; see Protocol.worth. */
  worth(transport: Transport, one: number, other: number): number {
    const hints = this.#hints[transport];
    const hinted = hints.get(one) ?? hints.get(other);
    return hinted === undefined ? 0 : hinted.reduce((most, place) => Math.max(most, this.#protocols[place]!.worth), 0);
  }

  /** Place of the protocol of a flow that starts with these bytes, or MORE or NOBODY. */
  identify(bytes: Uint8Array, start: number, end: number, direction: Direction, transport: Transport, ports: number): number {
    const hints = this.#hints[transport];
    const hinted = hints.get(ports & 0xffff) ?? hints.get(ports >>> 16);
    let unknown = NOBODY;
    if (hinted !== undefined)
      for (const place of hinted) {
        const answer = this.#protocols[place]!.probe(bytes, start, end, direction, transport, true);
        if (answer === 'yes') return place;
        if (answer === 'more') unknown = MORE;
      }
    for (const place of this.#speaks[transport]) {
      if (hinted?.includes(place)) continue;
      const answer = this.#protocols[place]!.probe(bytes, start, end, direction, transport, false);
      if (answer === 'yes') return place;
      if (answer === 'more') unknown = MORE;
    }
    return unknown;
  }

  /** A conversation for a flow: one that was given back, or a new one. */
  open(place: number, transport: Transport): Conversation {
    return this.#pools[transport][place]!.pop() ?? this.#protocols[place]!.open(transport);
  }

  /** Takes back a closed conversation that open() gave for the same protocol and transport. */
  giveBack(conversation: Conversation, place: number, transport: Transport): void {
    const pool = this.#pools[transport][place]!;
    if (pool.length < POOL) pool.push(conversation);
  }
}
