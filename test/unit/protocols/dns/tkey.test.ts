// Logons for secure updates: TKEY in GSS-API mode (RFC 2930 2, RFC 3645 3.1), laid by hand around an NTLM message.
import { expect, it } from 'vitest';
import { dns } from '../../../../src/protocols/dns/index.ts';
import { play } from '../../../support/segments.ts';

const TKEY = 249;
const ANY = 255;

const name = (text: string): Buffer =>
  Buffer.concat([...text.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.alloc(1)]);
const u16 = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));

/** AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) of LAB\alice with a response of NTLMv1's size. */
function authenticate(): Buffer {
  const head = Buffer.alloc(64);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(3, 8);
  const parts = [Buffer.alloc(0), Buffer.alloc(24, 7), Buffer.from('LAB', 'utf16le'), Buffer.from('alice', 'utf16le')];
  let at = head.length;
  for (const [index, part] of [...parts, Buffer.alloc(0), Buffer.alloc(0)].entries()) {
    head.writeUInt16LE(part.length, 12 + 8 * index);
    head.writeUInt16LE(part.length, 14 + 8 * index);
    head.writeUInt32LE(at, 16 + 8 * index);
    at += part.length;
  }
  head.writeUInt32LE(1, 60);
  return Buffer.concat([head, ...parts]);
}

/** A query, whose record is an additional one, or an answer. */
function message(isResponse: boolean, rcode: number, error: number, token: Buffer): Buffer {
  const header = u16(0x1234, (isResponse ? 0x8000 : 0) | rcode, 1, isResponse ? 1 : 0, 0, isResponse ? 0 : 1);
  const question = Buffer.concat([name('7.dc1.lab.example'), u16(TKEY, ANY)]);
  // Inception, expiration, mode 3 (GSS-API), error, key, no other data.
  const rdata = Buffer.concat([name('gss-tsig'), Buffer.alloc(8), u16(3, error, token.length), token, u16(0)]);
  return Buffer.concat([header, question, name('7.dc1.lab.example'), u16(TKEY, ANY, 0, 0, rdata.length), rdata]);
}

it.each([
  [0, 0, 'success', ''],
  // RFC 2930 2.6: errors of TKEY stand in the record, beside an RCODE of no error.
  [0, 17, 'failure', 'BADKEY'],
  [0, 19, 'failure', 'BADMODE'],
  [5, 0, 'failure', 'REFUSED'],
  [9, 18, 'failure', 'BADTIME'],
])('judges by RCODE %i and error %i: %s %s', (rcode, error, outcome, reason) => {
  const { said } = play(dns.open('udp'), [
    { direction: 0, bytes: message(false, 0, 0, authenticate()) },
    { direction: 1, bytes: message(true, rcode, error, Buffer.alloc(0)) },
  ]).activities;
  expect(said.filter(({ type }) => type === 'ntlm.logon')).toMatchObject([
    { carrier: 'dns', outcome, reason, account: { name: 'alice', domain: 'LAB' }, firstFrame: 2, frame: 3 },
  ]);
});

it('is of its own connection only: the next one that gets the conversation is nobody', () => {
  const prefixed = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes]);
  const query = { direction: 0, bytes: prefixed(message(false, 0, 0, Buffer.alloc(0))) } as const;
  const answer = { direction: 1, bytes: prefixed(message(true, 0, 0, Buffer.alloc(0))) } as const;
  const conversation = dns.open('tcp');
  const logon = { direction: 0, bytes: prefixed(message(false, 0, 0, authenticate())) } as const;
  const account = (stream: Parameters<typeof play>[1]) =>
    play(conversation, stream).activities.said.flatMap((one) => (one['type'] === 'dns.query' ? [one['account']] : []));
  expect(account([logon, answer])).toMatchObject([{ name: 'alice' }]);
  expect(account([query, answer])).toEqual([null]);
});
