// What bounds the mail reader.
import { defineLimits } from '../limits.ts';

export const mailLimits = defineLimits('mail', {
  lineBytes: {
    default: 16_384,
    max: 65_536,
    unit: 'bytes',
    policy: 'give-up-flow',
    help: 'Bytes of one line of SMTP, IMAP or POP3.',
  },
  lines: {
    default: 256,
    max: 65_536,
    unit: 'lines',
    policy: 'give-up-flow',
    help: 'Lines of one connection before it has authenticated.',
  },
});
