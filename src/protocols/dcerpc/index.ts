// DCE/RPC (C706, MS-RPCE) as a carrier of authentication: connection-oriented, over TCP on any port. Its PDUs in named pipes
// come from the smb room. Interfaces and calls are not read yet.
import type { Protocol } from '../contract.ts';
import { detailFields, messageFields } from './fields.ts';
import { dcerpcLimits } from './limits.ts';
import { NAME } from './names.ts';
import { DceRpcStream } from './transactions.ts';
import { HEADER, startsPdu } from './wire.ts';

export const dcerpc: Protocol = {
  name: NAME,
  worth: 1,
  ports: [
    { transport: 'tcp', port: 135 },
    { transport: 'tcp', port: 593 },
  ],
  limits: dcerpcLimits,
  messages: messageFields,
  details: detailFields,
  activities: [],
  probe(bytes, start, end, _direction, transport) {
    if (transport !== 'tcp') return 'no';
    const whole = start + HEADER <= end;
    if (!startsPdu(bytes, start, whole ? start + HEADER : end)) return 'no';
    return whole ? 'yes' : 'more';
  },
  open: () => new DceRpcStream(),
};
