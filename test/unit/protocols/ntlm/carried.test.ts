// Whose logon an NTLM exchange is, by what AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), laid by hand, says.
import { expect, it } from 'vitest';
import { OK } from '../../../../src/bytes/reason.ts';
import { CarriedNtlm } from '../../../../src/protocols/ntlm/carried.ts';
import { TestContext } from '../../../support/record.ts';

const HEADER = 64;
const UNICODE = 0x0000_0001;

/** An AUTHENTICATE_MESSAGE with a response of NTLMv1's size. */
function authenticate(domain: string, user: string, flags = UNICODE, response = 24): Buffer {
  const parts = [
    Buffer.alloc(0),
    Buffer.alloc(response, 7),
    Buffer.from(domain, 'utf16le'),
    Buffer.from(user, 'utf16le'),
    Buffer.alloc(0),
  ];
  const head = Buffer.alloc(HEADER);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(3, 8);
  let at = HEADER;
  for (const [index, part] of parts.entries()) {
    head.writeUInt16LE(part.length, 12 + 8 * index);
    head.writeUInt16LE(part.length, 14 + 8 * index);
    head.writeUInt32LE(at, 16 + 8 * index);
    at += part.length;
  }
  head.writeUInt32LE(at, 56);
  head.writeUInt32LE(flags, 60);
  return Buffer.concat([head, ...parts]);
}

it.each([
  ['LAB', 'alice', { name: 'alice', domain: 'LAB', kind: 'user' }],
  ['', 'alice', { name: 'alice', domain: '', kind: 'user' }],
  ['', 'alice@lab.example', { name: 'alice', domain: 'lab.example', kind: 'user' }],
  ['', 'x@y@lab.example', { name: 'x@y', domain: 'lab.example', kind: 'user' }],
  // A domain was given: the rest is all of the name.
  ['LAB', 'x@y', { name: 'x@y', domain: 'LAB', kind: 'user' }],
  ['', 'WS1$@lab.example', { name: 'WS1$', domain: 'lab.example', kind: 'computer' }],
])('of domain "%s" and user "%s"', (domain, user, account) => {
  const carried = new CarriedNtlm();
  const context = new TestContext();
  const bytes = authenticate(domain, user);
  expect(carried.message(bytes, 0, bytes.length, context)).toBe(OK);
  carried.finish('smb', 'success', '', context);
  expect(context.activities.said).toMatchObject([{ type: 'ntlm.logon', account }]);
  // The message is told as it was sent.
  expect(context.messages.said).toMatchObject([{ msgType: 'AUTHENTICATE', user }]);
});

it('of nobody is a null session, and no validation of credentials', () => {
  const outcomes = ['success', 'failure', 'unanswered'] as const;
  const mdis = (user: string, response: number) =>
    outcomes.map((outcome) => {
      const carried = new CarriedNtlm();
      const context = new TestContext();
      const bytes = authenticate('', user, UNICODE, response);
      carried.message(bytes, 0, bytes.length, context);
      carried.finish('smb', outcome, '', context);
      const [{ mdi, logon } = {}] = context.activities.said;
      return [mdi, logon];
    });
  expect(mdis('', 0)).toEqual([
    ['', false],
    ['Failed logon', false],
    ['', false],
  ]);
  expect(mdis('alice', 24)).toEqual([
    ['Credentials validation', true],
    ['Failed logon', true],
    ['', true],
  ]);
});

/** NegotiateFlags, MS-NLMP 2.2.2.5, from the lowest bit; what is reserved there has no name. */
const FLAGS =
  'UNICODE OEM REQUEST_TARGET - SIGN SEAL DATAGRAM LM_KEY - NTLM - ANONYMOUS OEM_DOMAIN_SUPPLIED OEM_WORKSTATION_SUPPLIED - ALWAYS_SIGN TARGET_TYPE_DOMAIN TARGET_TYPE_SERVER - EXTENDED_SESSIONSECURITY IDENTIFY - REQUEST_NON_NT_SESSION_KEY TARGET_INFO - VERSION - - - 128 KEY_EXCH 56'.split(
    ' ',
  );

it.each([...FLAGS.entries()])('names flag %i: %s', (bit, name) => {
  const carried = new CarriedNtlm();
  const context = new TestContext();
  const bytes = authenticate('LAB', 'alice', (1 << bit) >>> 0);
  carried.message(bytes, 0, bytes.length, context);
  carried.finish('smb', 'success', '', context);
  expect(context.activities.said).toMatchObject([{ details: { flags: name === '-' ? [] : [name] } }]);
});
