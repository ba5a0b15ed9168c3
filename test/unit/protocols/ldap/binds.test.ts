import { describe, expect, it } from 'vitest';
import { ldap } from '../../../../src/protocols/ldap/index.ts';
import { play, type Segment, segments } from '../../../support/segments.ts';
import { octets, tlv } from './build.ts';

const integer = (value: number, tag = 0x02): Buffer => tlv(tag, [value]);
/** LDAPMessage, BindRequest with SASL and BindResponse: RFC 4511 4.1.1, 4.2 and 4.2.2. */
const bind = (id: number, mechanism: string, token: Uint8Array | null): Segment => {
  const credentials = token === null ? [] : [tlv(0x04, token)];
  const sasl = tlv(0xa3, octets(mechanism), ...credentials);
  return { direction: 0, bytes: tlv(0x30, integer(id), tlv(0x60, integer(3), octets(''), sasl)) };
};
const answer = (id: number, code: number, token: Uint8Array | null): Segment => {
  const credentials = token === null ? [] : [tlv(0x87, token)];
  const response = tlv(0x61, integer(code, 0x0a), octets(''), octets(''), ...credentials);
  return { direction: 1, bytes: tlv(0x30, integer(id), response) };
};
const IN_PROGRESS = 14;

/** Tokens of a logon over SMB (tshark: LAB\alice): NEGOTIATE, CHALLENGE, AUTHENTICATE. */
const tokens = segments('smb/smb2-ntlm.hex')
  .map(({ bytes, direction }) => ({ message: Buffer.from(bytes).subarray(4), offset: direction === 0 ? 76 : 68 }))
  .filter(({ message }) => message[12] === 1)
  .map(({ message, offset }) => {
    const from = message.readUInt16LE(offset);
    return message.subarray(from, from + message.readUInt16LE(offset + 2));
  });

describe('binds of one LDAP connection', () => {
  it('are each told with an account of their own', () => {
    const [negotiate = null, challenge = null, authenticate = null] = tokens;
    const said = play(ldap.open('tcp'), [
      bind(1, 'GSS-SPNEGO', negotiate),
      answer(1, IN_PROGRESS, challenge),
      bind(2, 'GSS-SPNEGO', authenticate),
      answer(2, 0, null),
      bind(3, 'EXTERNAL', null),
      answer(3, 0, null),
    ]).activities.said;
    const binds = said.filter(({ type }) => type === 'ldap.bind');
    expect(binds).toMatchObject([
      { account: { name: 'alice', domain: 'LAB' }, outcome: 'success', details: { mechanism: 'GSS-SPNEGO' } },
      { account: null, outcome: 'success', details: { mechanism: 'EXTERNAL' } },
    ]);
  });
});
