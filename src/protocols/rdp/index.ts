// RDP on TCP 3389 (MS-RDPBCGR 1.3.1.1): how a connection begins, and by its certificate which computer the server is.
import type { Protocol } from '../contract.ts';
import { messageFields } from './fields.ts';
import { NAME, RdpConversation, startsRequest } from './transactions.ts';

export const rdp: Protocol = {
  name: NAME,
  worth: 1,
  ports: [{ transport: 'tcp', port: 3389 }],
  limits: {},
  messages: messageFields,
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    return transport === 'tcp' && hinted ? startsRequest(bytes, start, end) : 'no';
  },
  open: () => new RdpConversation(),
};
