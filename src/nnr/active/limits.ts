// What bounds the active look-ups.
import { defineLimits } from '../../protocols/limits.ts';

/** What may be configured or asked for, at most. */
export const MOST = { timeoutMs: 60_000, lookupsPerSecond: 10_000, sockets: 4096 } as const;

export const activeLimits = defineLimits('nnrActive', {
  peerBytes: {
    default: 65_536,
    max: 1_048_576,
    unit: 'bytes',
    policy: 'refuse',
    help: 'Bytes taken from one peer in one look-up.',
  },
  strays: {
    default: 64,
    max: 65_536,
    unit: 'datagrams',
    policy: 'refuse',
    help: 'Datagrams that answer another request than ours, after which a look-up is given up.',
  },
  records: { default: 256, max: 4_096, unit: 'records', policy: 'skip', help: 'Records of one DNS answer that are looked at.' },
  pointerNames: {
    default: 4,
    max: 64,
    unit: 'names',
    policy: 'skip',
    help: 'Names of one address (PTR) whose own addresses are asked for.',
  },
  queued: {
    default: 10_000,
    max: 1_000_000,
    unit: 'addresses',
    policy: 'drop-oldest',
    help: 'Addresses that wait for their look-up; the oldest of the least important gives way, an equally important newcomer is turned away.',
  },
  remembered: {
    default: 65_536,
    max: 4_194_304,
    unit: 'addresses',
    policy: 'drop-oldest',
    help: 'Addresses remembered as asked, so that they are not asked again too soon.',
  },
});
