// What wraps the tokens of a logon, laid by hand: GSS-API framing (RFC 2743 3.1), SPNEGO (RFC 4178 4.2), and what is left of them.
import { expect, it } from 'vitest';
import { AuthExchange } from '../../../../src/protocols/gss/exchange.ts';
import { TestContext } from '../../../support/record.ts';
import { octets, raw, tlv } from '../ldap/build.ts';

/** Contents of an OBJECT IDENTIFIER, X.690 8.19. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const groups = [40 * first + second, ...rest].map((arc) => {
    const base128 = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) base128.unshift(0x80 | (left & 0x7f));
    return base128;
  });
  return tlv(0x06, groups.flat());
}

const SPNEGO = '1.3.6.1.5.5.2';
const NTLM = '1.3.6.1.4.1.311.2.2.10';
const framed = (mechanism: string, token: Uint8Array): Buffer => tlv(0x60, oid(mechanism), token);
/** NegTokenInit with a mechanism and its token. */
const initial = (mechanism: string, token: Uint8Array): Buffer =>
  framed(SPNEGO, tlv(0xa0, tlv(0x30, tlv(0xa0, tlv(0x30, oid(mechanism))), tlv(0xa2, tlv(0x04, token)))));

/** NEGOTIATE_MESSAGE without names (MS-NLMP 2.2.1.1). */
const negotiate = Buffer.concat([Buffer.from('NTLMSSP\0'), Uint8Array.of(1, 0, 0, 0, 7, 0x82, 8, 0xa2), Buffer.alloc(16)]);

/** AP-REQ (RFC 4120 5.5.1) for host/a.example in A.EXAMPLE, sealed with nothing. */
const integer = (value: number): Buffer => tlv(0x02, [value]);
const text = (value: string): Buffer => raw(0x1b, value);
const sealed = tlv(0x30, tlv(0xa0, integer(18)), tlv(0xa2, octets('sealed')));
const ticket = tlv(
  0x61,
  tlv(
    0x30,
    tlv(0xa0, integer(5)),
    tlv(0xa1, text('A.EXAMPLE')),
    tlv(0xa2, tlv(0x30, tlv(0xa0, integer(2)), tlv(0xa1, tlv(0x30, text('host'), text('a.example'))))),
    tlv(0xa3, sealed),
  ),
);
const apReq = tlv(
  0x6e,
  tlv(
    0x30,
    tlv(0xa0, integer(5)),
    tlv(0xa1, integer(14)),
    tlv(0xa2, tlv(0x03, [0, 0, 0, 0, 0])),
    tlv(0xa3, ticket),
    tlv(0xa4, sealed),
  ),
);
/** Token id of an AP-REQ, RFC 4121 4.1. */
const withId = Buffer.concat([Uint8Array.of(1, 0), apReq]);

function said(token: Uint8Array): { readonly messages: unknown[]; readonly refused: number; readonly mechanism: string } {
  const context = new TestContext();
  const exchange = new AuthExchange('test');
  exchange.token(token, 0, token.length, context);
  return {
    messages: context.messages.said.map((message) => message['msgType']),
    refused: context.refusals.length,
    mechanism: exchange.mechanism,
  };
}

it.each([
  ['NTLM alone', negotiate, 'NEGOTIATE', 'ntlm'],
  ['NTLM in GSS', framed(NTLM, negotiate), 'NEGOTIATE', 'ntlm'],
  ['NTLM in SPNEGO', initial(NTLM, negotiate), 'NEGOTIATE', 'ntlm'],
  ['Kerberos alone', apReq, 'AP-REQ', 'kerberos'],
  ['Kerberos', framed('1.2.840.113554.1.2.2', withId), 'AP-REQ', 'kerberos'],
  ['Kerberos as old Windows numbers it (MS-KILE 1.9)', framed('1.2.840.48018.1.2.2', withId), 'AP-REQ', 'kerberos'],
  ['Kerberos from user to user', framed('1.2.840.113554.1.2.2.3', withId), 'AP-REQ', 'kerberos'],
  ['Kerberos in SPNEGO', initial('1.2.840.113554.1.2.2', framed('1.2.840.113554.1.2.2', withId)), 'AP-REQ', 'kerberos'],
])('hands over %s', (_, token, message, mechanism) => {
  expect(said(token)).toEqual({ messages: [message], refused: 0, mechanism });
});

it.each([
  ['a mechanism that nobody knows', framed('1.2.840.113554.1.2.3', withId)],
  ['another token id, such as of a MIC (RFC 4121 4.2.6.1)', framed('1.2.840.113554.1.2.2', Uint8Array.of(4, 4, 4, 4))],
  ['the tokens of NEGOEX', initial(NTLM, Buffer.from('NEGOEXTS'))],
])('says nothing of %s', (_, token) => {
  expect(said(token)).toEqual({ messages: [], refused: 0, mechanism: '' });
});

it('finds a whole NTLM message in a wrapper that is cut short', () => {
  // The wrapper says that it is longer than it is; what NTLM is of it is whole.
  for (const lie of [framed(NTLM, negotiate), initial(NTLM, negotiate)]) {
    const damaged = Buffer.from(lie);
    damaged[1] = damaged[1]! + 20;
    expect(said(damaged)).toEqual({ messages: ['NEGOTIATE'], refused: 0, mechanism: 'ntlm' });
  }
  // Of Kerberos there is no telling where it begins.
  const lost = framed('1.2.840.113554.1.2.2', Buffer.alloc(40));
  lost[1] = lost[1]! + 20;
  expect(said(lost)).toEqual({ messages: [], refused: 1, mechanism: '' });
});
