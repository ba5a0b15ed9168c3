// What bounds the SMB reader.
import { defineLimits } from '../limits.ts';

export const smbLimits = defineLimits('smb', {
  messageBytes: { default: 262_144, max: 1_048_576, unit: 'bytes', policy: 'skip', help: 'A longer message that would have to be whole is passed over.' },
  sessions: { default: 64, max: 4_096, unit: 'sessions', policy: 'drop-oldest', help: 'Sessions being set up on one connection.' },
  pipes: { default: 64, max: 4_096, unit: 'pipes', policy: 'drop-oldest', help: 'Named pipes with DCE/RPC on one connection.' },
  requests: { default: 256, max: 65_536, unit: 'requests', policy: 'drop-oldest', help: 'Requests of one connection whose answers are awaited.' },
});
