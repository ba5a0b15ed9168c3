// Peers that mean harm, on loopback: whatever they do, a look-up ends in time with a reason, and leaves no socket behind.
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once, setMaxListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetbiosAsker } from '../../../src/nnr/active/netbios.ts';
import { NtlmRpcAsker } from '../../../src/nnr/active/ntlm-rpc.ts';
import { RdpAsker } from '../../../src/nnr/active/rdp.ts';
import { ReverseDnsAsker } from '../../../src/nnr/active/reverse-dns.ts';
import type { Answer, Asker } from '../../../src/nnr/answer.ts';
import { fixture } from '../../support/fixtures.ts';

const recorded = (name: string): Uint8Array =>
  Buffer.from(new RegExp(`^${name} (.+)$`, 'm').exec(readFileSync(fixture('nnr/answers.hex'), 'latin1'))?.[1] ?? '', 'hex');

const TIMEOUT = 300;
/** Timers of a busy machine are late, but not by seconds. */
const LATEST = 2500;
const from = { ipv4: '', ipv6: '' };
const go = new AbortController().signal;
setMaxListeners(0, go);

const openFiles = (): number => readdirSync('/proc/self/fd').length;
const servers: (Server | Datagrams)[] = [];
const sockets = new Set<Socket>();
let filesBefore = 0;

beforeEach(() => {
  filesBefore = openFiles();
});

/** Our end of every look-up must be closed by now; the peer's may need a moment. */
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (let tries = 0; openFiles() > filesBefore && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(openFiles()).toBeLessThanOrEqual(filesBefore);
});

