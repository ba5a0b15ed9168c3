// DCE/RPC over TCP (MS-RPCE 2.1.1.1): PDU after PDU; those without a token are passed over unbuffered.
import { OK } from '../../bytes/reason.ts';
import type { Context, Conversation, Direction } from '../contract.ts';
import { NAME, RpcContexts } from './contexts.ts';
import { AUTH3, FAULT, HEADER, Pdu, REQUEST, RESPONSE } from './wire.ts';

const header = new Pdu();

export class RpcConversation implements Conversation {
  readonly #contexts = new RpcContexts();
  readonly #want: [number, number] = [HEADER, HEADER];

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    this.#want[direction] = HEADER;
    let at = start;
    while (at + HEADER <= end) {
      const reason = header.bindHeader(bytes, at, end);
      if (reason !== OK) {
        context.refuse(NAME, reason);
        return end - start;
      }
      const next = at + header.length;
      if (this.#isOfInterest(bytes, at)) {
        if (next > end) {
          this.#want[direction] = header.length;
          break;
        }
        this.#contexts.pdu(bytes, at, next, context);
      }
      at = next;
    }
    return at - start;
  }

  gap(): boolean {
    return true;
  }

  close(context: Context): void {
    this.#contexts.close(context);
    this.#want[0] = HEADER;
    this.#want[1] = HEADER;
  }

  /** Requests and responses are bulk, unless a verdict waits for the server's next word. */
  #isOfInterest(bytes: Uint8Array, at: number): boolean {
    if (header.type === REQUEST) return false;
    if (header.type === RESPONSE || header.type === FAULT) return this.#contexts.waiting;
    return header.type === AUTH3 || Pdu.tokenLength(bytes, at) > 0 || this.#contexts.waiting;
  }
}
