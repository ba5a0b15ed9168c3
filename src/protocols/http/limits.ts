// What bounds the HTTP reader.
import { defineLimits } from '../limits.ts';

export const httpLimits = defineLimits('http', {
  headerBytes: { default: 65_536, max: 1_048_576, unit: 'bytes', policy: 'give-up-flow', help: 'Bytes of one header block.' },
  strays: {
    default: 64,
    max: 65_536,
    unit: 'pieces',
    policy: 'give-up-flow',
    help: 'Pieces of a connection that are no HTTP, as after lost segments.',
  },
  requests: {
    default: 64,
    max: 4_096,
    unit: 'requests',
    policy: 'give-up-flow',
    help: 'Requests of one connection whose answers are awaited.',
  },
});
