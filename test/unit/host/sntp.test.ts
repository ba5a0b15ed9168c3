// SNTP: the answer of a real server as tshark reads it, and a client before servers that lie, flood, or say nothing.
import { createSocket, type RemoteInfo } from 'node:dgram';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { askClock, type ClockQuestion } from '../../../src/host/sntp/client.ts';
import { cookieOf, readAnswer, writeRequest } from '../../../src/host/sntp/message.ts';

/** chronyd 4.3 with `local stratum 5`, answering this client; captured on loopback. */
const CHRONY = Buffer.from(
  '240500e60000000000000000' + '7f7f0101' + 'eeabc780b8c6a45c' + '75f901e861134926' + 'eeabc781d3ba096d' + 'eeabc781d428b8a4',
  'hex',
);
const COOKIE = CHRONY.subarray(24, 32);

/** An answer to a request, with the server's clock off by so many milliseconds. */
function answerTo(request: Uint8Array, ahead: number, change: (answer: Buffer) => void = () => undefined): Buffer {
  const answer = Buffer.from(CHRONY);
  request.subarray(40, 48).forEach((byte, i) => {
    answer[24 + i] = byte;
  });
  const seconds = (Date.now() + ahead) / 1000 + 2_208_988_800;
  for (const at of [32, 40]) {
    answer.writeUInt32BE(Math.floor(seconds) % 2 ** 32, at);
    answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
  }
  change(answer);
  return answer;
}

describe('a message', () => {
  it('of chrony is read as tshark reads it', () => {
    const answer = readAnswer(CHRONY, cookieOf(CHRONY, [COOKIE]) === 0);
    if (typeof answer === 'string') throw new Error(answer);
    expect(answer).toMatchObject({ stratum: 5, synchronised: true });
    // tshark: Nov 21, 2026 07:32:17.827057446 and .828746357 UTC; a double holds them to a quarter of a microsecond.
    const second = Date.UTC(2026, 10, 21, 7, 32, 17);
    expect(answer.received - second).toBeCloseTo(827.057446, 3);
    expect(answer.sent - second).toBeCloseTo(828.746357, 3);
  });

  it('asks as a client of version 4 and tells nothing but its cookie', () => {
    const request = writeRequest(COOKIE);
    expect(Buffer.from(request).toString('hex')).toBe(`23${'00'.repeat(39)}${COOKIE.toString('hex')}`);
  });

  it('begins a new era in 2036 (RFC 4330 section 3)', () => {
    const answer = Buffer.from(CHRONY);
    answer.writeUInt32BE(0, 40);
    answer.writeUInt32BE(2 ** 31, 44);
    expect(readAnswer(answer, true)).toMatchObject({ sent: Date.UTC(2036, 1, 7, 6, 28, 16, 500) });
  });

  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(CHRONY);
    change(bytes);
    return bytes;
  };
  it.each([
    ['short', CHRONY.subarray(0, 47), true],
    ['not-a-server', changed((b) => b.writeUInt8(0x23)), true],
    ['not-a-server', changed((b) => b.writeUInt8(0x04)), true],
    ['not-a-server', changed((b) => b.writeUInt8(0x2c)), true],
    ['not-ours', CHRONY, false],
    ['no-time', changed((b) => b.fill(0, 40, 48)), true],
    ['no-time', changed((b) => b.fill(0, 32, 40)), true],
    ['kiss RATE', changed((b) => b.writeUInt8(0, 1) && b.write('RATE', 12, 'latin1')), true],
  ])('is refused as %s', (reason, bytes, isOurs) => {
    expect(readAnswer(bytes, isOurs)).toBe(reason);
  });

  it.each([
    ['alarm', changed((b) => b.writeUInt8(0xe4))],
    ['stratum 0 without a code', changed((b) => b.fill(0, 1, 2).fill(0, 12, 16))],
    ['stratum 16', changed((b) => b.writeUInt8(16, 1))],
  ])('of a server that is not synchronised (%s) still tells its time', (_, bytes) => {
    expect(readAnswer(bytes, true)).toMatchObject({ synchronised: false });
  });

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isOurs) => {
        const answer = readAnswer(bytes, isOurs);
        cookieOf(bytes, [COOKIE]);
        if (typeof answer !== 'string') expect(Number.isFinite(answer.received) && Number.isFinite(answer.sent)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 47 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const answer = readAnswer(
          changed((b) => b.writeUInt8(value, at)),
          true,
        );
        expect(typeof answer === 'string' || Number.isFinite(answer.sent)).toBe(true);
      }),
    );
  });
});

