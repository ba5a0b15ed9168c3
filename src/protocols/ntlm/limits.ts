// What bounds the NTLM decoder.
import { defineLimits } from '../limits.ts';

export const ntlmLimits = defineLimits('ntlm', {
  avPairs: { default: 32, max: 256, unit: 'pairs', policy: 'refuse', help: 'AV pairs of one message.' },
  nameBytes: { default: 2_048, max: 65_535, unit: 'bytes', policy: 'refuse', help: 'Bytes of one name.' },
});
