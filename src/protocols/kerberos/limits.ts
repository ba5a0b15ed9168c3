// What bounds the Kerberos decoder.
import { defineLimits } from '../limits.ts';

export const kerberosLimits = defineLimits('kerberos', {
  messageBytes: {
    default: 262_144,
    max: 1_048_576,
    unit: 'bytes',
    policy: 'skip',
    help: 'A longer message over TCP is passed over.',
  },
  elements: {
    default: 128,
    max: 4_096,
    unit: 'elements',
    policy: 'refuse',
    help: 'Elements of one list: padata, etypes, addresses, tickets, name components.',
  },
  pending: {
    default: 32,
    max: 1_024,
    unit: 'requests',
    policy: 'drop-oldest',
    help: 'Requests of one flow that wait for their answer.',
  },
});
