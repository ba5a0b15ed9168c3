import { describe, expect, it } from 'vitest';
import { ldap } from '../../../../src/protocols/ldap/index.ts';
import { play, type Segment, segments } from '../../../support/segments.ts';
import { octets, raw, tlv } from './build.ts';

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

describe('what one flow said is not told of the next', () => {
  /** What has no account of its own, of a flow whose beginning was not seen, read where another was read before. */
  const said = (type: string, before: readonly Segment[], after: readonly Segment[]) => {
    const conversation = ldap.open('tcp');
    play(conversation, before);
    return play(conversation, after).activities.said.filter((activity) => activity['type'] === type);
  };

  it('by what it was bound before sealed traffic', () => {
    // Length, NTLM's signature (MS-NLMP 2.2.2.9) and what a cipher made.
    const sealed = Buffer.concat([Buffer.from('0000001a0100000058a85b9a694c4fed01000000', 'hex'), Buffer.alloc(10, 0xe7)]);
    const [negotiate = null, challenge = null, authenticate = null] = tokens;
    const logon = [
      bind(1, 'GSS-SPNEGO', negotiate),
      answer(1, IN_PROGRESS, challenge),
      bind(2, 'GSS-SPNEGO', authenticate),
      answer(2, 0, null),
    ];
    const record: Segment = { direction: 0, bytes: sealed };
    const own = said('ldap.sealed', [], [...logon, record]);
    expect(own).toMatchObject([{ account: { name: 'alice' }, details: { mechanism: 'GSS-SPNEGO', records: 1 } }]);
    const [next] = said('ldap.sealed', logon, [record]);
    expect(next).toMatchObject({ account: null, details: { records: 1 } });
    expect(next?.['details']).not.toHaveProperty('mechanism');
  });

  it('that it asked for TLS', () => {
    // RFC 4511 4.14.1 and 4.14.2.
    const request: Segment = {
      direction: 0,
      bytes: tlv(0x30, integer(7), tlv(0x77, raw(0x80, '1.3.6.1.4.1.1466.20037'))),
    };
    const response: Segment = {
      direction: 1,
      bytes: tlv(0x30, integer(7), tlv(0x78, integer(0, 0x0a), octets(''), octets(''))),
    };
    // ClientHello of RFC 5246 7.4.1.2 with one cipher suite and no extension.
    const hello = Buffer.from(`0303${'5a'.repeat(32)}000002c02f0100`, 'hex');
    const body = Buffer.concat([Uint8Array.of(1, 0, 0, hello.length), hello]);
    const tls: Segment = { direction: 0, bytes: Buffer.concat([Uint8Array.of(22, 3, 1, 0, body.length), body]) };
    expect(said('ldap.tls', [], [request, response, tls])).toMatchObject([{ details: { startTls: true } }]);
    expect(said('ldap.tls', [request], [response, tls])).toMatchObject([{ details: { startTls: false } }]);
  });
});
