// TLS is watched by the protocols that go into it; it is no flow of its own. Here are its tables.
import { GIVE_UP, type Protocol } from '../contract.ts';
import { tlsLimits } from './limits.ts';

export const tls: Protocol = {
  name: 'tls',
  worth: 0,
  ports: [],
  limits: tlsLimits,
  messages: {},
  details: {},
  activities: [],
  probe: () => 'no',
  open: () => ({ want: () => 1, data: () => GIVE_UP, gap: () => false, close: () => undefined }),
};
