// What bounds the TLS view.
import { defineLimits } from '../limits.ts';

export const tlsLimits = defineLimits('tls', {
  handshakeBytes: {
    default: 65_536,
    max: 1_048_576,
    unit: 'bytes',
    policy: 'give-up-flow',
    help: 'Bytes of handshake messages read of one direction.',
  },
  names: { default: 64, max: 1_024, unit: 'names', policy: 'skip', help: 'Names read of one certificate.' },
});
