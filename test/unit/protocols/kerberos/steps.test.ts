// Errors of a KDC that are steps on the way, and those that refuse somebody.
import { describe, expect, it } from 'vitest';
import { kerberos } from '../../../../src/protocols/kerberos/index.ts';
import { play, segments } from '../../../support/segments.ts';

/** tshark: AS-REQ of x&y, KRB-ERROR with error-code 52, over UDP. */
const [request, answer] = segments('kerberos/too-big.hex');
if (request === undefined || answer === undefined) throw new Error('kerberos/too-big.hex is not whole');

/** The recorded exchange with another error code: tag [6], INTEGER of one byte. */
function withCode(code: number): ReturnType<typeof segments> {
  const bytes = Buffer.from(answer!.bytes);
  const at = bytes.indexOf('a603020134', 0, 'hex');
  expect(at).toBeGreaterThan(0);
  bytes[at + 4] = code;
  return [request!, { direction: 1, bytes }];
}

describe('an error of the KDC', () => {
  it.each([
    [25, 'KDC_ERR_PREAUTH_REQUIRED', null],
    [52, 'KRB_ERR_RESPONSE_TOO_BIG', null],
    [68, 'KDC_ERR_WRONG_REALM', null],
    [6, 'KDC_ERR_C_PRINCIPAL_UNKNOWN', 'Failed logon'],
    [18, 'KDC_ERR_CLIENT_REVOKED', 'Failed logon'],
    [24, 'KDC_ERR_PREAUTH_FAILED', 'Failed logon'],
    [37, 'KRB_AP_ERR_SKEW', 'Failed logon'],
  ])('%d, %s, is told as %s', (code, reason, mdi) => {
    const { said } = play(kerberos.open('udp'), withCode(code)).activities;
    expect(said).toMatchObject([{ type: 'kerberos.as', outcome: 'failure', reason, account: { name: 'x&y' } }]);
    expect(said[0]?.['mdi'] || null).toBe(mdi);
  });
});

it('to a logon that names nobody leaves it without an account', () => {
  // tshark: an AS-REQ without cname, KRB-ERROR with error-code 6 and the e-text "No client in request".
  const { activities } = play(kerberos.open('udp'), segments('kerberos/no-cname.hex'));
  expect(activities.said).toMatchObject([
    { type: 'kerberos.as', outcome: 'failure', logon: true, account: { name: '', ticket: 0 }, target: 'krbtgt/NM' },
  ]);
});

it('is told with the words that the KDC added', () => {
  // tshark: e-text of the recorded error.
  const { messages, activities } = play(kerberos.open('udp'), [request, answer]);
  expect(messages.said[1]).toMatchObject({ msgType: 'KRB-ERROR', errorCode: 52, eText: 'Reply packet too large' });
  expect(activities.said).toMatchObject([{ details: { eText: 'Reply packet too large' } }]);
});

it('names who is impersonated alike, whether the name is an enterprise name or not', () => {
  // tshark: PA-FOR-USER of alice@LAB.EXAMPLE (NT-ENTERPRISE-PRINCIPAL), and of bob (NT-PRINCIPAL), both of LAB.EXAMPLE.
  const requests = segments('kerberos/s4u2self.hex');
  const told = [requests.slice(0, 2), requests.slice(2)].flatMap((one) => play(kerberos.open('tcp'), one).activities.said);
  expect(told).toMatchObject([
    { type: 'kerberos.tgs', target: 'svc-web', details: { delegation: 's4u2self', impersonated: 'alice@LAB.EXAMPLE' } },
    { type: 'kerberos.tgs', target: 'svc-web', details: { delegation: 's4u2self', impersonated: 'bob@LAB.EXAMPLE' } },
  ]);
});

it('tells a password that is to be set from one to be changed', () => {
  // tshark: kpasswd versions 0xff80 and 1 of Heimdal's two requests.
  const { said } = play(kerberos.open('udp'), segments('kerberos/kpasswd.hex')).activities;
  expect(said).toMatchObject([
    { type: 'kerberos.password-change', outcome: 'success', details: { kpasswd: 'set', resultHidden: true } },
    { type: 'kerberos.password-change', outcome: 'success', details: { kpasswd: 'change', resultHidden: true } },
  ]);
});

/** KDCOptions by bit: RFC 4120 5.4.1, with 14 of MS-SFU 2.2.3, 15 of RFC 6806 and 16 of RFC 8062; the rest is unused. */
const OPTIONS = new Map([
  [1, 'forwardable'],
  [2, 'forwarded'],
  [3, 'proxiable'],
  [4, 'proxy'],
  [5, 'allow-postdate'],
  [6, 'postdated'],
  [8, 'renewable'],
  [11, 'opt-hardware-auth'],
  [14, 'cname-in-addl-tkt'],
  [15, 'canonicalize'],
  [16, 'request-anonymous'],
  [26, 'disable-transited-check'],
  [27, 'renewable-ok'],
  [28, 'enc-tkt-in-skey'],
  [30, 'renew'],
  [31, 'validate'],
]);

it.each(Array.from({ length: 32 }, (_, bit) => bit))('names the option of bit %i, if it is one', (bit) => {
  const bytes = Buffer.from(request.bytes);
  // kdc-options [0] BIT STRING without unused bits.
  const at = bytes.indexOf('a00703050040810000', 0, 'hex');
  expect(at).toBeGreaterThan(0);
  // Bit 0 of a BIT STRING is the highest of its first byte.
  bytes.writeUInt32BE((1 << (31 - bit)) >>> 0, at + 5);
  const { said } = play(kerberos.open('udp'), [{ direction: 0, bytes }]).activities;
  const name = OPTIONS.get(bit);
  expect(said).toMatchObject([{ details: { kdcOptions: name === undefined ? [] : [name] } }]);
});
