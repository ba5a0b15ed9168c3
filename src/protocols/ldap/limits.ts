// What bounds the LDAP decoder.
import { defineLimits } from '../limits.ts';

export const ldapLimits = defineLimits('ldap', {
  messageBytes: {
    default: 524_288,
    max: 1_048_576,
    unit: 'bytes',
    policy: 'skip',
    help: 'A longer message is passed over; its kind and id are still read.',
  },
  filterDepth: { default: 24, max: 128, unit: 'levels', policy: 'refuse', help: 'Nested terms of one filter.' },
  filterTerms: { default: 512, max: 65_536, unit: 'terms', policy: 'refuse', help: 'Terms of one filter.' },
  filterBytes: { default: 16_384, max: 1_048_576, unit: 'characters', policy: 'refuse', help: 'Length of one filter as text.' },
  attributes: { default: 1_024, max: 65_536, unit: 'attributes', policy: 'skip', help: 'Attributes told of one request.' },
  pending: {
    default: 256,
    max: 4_096,
    unit: 'requests',
    policy: 'drop-oldest',
    help: 'Requests of one connection that wait for their answer.',
  },
  wrappedBytes: {
    default: 524_288,
    max: 16_777_216,
    unit: 'bytes',
    policy: 'skip',
    help: 'Bytes of one SASL-wrapped record that is only signed.',
  },
});
