// What answers tell: the result code of RFC 4511 4.1.9, Active Directory's Win32 error in the diagnostic message, and the answer to a ping.
import { expect, it } from 'vitest';
import { ldap } from '../../../../src/protocols/ldap/index.ts';
import { netlogonAnswer } from '../../../../src/protocols/ldap/netlogon.ts';
import { play } from '../../../support/segments.ts';
import { octets, tlv } from './build.ts';

const message = (op: Buffer) => tlv(0x30, tlv(0x02, [1]), op);
/** BindRequest of version 3 by a simple password, and its BindResponse. */
const request = message(tlv(0x60, tlv(0x02, [3]), octets('cn=alice,dc=lab,dc=example'), tlv(0x80, [0x78])));
const response = (code: number, diagnostic: string) => message(tlv(0x61, tlv(0x0a, [code]), octets(''), octets(diagnostic)));

const AD = '80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, ';
it.each([
  [0, '', 'success', ''],
  [49, '', 'failure', 'invalidCredentials'],
  [49, 'no luck', 'failure', 'invalidCredentials'],
  [49, `${AD}data 52e, v2580`, 'failure', 'invalidCredentials (data 52e, wrong password)'],
  [49, `${AD}data 525, v2580`, 'failure', 'invalidCredentials (data 525, user not found)'],
  [49, `${AD}data 775, v2580`, 'failure', 'invalidCredentials (data 775, account locked)'],
  [49, `${AD}DATA 52E, v2580`, 'failure', 'invalidCredentials (data 52e, wrong password)'],
  [49, `${AD}data 57, v2580`, 'failure', 'invalidCredentials (data 57)'],
  [49, `${AD}data 0, v2580`, 'failure', 'invalidCredentials'],
  [8, '', 'failure', 'strongerAuthRequired'],
  [99, '', 'failure', 'result99'],
] as const)('result %i, "%s": %s, %s', (code, diagnostic, outcome, reason) => {
  const { said } = play(ldap.open('tcp'), [
    { direction: 0, bytes: request },
    { direction: 1, bytes: response(code, diagnostic) },
  ]).activities;
  expect(said).toMatchObject([{ type: 'ldap.bind', outcome, reason, account: { name: 'cn=alice,dc=lab,dc=example' } }]);
});

/** NETLOGON_SAM_LOGON_RESPONSE_EX, MS-ADTS 6.3.1.9: opcode, 2 bytes of nothing, flags, GUID, eight names. */
function logonResponse(opcode: number): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt16LE(opcode, 0);
  head.writeUInt32LE(0x3f3fd, 4);
  const name = (text: string): Buffer =>
    Buffer.concat([
      ...text
        .split('.')
        .filter(Boolean)
        .map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
      Buffer.alloc(1),
    ]);
  const names = ['lab.example', 'lab.example', 'dc1.lab.example', 'LAB', 'DC1', 'alice', 'Site-A', 'Site-B'].map(name);
  return Buffer.concat([head, ...names, Buffer.from('05000000ffffffff', 'hex')]);
}

// MS-ADTS 6.3.1.3: 23 answers, 24 does when Netlogon is paused, 25 when the user is not known; 19 to 22 have another form.
it.each([23, 24, 25])('reads the answer %i to a ping', (opcode) => {
  const bytes = logonResponse(opcode);
  expect(netlogonAnswer(bytes, 0, bytes.length)).toEqual({
    opcode,
    flags: 0x3f3fd,
    forest: 'lab.example',
    domain: 'lab.example',
    dcName: 'dc1.lab.example',
    netbiosDomain: 'LAB',
    netbiosComputer: 'DC1',
    user: 'alice',
    dcSite: 'Site-A',
    clientSite: 'Site-B',
  });
});

it.each([0, 19, 20, 21, 22, 26])('does not read %i as one', (opcode) => {
  const bytes = logonResponse(opcode);
  expect(netlogonAnswer(bytes, 0, bytes.length)).toBeNull();
});