/** A server on a free port that does this with every connection. */
async function tcp(behave: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function udp(behave: (socket: Datagrams, request: Buffer, port: number) => void): Promise<number> {
  const socket = createSocket('udp4');
  servers.push(socket);
  socket.on('message', (request, { port }) => behave(socket, request, port));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

const dns = (port: number): Asker =>
  new ReverseDnsAsker({ from, timeoutMs: TIMEOUT, retries: 1, servers: [{ address: '127.0.0.1', port }], suffixes: [] });
const overTcp: readonly (readonly [string, (port: number) => Asker])[] = [
  ['ntlm-rpc', (port) => new NtlmRpcAsker({ from, timeoutMs: TIMEOUT, port })],
  ['rdp', (port) => new RdpAsker({ from, timeoutMs: TIMEOUT, port })],
];
const overUdp: readonly (readonly [string, (port: number) => Asker])[] = [
  ['netbios', (port) => new NetbiosAsker({ from, timeoutMs: TIMEOUT, retries: 1, port })],
  ['reverse-dns', dns],
];

async function ask(asker: Asker, signal: AbortSignal = go): Promise<Answer> {
  const started = performance.now();
  const answer = await asker.ask('127.0.0.1', signal);
  expect(performance.now() - started).toBeLessThan(LATEST);
  expect(answer.names).toBeNull();
  expect(answer.evidence).not.toBe('');
  return answer;
}

/** Answers that start well, and how they go on. */
const BIND_ACK = Buffer.from('05000c03100000004601020101000000', 'hex');
/** Of our connection request. */
const REQUEST_BYTES = 19;
const CONFIRM = Buffer.from('030000130ed000001234000201080001000000', 'hex');

describe.each(overTcp)('over TCP, %s', (method, asker) => {
  it.each<readonly [string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => undefined, /^timeout$/],
    [
      'says a byte now and then, all of them right',
      (socket) => {
        let at = 0;
        const timer = setInterval(() => socket.write((method === 'rdp' ? CONFIRM : BIND_ACK).subarray(at, ++at)), 50);
        socket.once('close', () => clearInterval(timer));
      },
      /^timeout$/,
    ],
    [
      'never ends',
      (socket) => {
        const more = (): void => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x16)));
        };
        socket.on('drain', more);
        more();
      },
      /^(malformed|too-long)$/,
    ],
    [
      'speaks TLS records without end',
      (socket) => {
        const record = Buffer.concat([Buffer.from('1603030400', 'hex'), Buffer.from('0200fff0', 'hex'), Buffer.alloc(1020)]);
        socket.write(method === 'rdp' ? CONFIRM : record);
        const timer = setInterval(() => socket.write(Buffer.concat(new Array<Buffer>(64).fill(record))), 5);
        socket.once('close', () => clearInterval(timer));
      },
      method === 'rdp' ? /^(too-long|malformed)$/ : /^malformed$/,
    ],
    ['closes at once', (socket) => socket.end(), /^closed$/],
    ['resets at once', (socket) => socket.resetAndDestroy(), /^closed$/],
    ['says garbage', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /^malformed$/],
    [
      'promises more than it may',
      (socket) =>
        socket.write(
          method === 'rdp' ? Buffer.from('0300ffff0ed0', 'hex') : Buffer.from('05000c0310000000ffff000001000000', 'hex'),
        ),
      /^too-long$/,
    ],
    [
      'promises more than it says, and closes',
      (socket) => socket.end(method === 'rdp' ? CONFIRM.subarray(0, 12) : BIND_ACK),
      /^closed$/,
    ],
  ])('%s', async (_, behave, reason) => {
    expect((await ask(asker(await tcp(behave)))).reason).toMatch(reason);
  });

  it('closes after every byte of an answer', async () => {
    const whole = method === 'rdp' ? CONFIRM : BIND_ACK;
    for (let end = 0; end <= whole.length; end++) {
      const port = await tcp((socket) => socket.end(whole.subarray(0, end)));
      expect((await ask(asker(port))).reason).toMatch(/^(closed|malformed)$/);
    }
  });

  it('is not there', async () => {
    const port = await tcp(() => undefined);
    const closed = once(servers[0] as Server, 'close');
    (servers.shift() as Server).close();
    await closed;
    expect((await ask(asker(port))).reason).toBe('refused');
  });

  it('keeps us waiting when we give up: before, while and after connecting', async () => {
    const port = await tcp(() => undefined);
    expect((await ask(asker(port), AbortSignal.abort())).reason).toBe('cancelled');
    for (const delay of [0, 30]) {
      const cancel = new AbortController();
      setTimeout(() => cancel.abort(), delay);
      expect((await ask(asker(port), cancel.signal)).reason).toBe('cancelled');
    }
  });
});

describe('over TLS, rdp', () => {
  const tls = (hexadecimal: string): Promise<number> =>
    tcp((socket) => {
      let heard = 0;
      socket.on('data', ({ length }) => {
        if (heard === 0) socket.write(CONFIRM);
        heard += length;
        if (heard > REQUEST_BYTES) socket.end(Buffer.from(hexadecimal, 'hex'));
      });
    });

  it.each([
    ['an empty list of certificates', '16030300070b000003000000', 'no-name'],
    ['a certificate longer than its list', '160303000a0b000006000003ffffff', 'malformed'],
    ['a certificate that is none', '160303000c0b000008000005000002ffff', 'no-name'],
    ['no certificate at all', '16030300040e000000', 'no-name'],
    ['a message that does not belong there', '160303000414000000', 'malformed'],
    ['an empty record', '1603030000', 'malformed'],
    ['an alert cut short', '150303000102', 'no-name'],
    ['a record that is too long', '160303ffff', 'too-long'],
  ])('says %s', async (_, hexadecimal, reason) => {
    const port = await tls(hexadecimal);
    expect((await ask(new RdpAsker({ from, timeoutMs: TIMEOUT, port }))).reason).toBe(reason);
  });
});

