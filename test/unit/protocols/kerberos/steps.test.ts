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
