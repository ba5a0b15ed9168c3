// Kerberos V5 (RFC 4120) to KDCs (88) and password servers (464, RFC 3244).
import { u8, u32be } from '../../bytes/read.ts';
import { OK, SHORT } from '../../bytes/reason.ts';
import type { Protocol } from '../contract.ts';
import { AP, AS, PASSWORD, TGS } from './activities.ts';
import { detailFields, messageFields } from './fields.ts';
import { kerberosLimits } from './limits.ts';
import { KerberosConversation, looksLikeKpasswd, looksLikeMessage, MARK, NAME, startsRecord } from './transactions.ts';
import { KerberosMessage } from './wire.ts';

const candidate = new KerberosMessage();

export const kerberos: Protocol = {
  name: NAME,
  worth: 2,
  ports: [
    { transport: 'tcp', port: 88 },
    { transport: 'udp', port: 88 },
    { transport: 'tcp', port: 464 },
    { transport: 'udp', port: 464 },
  ],
  limits: kerberosLimits,
  messages: messageFields,
  details: detailFields,
  activities: [AS, TGS, AP, PASSWORD],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport === 'udp') {
      if (hinted && (startsRecord(bytes, start, end) || looksLikeKpasswd(bytes, start, end))) return 'yes';
      return looksLikeMessage(bytes, start, end, end - start) === OK && candidate.bind(bytes, start, end) === OK ? 'yes' : 'no';
    }
    if (start + MARK >= end) return hinted || u8(bytes, start) === 0 ? 'more' : 'no';
    const length = u32be(bytes, start) & 0x7fff_ffff;
    if (length < 2 || length > kerberosLimits.messageBytes.value) return 'no';
    if (hinted) return startsRecord(bytes, start + MARK, end) ? 'yes' : 'no';
    const looks = looksLikeMessage(bytes, start + MARK, end, length);
    return looks === OK ? 'yes' : looks === SHORT ? 'more' : 'no';
  },
  open: (transport) => new KerberosConversation(transport),
};
