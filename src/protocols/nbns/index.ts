// The NetBIOS name service on UDP 137 (RFC 1001, RFC 1002, MS-NBTE): messages, and claims of who has an address. It says no
// activities: what it tells of anybody's doing is noise, what it tells of names is not.
import { u8, u16be } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import type { Protocol } from '../contract.ts';
import { standalone } from '../standalone.ts';
import { claimNames } from './claims.ts';
import { messageFields } from './fields.ts';
import { nbnsLimits } from './limits.ts';
import { NAME, sayMessage } from './messages.ts';
import { HEADER, NbnsMessage } from './wire.ts';

const message = new NbnsMessage();
const LENGTH_OF_NAME = 0x20;

const conversation = standalone((bytes, start, end, context) => {
  const reason = message.bind(bytes, start, end);
  if (reason !== OK) context.refuse(NAME, reason);
  if (end - start < HEADER) return end - start;
  sayMessage(message, context);
  if (reason === OK && !context.duplicate) claimNames(message, context);
  return end - start;
});

export const nbns: Protocol = {
  name: NAME,
  worth: 1,
  ports: [{ transport: 'udp', port: 137 }],
  limits: nbnsLimits,
  messages: messageFields,
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'udp' || !hinted || end - start < HEADER) return 'no';
    const records = u16be(bytes, start + 4) + u16be(bytes, start + 6) + u16be(bytes, start + 8) + u16be(bytes, start + 10);
    if (records === 0) return 'yes';
    return end > start + HEADER && u8(bytes, start + HEADER) === LENGTH_OF_NAME ? 'yes' : 'no';
  },
  open: () => conversation,
};
