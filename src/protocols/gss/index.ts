// GSS-API and SPNEGO wrap the tokens of carriers; they are no flow of their own. Here are their tables.
import { GIVE_UP, type Protocol } from '../contract.ts';
import { NAME } from './exchange.ts';
import { gssLimits } from './limits.ts';

export const gss: Protocol = {
  name: NAME,
  worth: 2,
  ports: [],
  limits: gssLimits,
  messages: {},
  details: {},
  activities: [],
  probe: () => 'no',
  open: () => ({ want: () => 1, data: () => GIVE_UP, gap: () => false, close: () => undefined }),
};
