// What bounds the NetBIOS name service decoder.
import { defineLimits } from '../limits.ts';

export const nbnsLimits = defineLimits('nbns', {
  addresses: { default: 32, max: 1_024, unit: 'addresses', policy: 'skip', help: 'Addresses read of one message.' },
});
