// What bounds the walk over IP headers and the memory of fragments.
import { defineLimits } from '../protocols/limits.ts';

export const ipLimits = defineLimits('ip', {
  tunnelDepth: { default: 4, max: 16, unit: 'tunnels', policy: 'refuse', help: 'Tunnels inside each other that are taken off.' },
  extensionHeaders: { default: 8, max: 64, unit: 'headers', policy: 'refuse', help: 'IPv6 extension headers of one packet.' },
  fragmentDatagrams: {
    default: 1024,
    max: 65_536,
    unit: 'datagrams',
    policy: 'drop-oldest',
    help: 'Datagrams whose fragments are held at once.',
  },
  fragmentBytes: {
    default: 4_194_304,
    max: 268_435_456,
    unit: 'bytes',
    policy: 'drop-oldest',
    help: 'Bytes of fragments held at once.',
  },
  fragmentPieces: { default: 128, max: 8_192, unit: 'fragments', policy: 'refuse', help: 'Fragments of one datagram.' },
  fragmentSeconds: {
    default: 30,
    max: 300,
    unit: 'seconds',
    policy: 'drop-oldest',
    help: 'Capture time that a datagram may take to be complete (RFC 8200 4.5: 60, Linux: 30).',
  },
});
