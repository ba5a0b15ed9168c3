// RDP as far as it is in clear. Bytes of request and confirm: the examples of MS-RDPBCGR 4.1.1 and 4.1.2. The certificate is
// OpenSSL's (`openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=WS7`), as Windows signs one for a workgroup's computer.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GIVE_UP } from '../../../src/protocols/contract.ts';
import { rdp } from '../../../src/protocols/rdp/index.ts';
import { ConnectionTpdu } from '../../../src/protocols/rdp/wire.ts';
import { type Piece, speak } from '../../support/conversations.ts';
import { fixture } from '../../support/fixtures.ts';
import { TestContext } from '../../support/record.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
/** Cookie mstshash=eltons, RDP_NEG_REQ without TLS; RDP_NEG_RSP that chooses RDP's own security. */
const REQUEST = hex(
  '03 00 00 2c 27 e0 00 00 00 00 00 43 6f 6f 6b 69 65 3a 20 6d 73 74 73 68 61 73 68 3d 65 6c 74 6f 6e 73 0d 0a 01 00 08 00 00 00 00 00',
);
const CONFIRM = hex('03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 00 00 00 00');
const certificate = hex(readFileSync(fixture('handmade/rdp-certificate.hex'), 'utf8').trim());

function bytes(...parts: (number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
}
const u16 = (value: number): Uint8Array => bytes(value >> 8, value & 255);
const u24 = (value: number): Uint8Array => bytes(value >> 16, u16(value & 0xffff));
const record = (type: number, body: Uint8Array): Uint8Array => bytes(type, 3, 3, u16(body.length), body);
const handshake = (type: number, body: Uint8Array): Uint8Array => record(22, bytes(type, u24(body.length), body));
const with32 = new Uint8Array(32).fill(7);
const clientHello = handshake(1, bytes(3, 3, with32, 0, u16(2), 0, 0x2f, 1, 0));
const serverHello = handshake(2, bytes(3, 3, with32, 0, 0, 0x2f, 0));
const certificates = handshake(11, bytes(u24(certificate.length + 3), u24(certificate.length), certificate));
const selecting = (protocol: number): Uint8Array => {
  const confirm = CONFIRM.slice();
  confirm[15] = protocol;
  return confirm;
};

const pieces = (...parts: readonly (readonly ['>' | '<', Uint8Array])[]): Piece[] =>
  parts.map(([way, part]) => ({ direction: way === '>' ? 0 : 1, bytes: part }));
const connection = (...parts: readonly (readonly ['>' | '<', Uint8Array])[]): ReturnType<typeof speak> =>
  speak({ protocol: rdp, transport: 'tcp', serverPort: 3389, pieces: pieces(...parts) });

it.each([
  ['6ac3bc7267', 'jürg'],
  ['6afc7267', 'jürg'],
  ['616c696365', 'alice'],
])('reads a cookie in UTF-8 or, where it is none, as Windows writes it in the West: %s', (name, text) => {
  const cookie = bytes(Buffer.from('Cookie: mstshash='), hex(name), 13, 10);
  const size = 11 + cookie.length;
  const request = bytes(3, 0, u16(size), size - 5, 0xe0, 0, 0, 0, 0, 0, cookie);
  const { messages } = connection(['>', request]);
  expect(messages).toEqual([expect.objectContaining({ type: 'connection-request', cookie: `mstshash=${text}` })]);
});

it('reads the examples of the specification', () => {
  const { messages } = connection(['>', REQUEST], ['<', CONFIRM]);
  expect(messages).toEqual([
    expect.objectContaining({ type: 'connection-request', cookie: 'mstshash=eltons', requested: ['rdp'] }),
    expect.objectContaining({ type: 'connection-confirm', selected: 'rdp' }),
  ]);
});

it('tells why a server refuses', () => {
  const refusal = CONFIRM.slice();
  refusal[11] = 3;
  refusal[15] = 5;
  expect(connection(['>', REQUEST], ['<', refusal]).messages[1]).toMatchObject({ failure: 'HYBRID_REQUIRED_BY_SERVER' });
});

it.each([1, 2, 8])('names the server by its certificate behind security %i', (protocol) => {
  const { claims } = connection(
    ['>', REQUEST],
    ['<', selecting(protocol)],
    ['>', clientHello],
    ['<', bytes(serverHello, certificates)],
  );
  expect(claims).toEqual([expect.objectContaining({ direction: 1, name: 'WS7', method: 'rdp-certificate' })]);
});

it('does not take the client’s certificate for the server’s', () => {
  const { claims } = connection(['>', REQUEST], ['<', selecting(1)], ['>', clientHello], ['<', serverHello], ['>', certificates]);
  expect(claims).toEqual([]);
});

it('gives up where nothing more is in clear', () => {
  const context = new TestContext();
  const conversation = rdp.open('tcp');
  expect(conversation.data(REQUEST, 0, REQUEST.length, context)).toBe(REQUEST.length);
  context.direction = 1;
  expect(conversation.data(CONFIRM, 0, CONFIRM.length, context)).toBe(GIVE_UP);
});

it.each([
  [4, 0x00, 'a TPDU length that is not the packet’s'],
  [5, 0xf0, 'a TPDU that is no connection'],
  [38, 0x09, 'a negotiation of another length'],
])('refuses %i set to %i: %s', (at, value) => {
  const changed = REQUEST.slice();
  changed[at] = value;
  expect(new ConnectionTpdu().bind(changed, 0, changed.length)).not.toBe(0);
});
