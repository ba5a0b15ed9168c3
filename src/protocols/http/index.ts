// HTTP/1 as a carrier of authentication: web servers, proxies, WinRM, RPC over HTTP.
import { indexOfAscii, startsWithAscii } from '../../bytes/read.ts';
import type { Protocol } from '../contract.ts';
import { httpLimits } from './limits.ts';
import { HttpConversation, looksLikeHttp, NAME } from './transactions.ts';

/** Longest request target looked at before giving up on finding the version behind it. */
const MAX_START_LINE = 2048;

export const http: Protocol = {
  name: NAME,
  worth: 0,
  ports: [80, 3128, 5357, 5985, 8080, 47001].map((port) => ({ transport: 'tcp' as const, port })),
  limits: httpLimits,
  messages: {},
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'tcp' || !looksLikeHttp(bytes, start, end)) return 'no';
    if (startsWithAscii(bytes, start, end, 'HTTP/1.')) return 'yes';
    if (indexOfAscii(bytes, start, Math.min(end, start + MAX_START_LINE), ' HTTP/1.') !== -1) return 'yes';
    return end - start < MAX_START_LINE && (hinted || end - start < 16) ? 'more' : 'no';
  },
  open: () => new HttpConversation(),
};
