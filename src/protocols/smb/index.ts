// SMB (MS-CIFS, MS-SMB, MS-SMB2) on 445 and, in NetBIOS sessions (RFC 1002), on 139, as a carrier of authentication: session
// setups, and DCE/RPC in named pipes. Files and shares are not read.
import { u8 } from '../../bytes/read.ts';
import type { Protocol } from '../contract.ts';
import { LOGON } from './activities.ts';
import { detailFields, messageFields } from './fields.ts';
import { smbLimits } from './limits.ts';
import { NAME } from './names.ts';
import { isControl, startsFrame } from './netbios.ts';
import { SmbConversation } from './transactions.ts';

export const smb: Protocol = {
  name: NAME,
  worth: 1,
  ports: [
    { transport: 'tcp', port: 445 },
    { transport: 'tcp', port: 139 },
  ],
  limits: smbLimits,
  messages: messageFields,
  details: detailFields,
  activities: [LOGON],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'tcp') return 'no';
    const answer = startsFrame(bytes, start, end);
    // A session request's few fixed bytes are certain on its own port only.
    return answer === 'yes' && !hinted && isControl(u8(bytes, start)) ? 'no' : answer;
  },
  open: () => new SmbConversation(),
};