describe('the client', () => {
  const open: ReturnType<typeof createSocket>[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  /** A server on loopback that does what a test wants with each request. */
  async function server(
    behave: (request: Buffer, client: RemoteInfo, send: (bytes: Uint8Array) => void, nth: number) => void,
  ): Promise<ClockQuestion> {
    const socket = createSocket('udp4');
    open.push(socket);
    let nth = 0;
    socket.on('message', (request, client) =>
      behave(request, client, (bytes) => socket.send(bytes, client.port, client.address), nth++),
    );
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return { server: '127.0.0.1', port: socket.address().port, attempts: 2, attemptMilliseconds: 200 };
  }

  it.each([0, 400_000, -400_000, 20 * 365 * 86_400_000])('tells that the server is %i ms ahead', async (ahead) => {
    const question = await server((request, _client, send) => send(answerTo(request, ahead)));
    const reading = await askClock(question);
    expect(reading).toMatchObject({ server: '127.0.0.1', stratum: 5, synchronised: true });
    if ('problem' in reading) throw new Error(reading.problem);
    expect(Math.abs(reading.offset - ahead)).toBeLessThan(100);
    expect(reading.delay).toBeLessThan(200);
  });

  it('sends from the address that it is given', async () => {
    let seen = '';
    const question = await server((request, client, send) => {
      seen = client.address;
      send(answerTo(request, 0));
    });
    expect(await askClock({ ...question, from: '127.0.0.2' })).toHaveProperty('offset');
    expect(seen).toBe('127.0.0.2');
  });

  it('asks again, and takes the answer to any of its requests', async () => {
    let first: Buffer = Buffer.alloc(0);
    const question = await server((request, _client, send, nth) => {
      if (nth === 0) first = request;
      else send(answerTo(first, 5000));
    });
    const reading = await askClock(question);
    if ('problem' in reading) throw new Error(reading.problem);
    // The answer is to the first request, sent 200 ms before: half of that is in the offset, all of it in the delay.
    expect(reading.delay).toBeGreaterThan(150);
    expect(Math.abs(reading.offset - 5000)).toBeLessThan(reading.delay);
  });

  it('gives up on a server that says nothing', async () => {
    let requests = 0;
    const question = await server(() => requests++);
    expect(await askClock(question)).toEqual({ server: '127.0.0.1', problem: 'no answer' });
    expect(requests).toBe(2);
  });

  it('stops at once when it is told to', async () => {
    const question = await server(() => undefined);
    const end = new AbortController();
    setTimeout(() => end.abort(), 50);
    const started = performance.now();
    expect(await askClock({ ...question, attemptMilliseconds: 20_000, signal: end.signal })).toEqual({
      server: '127.0.0.1',
      problem: 'not waited for',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('tells of a port that is closed', async () => {
    const question = await server(() => undefined);
    await new Promise<void>((resolve) => open.splice(0)[0]?.close(resolve));
    expect(await askClock(question)).toEqual({ server: '127.0.0.1', problem: 'nothing listens there (UDP port closed)' });
  });

  it('tells why a server cannot be reached at all', async () => {
    // Connecting to the broadcast address is forbidden, at once and by every kernel.
    expect(await askClock({ server: '255.255.255.255', attempts: 1, attemptMilliseconds: 200 })).toEqual({
      server: '255.255.255.255',
      problem: 'it may not be sent to: no right, or a firewall of this machine',
    });
  });

  it('tells of an address that is not of this machine', async () => {
    const question = await server(() => undefined);
    expect(await askClock({ ...question, from: '192.0.2.1' })).toEqual({
      server: '127.0.0.1',
      problem: 'the address to send from is not of this machine',
    });
  });

  it('does not believe an answer without its cookie', async () => {
    const question = await server((request, _client, send) => send(answerTo(request, 0, (b) => b.writeUInt8(b[24]! ^ 1, 24))));
    expect(await askClock(question)).toEqual({ server: '127.0.0.1', problem: 'no usable answer (not-ours)' });
  });

  it('finds the right answer among wrong ones', async () => {
    const question = await server((request, _client, send) => {
      send(Buffer.from('short'));
      send(CHRONY);
      send(answerTo(request, 0, (b) => b.writeUInt8(0x25)));
      send(answerTo(request, 60_000));
    });
    const reading = await askClock(question);
    expect('offset' in reading && Math.round(reading.offset / 1000)).toBe(60);
  });

  it('stops at the sixteenth wrong answer', async () => {
    const question = await server((_request, _client, send) => {
      for (let i = 0; i < 100; i++) send(Buffer.alloc(48));
    });
    const started = performance.now();
    expect(await askClock({ ...question, attemptMilliseconds: 20_000 })).toEqual({
      server: '127.0.0.1',
      problem: 'no usable answer (not-a-server)',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("obeys a kiss-o'-death", async () => {
    let requests = 0;
    const question = await server((request, _client, send) => {
      requests++;
      send(answerTo(request, 0, (b) => b.writeUInt8(0, 1) && b.write('DENY', 12, 'latin1')));
    });
    expect(await askClock(question)).toEqual({ server: '127.0.0.1', problem: 'no usable answer (kiss DENY)' });
    expect(requests).toBe(1);
  });

  it('does not hear another sender', async () => {
    const stranger = createSocket('udp4');
    open.push(stranger);
    const question = await server((request, client) => stranger.send(answerTo(request, 0), client.port, client.address));
    expect(await askClock(question)).toEqual({ server: '127.0.0.1', problem: 'no answer' });
  });
});
