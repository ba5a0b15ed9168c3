// What bounds the DCE/RPC decoder.
import { defineLimits } from '../limits.ts';

export const dcerpcLimits = defineLimits('dcerpc', {
  contexts: {
    default: 16,
    max: 1_024,
    unit: 'security contexts',
    policy: 'drop-oldest',
    help: 'Security contexts of one association (auth_context_id).',
  },
  fragmentBytes: {
    default: 65_535,
    max: 65_535,
    unit: 'bytes',
    policy: 'skip',
    help: 'A longer fragment that would have to be held as a whole is passed over.',
  },
});
