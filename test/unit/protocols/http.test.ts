// Where HTTP's messages end (RFC 9112 6.3 and 7.1): what follows a body must be found, or logons on the same connection are missed.
import { describe, expect, it } from 'vitest';
import { http } from '../../../src/protocols/http/index.ts';
import { limits } from '../../../src/protocols/limits.ts';
import { play, type Segment, segments } from '../../support/segments.ts';

/** NEGOTIATE_MESSAGE without names (MS-NLMP 2.2.1.1). */
const NEGOTIATE = Buffer.concat([Buffer.from('NTLMSSP\0'), Uint8Array.of(1, 0, 0, 0, 7, 0x82, 8, 0xa2), Buffer.alloc(16)]);
const up = (text: string): Segment => ({ direction: 0, bytes: Buffer.from(text, 'latin1') });
const down = (text: string): Segment => ({ direction: 1, bytes: Buffer.from(text, 'latin1') });
const get = up('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const head = up('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
const logon = up(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM ${NEGOTIATE.toString('base64')}\r\n\r\n`);
/** What a server says that wants a logon; it is only read as that where a message begins. */
const answer = down(`HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM ${NEGOTIATE.toString('base64')}\r\nContent-Length: 0\r\n\r\n`);
const lie = 'HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n';

it.each<[string, Segment, Segment]>([
  ['a length', get, down(`HTTP/1.1 200 OK\r\nContent-Length: ${lie.length}\r\n\r\n${lie}`)],
  [
    'chunks',
    get,
    down(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${lie.length.toString(16)}\r\n${lie}\r\n3\r\nabc\r\n0\r\n\r\n`),
  ],
  [
    'chunks with extensions',
    get,
    down('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA;x=1\r\n0123456789\r\n0;y\r\n\r\n'),
  ],
  ['chunks and trailers', get, down('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n')],
  ['chunks by another coding', get, down('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')],
  ['a HEAD, which has no body', head, down('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n')],
  ['no content', get, down('HTTP/1.1 204 No\r\nContent-Length: 500\r\n\r\n')],
  ['what was not modified', get, down('HTTP/1.1 304 No\r\nContent-Length: 500\r\n\r\n')],
  ['an interim answer', get, down('HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')],
])('goes on behind %s', (_, request, response) => {
  for (const chunk of [1, 7, 10_000]) {
    const { messages, refusals } = play(http.open('tcp'), [request, response, logon, answer], { chunk });
    expect(messages.said.map(({ frame, msgType }) => [frame, msgType])).toEqual([
      [4, 'NEGOTIATE'],
      [5, 'NEGOTIATE'],
    ]);
    expect(refusals).toEqual([]);
  }
});

it('goes on behind the body of a request', () => {
  const post = up(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n`);
  const put = up(`PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET `);
  const { messages } = play(http.open('tcp'), [post, put, logon]);
  expect(messages.said.map(({ frame }) => frame)).toEqual([4]);
});

it('bears with as much that is no HTTP in each flow', () => {
  const { value } = limits().find(({ key }) => key === 'http.strays')!;
  const conversation = http.open('tcp');
  for (let flow = 0; flow < 2; flow++) {
    const strays = Array.from({ length: value }, () => up('\x01\x02\x03'));
    const { messages, refusals } = play(conversation, [...strays, logon]);
    expect(refusals).toHaveLength(value);
    expect(messages.said).toHaveLength(1);
  }
});

it('reads nothing behind an answer that ends with its connection', () => {
  const { messages, refusals } = play(http.open('tcp'), [get, down('HTTP/1.1 200 OK\r\n\r\nbody'), answer]);
  expect(messages.said).toEqual([]);
  expect(refusals).toEqual([]);
});

describe('CONNECT', () => {
  const connect = up('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n');
  const hello = up('\x16\x03\x01\x02\0\x01');

  it('is asked again with a logon, until the proxy grants the tunnel', () => {
    // tshark: NTLMSSP_NEGOTIATE, 407 with NTLMSSP_CHALLENGE, NTLMSSP_AUTH of LAB\\bob, 200, Client Hello.
    for (const chunk of [1, 7, 10_000]) {
      const { messages, activities, refusals } = play(http.open('tcp'), segments('http/connect-ntlm.hex'), { chunk });
      expect(messages.said.map(({ frame, msgType }) => [frame, msgType])).toEqual([
        [2, 'NEGOTIATE'],
        [3, 'CHALLENGE'],
        [4, 'AUTHENTICATE'],
      ]);
      expect(activities.said).toMatchObject([
        { type: 'ntlm.logon', outcome: 'success', account: { name: 'bob', domain: 'LAB' }, frame: 5 },
      ]);
      expect(refusals).toEqual([]);
    }
  });

  it('ends HTTP where it is granted, and where the client does not wait for that', () => {
    const granted = down('HTTP/1.1 200 OK\r\n\r\n');
    for (const stream of [
      [connect, granted, logon],
      [connect, hello, logon],
    ]) {
      const { messages, refusals } = play(http.open('tcp'), stream);
      expect(messages.said).toEqual([]);
      expect(refusals).toEqual([]);
    }
  });

  it('is a request like others where it is refused', () => {
    const refused = down('HTTP/1.1 502 No\r\nContent-Length: 2\r\n\r\nno');
    const { messages } = play(http.open('tcp'), [connect, refused, logon, answer]);
    expect(messages.said.map(({ frame }) => frame)).toEqual([4, 5]);
  });
});