describe.each(overUdp)('over UDP, %s', (method, asker) => {
  it('says nothing; it is asked twice and no more', async () => {
    let requests = 0;
    const port = await udp(() => {
      requests++;
    });
    expect((await ask(asker(port))).reason).toBe('timeout');
    expect(requests).toBe(2);
  });

  it('answers another transaction, again and again', async () => {
    const port = await udp((socket, request, to) => {
      request.writeUInt16BE(request.readUInt16BE(0) ^ 1, 0);
      request.writeUInt8(0x84, 2);
      for (let i = 0; i < 10; i++) socket.send(request, to);
    });
    expect(await ask(asker(port))).toMatchObject({ reason: 'timeout', evidence: expect.stringContaining('to other requests') });
  });

  it('floods us with answers to another transaction', async () => {
    const port = await udp((socket, request, to) => {
      request.writeUInt16BE(request.readUInt16BE(0) ^ 1, 0);
      for (let i = 0; i < 500; i++) socket.send(request, to);
    });
    expect((await ask(asker(port))).reason).toBe('malformed');
  });

  it('answers from another port: the kernel keeps it from us', async () => {
    const other = createSocket('udp4');
    servers.push(other);
    const port = await udp((_, request, to) => {
      request.writeUInt8(0x84, 2);
      other.send(request, to, '127.0.0.1');
    });
    expect(await ask(asker(port))).toMatchObject({ reason: 'timeout', evidence: expect.not.stringContaining('other requests') });
  });

  it('says garbage of every length up to the largest datagram', async () => {
    const port = await udp((socket, request, to) => {
      for (const length of [0, 1, 11, 12, 13, 1472, 65_507]) {
        const bytes = Buffer.alloc(length, 0xff);
        if (length > 2) request.copy(bytes, 0, 0, 2);
        socket.send(bytes, to);
      }
    });
    expect((await ask(asker(port))).reason).toMatch(method === 'netbios' ? /^(timeout|malformed|no-name)$/ : /^timeout$/);
  });

  it('answers with lying lengths and counts', async () => {
    const port = await udp((socket, request, to) => {
      // A response whose counts promise more than there is.
      const bytes = Buffer.from(request);
      bytes.writeUInt16BE(0x8400, 2);
      bytes.writeUInt16BE(method === 'netbios' ? 0 : 1, 4);
      bytes.writeUInt16BE(0xffff, 6);
      socket.send(method === 'netbios' ? Buffer.concat([bytes.subarray(0, 50), Buffer.from('00000000ffff', 'hex')]) : bytes, to);
    });
    expect((await ask(asker(port))).reason).toMatch(/^(malformed|no-name)$/);
  });

  it('is not there: ICMP says so', async () => {
    const port = await udp(() => undefined);
    const closed = once(servers[0] as Datagrams, 'close');
    (servers.shift() as Datagrams).close();
    await closed;
    expect((await ask(asker(port))).reason).toBe('refused');
  });

  it('keeps us waiting when we give up', async () => {
    const port = await udp(() => undefined);
    expect((await ask(asker(port), AbortSignal.abort())).reason).toBe('cancelled');
    for (const delay of [0, 30]) {
      const cancel = new AbortController();
      setTimeout(() => cancel.abort(), delay);
      expect((await ask(asker(port), cancel.signal)).reason).toBe('cancelled');
    }
  });
});

describe('DNS over TCP', () => {
  /** A name server on one port that cuts every answer over UDP, and does this over TCP. */
  async function truncating(behave: (socket: Socket) => void): Promise<number> {
    for (;;) {
      const port = await tcp(behave);
      const socket = createSocket('udp4');
      socket.on('message', (request, { port: to }) => {
        request.writeUInt16BE(0x8600, 2);
        socket.send(request, to);
      });
      socket.bind(port, '127.0.0.1');
      const isOurs = await Promise.race([once(socket, 'listening').then(() => true), once(socket, 'error').then(() => false)]);
      if (!isOurs) continue;
      servers.push(socket);
      return port;
    }
  }

  it.each<readonly [string, (socket: Socket) => void, string]>([
    ['is silent', () => undefined, 'timeout'],
    ['closes', (socket) => socket.end(), 'closed'],
    ['promises 65,535 bytes and says two', (socket) => socket.write(Buffer.from('ffff0000', 'hex')), 'timeout'],
    ['answers another question', (socket) => socket.write(Buffer.from('000cffff8400000000000000000000', 'hex')), 'malformed'],
  ])('%s', async (_, behave, reason) => {
    expect((await ask(dns(await truncating(behave)))).reason).toBe(reason);
  });
});

