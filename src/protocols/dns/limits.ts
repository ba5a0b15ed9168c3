// What bounds the DNS decoder.
import { defineLimits } from '../limits.ts';

export const dnsLimits = defineLimits('dns', {
  records: { default: 4_096, max: 65_535, unit: 'records', policy: 'refuse', help: 'Records read of one message.' },
  told: {
    default: 32,
    max: 4_096,
    unit: 'records',
    policy: 'skip',
    help: 'Records told in one activity or message; the rest is counted.',
  },
  pointers: { default: 64, max: 128, unit: 'pointers', policy: 'refuse', help: 'Compression pointers followed for one name.' },
  pending: {
    default: 64,
    max: 4_096,
    unit: 'queries',
    policy: 'drop-oldest',
    help: 'Queries of one flow that wait for their answer.',
  },
  querySeconds: {
    default: 30,
    max: 600,
    unit: 'seconds',
    policy: 'drop-oldest',
    help: 'A query that waits longer than this (capture time) is unanswered.',
  },
});
