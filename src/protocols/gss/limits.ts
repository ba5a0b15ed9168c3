// What bounds the reading of security tokens.
import { defineLimits } from '../limits.ts';

export const gssLimits = defineLimits('gss', {
  depth: { default: 6, max: 32, unit: 'levels', policy: 'refuse', help: 'Wrappers around one security token.' },
});