it('is asked from the address that was chosen', async () => {
  const seen: (string | undefined)[] = [];
  const chosen = { ipv4: '127.0.0.5', ipv6: '' };
  const port = await tcp((socket) => {
    seen.push(socket.remoteAddress);
    socket.end();
  });
  await ask(new NtlmRpcAsker({ from: chosen, timeoutMs: TIMEOUT, port }));
  const quiet = createSocket('udp4');
  servers.push(quiet);
  quiet.on('message', (_, { address }) => seen.push(address));
  quiet.bind(0, '127.0.0.1');
  await once(quiet, 'listening');
  await ask(new NetbiosAsker({ from: chosen, timeoutMs: TIMEOUT, retries: 0, port: quiet.address().port }));
  expect(seen).toEqual(['127.0.0.5', '127.0.0.5']);
});

it.each<readonly [string, Asker]>([
  ['TCP', new RdpAsker({ from: { ipv4: '192.0.2.7', ipv6: '' }, timeoutMs: TIMEOUT, port: 9 })],
  ['UDP', new NetbiosAsker({ from: { ipv4: '192.0.2.7', ipv6: '' }, timeoutMs: TIMEOUT, retries: 0, port: 9 })],
])('cannot be asked over %s from an address that is not ours', async (_, asker) => {
  expect(await ask(asker)).toMatchObject({ reason: 'error', evidence: expect.stringContaining('EADDRNOTAVAIL') });
});

it('leaves no socket behind after hundreds of look-ups of all kinds', async () => {
  const behaviours: readonly ((socket: Socket) => void)[] = [
    () => undefined,
    (socket) => socket.end(),
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.write('garbage'),
  ];
  const ports = await Promise.all(behaviours.map(tcp));
  const quiet = await udp(() => undefined);
  const files = openFiles();
  const asked = Array.from({ length: 200 }, (_, i) => {
    const port = ports[i % ports.length]!;
    const asker = [...overTcp, ...overUdp][i % 4]![1](i % 4 < 2 ? port : quiet);
    return asker.ask('127.0.0.1', go);
  });
  const answers = await Promise.all(asked);
  expect(answers.every(({ names }) => names === null)).toBe(true);
  // The peers' ends are open while they have not noticed.
  for (const socket of sockets) socket.destroy();
  for (let tries = 0; openFiles() > files && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(openFiles()).toBeLessThanOrEqual(files);
});

it('takes an answer that came in time though we were too busy to read it then', async () => {
  const status = recorded('node-status-samba');
  const peer = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const socket = require('node:dgram').createSocket('udp4');
     socket.on('message', (request, { port }) => {
       request.copy(workerData, 0, 0, 2);
       setTimeout(() => socket.send(workerData, port), 100);
     });
     socket.bind(0, '127.0.0.1', () => parentPort.postMessage(socket.address().port));`,
    { eval: true, workerData: status },
  );
  const [port] = (await once(peer, 'message')) as [number];
  const asker = new NetbiosAsker({ from, timeoutMs: TIMEOUT, retries: 0, port });
  // After immediates come timers, and only then what has arrived.
  const block = (): void => {
    const until = performance.now() + 2 * TIMEOUT;
    while (performance.now() < until);
  };
  setTimeout(() => setImmediate(block), 50);
  const { names } = await asker.ask('127.0.0.1', go);
  await peer.terminate();
  expect(names?.netbios).toBe('MEM1');
});
