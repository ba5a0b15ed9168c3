// Which protocol is this? Port numbers are a hint: they say whom to ask first. The bytes decide.
import type { Conversation, Direction, Protocol, Transport } from '../protocols/contract.ts';

/** Conversations kept for reuse, per protocol. */
const POOL = 1024;

export class Dispatcher {
  readonly #protocols: readonly Protocol[];
  readonly #hints = { tcp: new Map<number, Protocol[]>(), udp: new Map<number, Protocol[]>() };
  readonly #speaks = { tcp: [] as Protocol[], udp: [] as Protocol[] };
  readonly #pools = { tcp: new Map<Protocol, Conversation[]>(), udp: new Map<Protocol, Conversation[]>() };
  readonly #owner = new WeakMap<Conversation, Conversation[]>();

  constructor(protocols: readonly Protocol[]) {
    this.#protocols = protocols;
    for (const protocol of this.#protocols)
      for (const { transport, port } of protocol.ports) {
        const hinted = this.#hints[transport].get(port);
        if (hinted === undefined) this.#hints[transport].set(port, [protocol]);
        else if (!hinted.includes(protocol)) hinted.push(protocol);
        if (!this.#speaks[transport].includes(protocol)) this.#speaks[transport].push(protocol);
      }
  }

  isHinted(transport: Transport, port: number): boolean {
    return this.#hints[transport].has(port);
  }

  /** How much a flow between these ports is worth keeping; see Protocol.worth. */
  worth(transport: Transport, one: number, other: number): number {
    const hints = this.#hints[transport];
    const hinted = hints.get(one) ?? hints.get(other);
    return hinted === undefined ? 0 : hinted.reduce((most, protocol) => Math.max(most, protocol.worth), 0);
  }

  /** The protocol of a flow that starts with these bytes; 'more' when one may tell with more of them; null for none. */
  identify(
    bytes: Uint8Array,
    start: number,
    end: number,
    direction: Direction,
    transport: Transport,
    ports: number,
  ): Protocol | 'more' | null {
    const hints = this.#hints[transport];
    const hinted = hints.get(ports & 0xffff) ?? hints.get(ports >>> 16);
    let more = false;
    if (hinted !== undefined)
      for (const protocol of hinted) {
        const answer = protocol.probe(bytes, start, end, direction, transport, true);
        if (answer === 'yes') return protocol;
        if (answer === 'more') more = true;
      }
    for (const protocol of this.#speaks[transport]) {
      if (hinted?.includes(protocol)) continue;
      const answer = protocol.probe(bytes, start, end, direction, transport, false);
      if (answer === 'yes') return protocol;
      if (answer === 'more') more = true;
    }
    return more ? 'more' : null;
  }

  /** A conversation for a flow: one that was given back, or a new one. */
  open(protocol: Protocol, transport: Transport): Conversation {
    let pool = this.#pools[transport].get(protocol);
    if (pool === undefined) {
      pool = [];
      this.#pools[transport].set(protocol, pool);
    }
    const reused = pool.pop();
    if (reused !== undefined) return reused;
    const made = protocol.open(transport);
    this.#owner.set(made, pool);
    return made;
  }

  /** Takes a closed conversation back. */
  giveBack(conversation: Conversation): void {
    const pool = this.#owner.get(conversation);
    if (pool !== undefined && pool.length < POOL) pool.push(conversation);
  }
}
