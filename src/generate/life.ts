// What a script has in hand: the domain, a source of random numbers, a message to write, and the steps it may take. A script is
// a generator; what it yields is the next step, and it goes on when the step's last frame is out.
import { Datagram } from './datagram.ts';
import type { Destination } from './frames.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { Messages } from './messages/messages.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { DONE, type Speaker, type Step } from './step.ts';
import { Tcp } from './tcp.ts';
import type { Carrier, Exchange, Truth, Who } from './truth.ts';
import { type Host, nextPort, type World } from './world.ts';

class Pause implements Step {
  lead = 0;
  frame(): number {
    return DONE;
  }
}

/** Things that all scripts share. */
export interface Surroundings {
  readonly world: World;
  readonly profile: Profile;
  readonly random: Random;
  readonly truth: Truth;
  readonly messages: Messages;
  /** Messages written so far, by protocol and kind. */
  readonly tally: Map<string, number>;
  /** Frames that were meant to look wrong. */
  readonly impaired: { retransmitted: number; reordered: number };
  /** Nanoseconds since the start. */
  readonly clock: { now: number };
  readonly startSeconds: number;
}

export class Life implements Speaker {
  readonly surroundings: Surroundings;
  readonly world: World;
  readonly profile: Profile;
  readonly random: Random;
  readonly messages: Messages;
  readonly out = new MessageBuffer();
  readonly #pause = new Pause();

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
    this.world = surroundings.world;
    this.profile = surroundings.profile;
    this.random = surroundings.random;
    this.messages = surroundings.messages;
  }

  get impaired(): Surroundings['impaired'] {
    return this.surroundings.impaired;
  }

  get now(): number {
    return this.surroundings.clock.now;
  }

  /** Waits, for a time of this mean. */
  pause(mean: number): Step {
    this.#pause.lead = Math.round(this.random.exponential(mean));
    return this.#pause;
  }

  /** A TCP connection from a new port. */
  connect(client: Host, server: Host, port: number): Tcp {
    return new Tcp(this, client, server, nextPort(client), port);
  }

  /** A UDP flow from a new port. */
  datagrams(client: Host, server: Host, port: number): Datagram {
    return new Datagram(this, client, server, server.address, nextPort(client), port);
  }

  /** Datagrams to a group, which nobody answers there. */
  announce(client: Host, group: Destination, groupAddress: string, from: number, port: number): Datagram {
    return new Datagram(this, client, group, groupAddress, from, port);
  }

  /** What should be heard: it went well … */
  succeeded(
    type: string,
    exchange: Exchange,
    account: Who,
    target: string | null,
    mdi: string | null,
    carrier: Carrier = null,
  ): void {
    this.surroundings.truth.expect(type, carrier, exchange, account, target, 'success', null, mdi);
  }
  /** … or it did not … */
  failed(
    type: string,
    exchange: Exchange,
    account: Who,
    target: string | null,
    reason: string,
    mdi: string | null,
    carrier: Carrier = null,
  ): void {
    this.surroundings.truth.expect(type, carrier, exchange, account, target, 'failure', reason, mdi);
  }
  /** … or nobody answered. */
  unanswered(type: string, exchange: Exchange, account: Who, target: string | null, mdi: string | null): void {
    this.surroundings.truth.expect(type, null, exchange, account, target, 'unanswered', null, mdi);
  }

  /** Counts a message that `out` holds. */
  count(kind: string): void {
    const { tally } = this.surroundings;
    tally.set(kind, (tally.get(kind) ?? 0) + 1);
  }
}
