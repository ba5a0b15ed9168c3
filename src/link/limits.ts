// What bounds the walk over link layers.
import { defineLimits } from '../protocols/limits.ts';

export const linkLimits = defineLimits('link', {
  tags: { default: 8, max: 64, unit: 'tags', policy: 'refuse', help: 'VLAN tags and MPLS labels in front of one packet.' },
});
