// Mail protocols as carriers of authentication: SMTP on 25 and 587, IMAP on 143, POP3 on 110.
import { latin1 } from '../../bytes/text.ts';
import type { Protocol } from '../contract.ts';
import { mailLimits } from './limits.ts';
import { kindOf, MailConversation } from './transactions.ts';

/** FTP greets like SMTP: only a greeting that names mail counts off port. */
const MAIL_GREETING = /^(220[ -].*(SMTP|Mail)|\* OK .*IMAP|\+OK .*(POP|mail))/i;

export const mail: Protocol = {
  name: 'mail',
  worth: 0,
  ports: [25, 587, 143, 110].map((port) => ({ transport: 'tcp' as const, port })),
  limits: mailLimits,
  messages: {},
  details: {},
  activities: [],
  probe(bytes, start, end, direction, transport, hinted) {
    if (transport !== 'tcp' || direction !== 1) return 'no';
    const text = latin1(bytes, start, Math.min(end, start + 128));
    if (hinted) return text.length < 4 ? 'more' : kindOf(text) !== null ? 'yes' : 'no';
    return MAIL_GREETING.test(text) ? 'yes' : 'no';
  },
  open: () => new MailConversation(),
};
