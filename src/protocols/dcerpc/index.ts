// DCE/RPC (C706, MS-RPCE) as a carrier of authentication: on the endpoint mapper's port and, by its header, on any other.
import { u8 } from '../../bytes/read.ts';
import { OK, SHORT } from '../../bytes/reason.ts';
import type { Protocol } from '../contract.ts';
import { NAME } from './contexts.ts';
import { dcerpcLimits } from './limits.ts';
import { RpcConversation } from './transactions.ts';
import { ALTER_CONTEXT, BIND, BIND_ACK, HEADER, Pdu } from './wire.ts';

const pdu = new Pdu();

export const dcerpc: Protocol = {
  name: NAME,
  ports: [{ transport: 'tcp', port: 135 }],
  limits: dcerpcLimits,
  messages: {},
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'tcp') return 'no';
    const reason = pdu.bindHeader(bytes, start, end);
    if (reason === SHORT) return hinted || u8(bytes, start) === 5 ? 'more' : 'no';
    // In the middle of a conversation any PDU will do on RPC's own port; elsewhere one that begins or agrees.
    const begins = pdu.type === BIND || pdu.type === BIND_ACK || pdu.type === ALTER_CONTEXT;
    return reason === OK && end - start >= HEADER && (hinted || begins) ? 'yes' : 'no';
  },
  open: () => new RpcConversation(),
};
