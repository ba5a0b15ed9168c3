// What bounds the DHCP decoder.
import { defineLimits } from '../limits.ts';

export const dhcpLimits = defineLimits('dhcp', {
  options: { default: 256, max: 4_096, unit: 'options', policy: 'refuse', help: 'Options read of one message.' },
});
