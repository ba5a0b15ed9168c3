// What bounds the SMB decoder.
import { defineLimits } from '../limits.ts';

export const smbLimits = defineLimits('smb', {
  commandBytes: {
    default: 262_144,
    max: 8_388_608,
    unit: 'bytes',
    policy: 'skip',
    help: 'A longer command that would have to be held as a whole (session setup, pipe payload) is passed over.',
  },
  sessions: {
    default: 32,
    max: 4_096,
    unit: 'sessions',
    policy: 'drop-oldest',
    help: 'Sessions of one connection, set up or being set up.',
  },
  pipes: {
    default: 32,
    max: 4_096,
    unit: 'pipes',
    policy: 'drop-oldest',
    help: 'Open named pipes of one connection that carry DCE/RPC.',
  },
  reads: {
    default: 64,
    max: 4_096,
    unit: 'requests',
    policy: 'drop-oldest',
    help: 'Requests to pipes that wait for their answer.',
  },
  chain: {
    default: 16,
    max: 64,
    unit: 'commands',
    policy: 'refuse',
    help: 'Commands chained by AndX in one SMB1 message.',
  },
});
