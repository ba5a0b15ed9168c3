// The surroundings of the bytes a conversation reads: one object a shard, refilled for each packet and for each ending flow.
import { u8 } from '../bytes/read.ts';
import type { Reason } from '../bytes/reason.ts';
import type { ActivitySink, ClaimSink, Context, Direction, MessageSink, Transport } from '../protocols/contract.ts';

/** Where refusals are counted. */
export interface RefusalCounter {
  refused(protocol: string, reason: Reason): void;
}

export class FlowContext implements Context {
  frame = 0;
  /** Sort key of what is said now: the frame, or behind all frames when flows end with the capture. */
  order = 0;
  seconds = 0;
  nanoseconds = 0;
  direction: Direction = 0;
  transport: Transport = 'tcp';
  serverPort = 0;
  duplicate = false;
  /** Whether some of the traffic is being shed, so that what is said may lack its surroundings. */
  isPartial = false;

  /** IPv4 224.0.0.0/4, IPv6 ff00::/8, where the packet goes. */
  get toMulticast(): boolean {
    const first = u8(this.addresses, this.direction === 0 ? 16 : 0);
    return this.addressLength === 4 ? first >> 4 === 14 : first === 0xff;
  }

  messages: MessageSink | null = null;
  tap: Context['tap'] = null;
  activities: ActivitySink | null = null;
  claims: ClaimSink;

  /** Addresses of the flow: the originator's, then the responder's, `addressLength` bytes each, 16 apart. */
  readonly addresses = new Uint8Array(32);
  addressLength: 4 | 16 = 4;
  originatorPort = 0;
  responderPort = 0;
  partition = 0;
  /** Raised whenever the flow changes, so that texts made from addresses can be kept until then. */
  flow = 0;

  readonly #counter: RefusalCounter;

  constructor(counter: RefusalCounter, claims: ClaimSink) {
    this.#counter = counter;
    this.claims = claims;
  }

  refuse(protocol: string, reason: Reason): void {
    this.#counter.refused(protocol, reason);
  }
}
