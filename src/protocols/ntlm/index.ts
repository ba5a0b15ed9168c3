// NTLM (MS-NLMP) is never a flow of its own: carriers hand its messages over. Here are its tables.
import { GIVE_UP, type Protocol } from '../contract.ts';
import { LOGON } from './carried.ts';
import { detailFields, messageFields } from './fields.ts';
import { ntlmLimits } from './limits.ts';

export const ntlm: Protocol = {
  name: 'ntlm',
  worth: 2,
  ports: [],
  limits: ntlmLimits,
  messages: messageFields,
  details: detailFields,
  activities: [LOGON],
  probe: () => 'no',
  open: () => ({ want: () => 1, data: () => GIVE_UP, gap: () => false, close: () => undefined }),
};
