// LDAP (RFC 4511) on 389 and 3268, going into TLS on 636 and 3269, and CLDAP on UDP 389.
import { tlvLength } from '../../bytes/der.ts';
import { u8, u32be } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import type { Protocol } from '../contract.ts';
import { looksLikeTls } from '../tls/watch.ts';
import * as types from './activities.ts';
import { NAME as CLDAP, CldapConversation } from './cldap.ts';
import { detailFields, messageFields } from './fields.ts';
import { ldapLimits } from './limits.ts';
import { LdapConversation, NAME, PEEK } from './transactions.ts';
import { LdapMessage, startsMessage } from './wire.ts';

const candidate = new LdapMessage();
const SEQUENCE_TAG = 0x30;

export const ldap: Protocol = {
  name: NAME,
  worth: 2,
  ports: [389, 3268, 636, 3269].map((port) => ({ transport: 'tcp' as const, port })),
  limits: ldapLimits,
  messages: messageFields,
  details: detailFields,
  activities: [
    types.BIND,
    types.SEARCH,
    types.MODIFY,
    types.ADD,
    types.DELETE,
    types.RENAME,
    types.COMPARE,
    types.EXTENDED,
    types.SEALED,
    types.TLS,
  ],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'tcp') return 'no';
    if (end - start < PEEK) {
      if (hinted)
        return end - start < 2 || u8(bytes, start) === SEQUENCE_TAG ? (wholeMessage(bytes, start, end) ? 'yes' : 'more') : 'more';
      return wholeMessage(bytes, start, end) ? 'yes' : 'no';
    }
    if (u8(bytes, start) === SEQUENCE_TAG) {
      if (!startsMessage(bytes, start, end)) return 'no';
      return hinted || wholeMessage(bytes, start, end) ? 'yes' : 'no';
    }
    if (!hinted) return 'no';
    // A wrapped record, or TLS: only where LDAP is expected.
    const length = u32be(bytes, start);
    return looksLikeTls(bytes, start, end) || (length >= 16 && length < 0x10_0000 && isWrapToken(bytes, start + 4))
      ? 'yes'
      : 'no';
  },
  open: () => new LdapConversation(),
};

export const cldap: Protocol = {
  name: CLDAP,
  worth: 2,
  ports: [{ transport: 'udp', port: 389 }],
  limits: {},
  messages: messageFields,
  details: detailFields,
  activities: [types.PING, types.CLDAP_SEARCH],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'udp' || end - start < 8 || u8(bytes, start) !== SEQUENCE_TAG) return 'no';
    return (hinted ? startsMessage(bytes, start, end) : wholeMessage(bytes, start, end)) ? 'yes' : 'no';
  },
  open: () => new CldapConversation(),
};

/** A whole message that fits its bytes: no other protocol starts like that. */
function wholeMessage(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 7 || u8(bytes, start) !== SEQUENCE_TAG) return false;
  const length = tlvLength(bytes, start, end, end - start);
  return length > 0 && startsMessage(bytes, start, end) && candidate.bind(bytes, start, end) === OK;
}

/** First bytes of the tokens that security layers make: RFC 4121, RFC 1964, NTLM. */
function isWrapToken(bytes: Uint8Array, at: number): boolean {
  const first = u8(bytes, at);
  return (
    (first === 0x05 && u8(bytes, at + 1) === 0x04) ||
    first === 0x60 ||
    (first === 0x01 && u8(bytes, at + 1) === 0 && u8(bytes, at + 2) === 0)
  );
}
