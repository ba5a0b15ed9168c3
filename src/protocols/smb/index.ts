// SMB (MS-CIFS, MS-SMB2) as a carrier of authentication, on 445 and over the NetBIOS session service on 139.
import { u8, u32be } from '../../bytes/read.ts';
import type { Protocol } from '../contract.ts';
import { detailFields } from './fields.ts';
import { smbLimits } from './limits.ts';
import { LOGON } from './smb1.ts';
import { NAME } from './smb2.ts';
import { FRAME, isMessageId, SmbConversation } from './transactions.ts';

const NETBIOS_SESSION_REQUEST = 0x81;

export const smb: Protocol = {
  name: NAME,
  ports: [
    { transport: 'tcp', port: 445 },
    { transport: 'tcp', port: 139 },
  ],
  limits: smbLimits,
  messages: {},
  details: detailFields,
  activities: [LOGON],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'tcp') return 'no';
    const first = u8(bytes, start);
    if (hinted && first === NETBIOS_SESSION_REQUEST) return 'yes';
    if (start + FRAME + 4 > end) return first === 0 ? 'more' : 'no';
    if (first === 0 && isMessageId(u32be(bytes, start + FRAME))) return 'yes';
    // In the middle of a message; the next one will be found.
    return 'no';
  },
  open: () => new SmbConversation(),
};
