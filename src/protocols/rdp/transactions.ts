// One RDP connection as far as it is in clear: the request, the confirm, and the server's certificate in the TLS that follows.
import { u8 } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import { type Context, type Conversation, type Direction, GIVE_UP } from '../contract.ts';
import { ITEM } from '../fields.ts';
import { looksLikeTls, TlsWatch } from '../tls/watch.ts';
import { messageFields as F } from './fields.ts';
import * as n from './names.ts';
import { ConnectionTpdu, packetLength, TPKT } from './wire.ts';

export const NAME = 'rdp';

/** Windows signs a certificate for its remote desktop with its name: that of a workgroup's computer is a single label. */
const COMPUTER = /^[\w-]+(\.[\w-]+)*$/;
const message = new ConnectionTpdu();

export class RdpConversation implements Conversation {
  readonly #tls = new TlsWatch('rdp-certificate', COMPUTER);
  readonly #want: [number, number] = [TPKT, TPKT];
  readonly #inTls: [boolean, boolean] = [false, false];

  want(direction: Direction): number {
    return this.#want[direction];
  }

  data(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    if (this.#inTls[direction] || looksLikeTls(bytes, start, end)) return this.#tlsData(bytes, start, end, context);
    const length = packetLength(bytes, start);
    if (length === 0) return GIVE_UP;
    if (end - start < length) {
      this.#want[direction] = length;
      return 0;
    }
    this.#want[direction] = TPKT;
    const reason = message.bind(bytes, start, start + length);
    if (reason !== OK) {
      context.refuse(NAME, reason);
      return GIVE_UP;
    }
    sayMessage(context);
    // Without TLS nothing more is told in clear but keys; with a refusal nothing at all.
    const isAnswer = message.code === n.CONNECTION_CONFIRM;
    if (isAnswer && (message.negotiation !== n.NEG_RSP || (message.value & n.BEHIND_TLS) === 0)) return GIVE_UP;
    return length;
  }

  gap(): boolean {
    return false;
  }

  close(): void {
    this.#tls.reset();
    this.#want.fill(TPKT);
    this.#inTls.fill(false);
  }

  #tlsData(bytes: Uint8Array, start: number, end: number, context: Context): number {
    const { direction } = context;
    this.#inTls[direction] = true;
    const used = this.#tls.data(bytes, start, end, context);
    if (this.#tls.done) return GIVE_UP;
    this.#want[direction] = this.#tls.want(bytes, start + used, end);
    return used;
  }
}

/** Whether a connection request of RDP starts here: 'more' when too little of it is there. */
export function startsRequest(bytes: Uint8Array, start: number, end: number): 'no' | 'yes' | 'more' {
  if (end - start < TPKT) return u8(bytes, start) === n.TPKT_VERSION ? 'more' : 'no';
  const length = packetLength(bytes, start);
  if (length === 0) return 'no';
  if (end - start < length) return 'more';
  return message.bind(bytes, start, start + length) === OK ? 'yes' : 'no';
}

function sayMessage(context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  context.tap?.(NAME, message.bytes, message.start, message.end);
  sink.begin(NAME, context);
  sink.text(F.type, message.code === n.CONNECTION_REQUEST ? 'connection-request' : 'connection-confirm');
  if (message.cookie !== '') sink.text(F.cookie, message.cookie);
  const { negotiation, value } = message;
  if (negotiation === n.NEG_REQ) {
    sink.list(F.requested);
    sink.text(ITEM, 'rdp');
    for (const [bit, name] of n.SECURITY) if ((value & bit) !== 0) sink.text(ITEM, name);
    sink.endList();
  } else if (negotiation === n.NEG_RSP) sink.text(F.selected, n.SECURITY.find(([bit]) => bit === value)?.[1] ?? 'rdp');
  else if (negotiation === n.NEG_FAILURE) sink.text(F.failure, n.FAILURES[value] ?? String(value));
  sink.end();
}
