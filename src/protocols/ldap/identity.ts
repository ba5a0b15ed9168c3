// Who binds, by the name in the request: UPN, DOMAIN\name, DN, or nobody (RFC 4513 5.1; MS-ADTS 5.1.1.1.1), and the names that
// SASL mechanisms send in clear.
import { u8 } from '../../bytes/read.ts';
import { latin1, utf8 } from '../../bytes/text.ts';
import type { Identity } from '../contract.ts';
import { splitUpn } from '../upn.ts';

const ANONYMOUS: Identity = { name: '', domain: '', kind: 'anonymous', ticket: 0 };

/** Identity of a simple bind's name. A DN stays whole, its domain is read off its DC components. */
export function identityOfName(name: string): Identity {
  if (name === '') return ANONYMOUS;
  const kind = name.endsWith('$') ? 'computer' : 'user';
  const backslash = name.indexOf('\\');
  if (/^[a-z]+=/i.test(name)) {
    const domain = [...name.matchAll(/(?:^|,)\s*dc=([^,]+)/gi)].map((match) => match[1]).join('.');
    return { name, domain, kind: 'user', ticket: 0 };
  }
  if (backslash > 0) return { name: name.slice(backslash + 1), domain: name.slice(0, backslash), kind, ticket: 0 };
  const [account, domain] = splitUpn(name);
  return { name: account, domain, kind, ticket: 0 };
}

/** Longest credentials looked into. */
const MAX_CREDENTIALS = 4096;

/** Identity in the clear part of a mechanism's credentials; null when it has none. Passwords are passed over unread. */
export function identityOfCredentials(mechanism: string, bytes: Uint8Array, from: number, until: number): Identity | null {
  const end = Math.min(until, from + MAX_CREDENTIALS);
  if (mechanism === 'PLAIN') return plain(bytes, from, end);
  if (mechanism === 'EXTERNAL') return from < end ? identityOfName(utf8(bytes, from, end)) : null;
  if (mechanism === 'DIGEST-MD5') {
    const text = latin1(bytes, from, end);
    const user = /\busername="([^"]*)"/.exec(text)?.[1];
    const realm = /\brealm="([^"]*)"/.exec(text)?.[1] ?? '';
    return user === undefined ? null : { name: user, domain: realm, kind: user.endsWith('$') ? 'computer' : 'user', ticket: 0 };
  }
  if (mechanism.startsWith('SCRAM-')) {
    const user = /(?:^|,)n=([^,]*)/.exec(latin1(bytes, from, end))?.[1];
    return user === undefined ? null : identityOfName(user.replaceAll('=2C', ',').replaceAll('=3D', '='));
  }
  return null;
}

/** RFC 4616: authorisation, authentication, password, with NUL between them. Only the second is read. */
function plain(bytes: Uint8Array, from: number, until: number): Identity | null {
  let start = from;
  while (start < until && u8(bytes, start) !== 0) start++;
  start++;
  let end = start;
  while (end < until && u8(bytes, end) !== 0) end++;
  return end < until ? identityOfName(utf8(bytes, start, end)) : null;
}
