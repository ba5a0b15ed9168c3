import { describe, expect, it } from 'vitest';
import { smb } from '../../../../src/protocols/smb/index.ts';
import { smbLimits } from '../../../../src/protocols/smb/limits.ts';
import { play, type Segment, segments, trace } from '../../../support/segments.ts';
import {
  close2,
  down,
  read1,
  read2,
  readAnswer1,
  readAnswer2,
  smb2,
  transact1,
  transceive2,
  up,
  write1,
  write2,
} from './build.ts';

/** The recorded PDUs of a logon over TCP, here put into pipes. */
const [bind, challenge, authenticate, accepted] = segments('dcerpc/ntlm.hex').map(({ bytes }) => bytes) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const BUFFER_OVERFLOW = 0x8000_0005;
const PENDING = 0x0000_0103;

const run = (stream: readonly Segment[]) => play(smb.open('tcp'), stream);
function expectLogon(stream: readonly Segment[]): void {
  const { messages, activities, refusals } = run(stream);
  expect(messages.said.map((message) => message['msgType'])).toEqual(['NEGOTIATE', 'CHALLENGE', 'AUTHENTICATE']);
  expect(activities.said).toMatchObject([
    { type: 'ntlm.logon', carrier: 'dcerpc', outcome: 'success', account: { name: 'dadmin', domain: 'LAB' } },
  ]);
  expect(refusals).toEqual([]);
}

describe('DCE/RPC in pipes of SMB2', () => {
  it('is followed through writes and reads', () => {
    expectLogon([
      up(write2(1, 7, bind)),
      up(read2(2, 7)),
      down(readAnswer2(2, Buffer.alloc(0), PENDING)),
      down(readAnswer2(2, challenge)),
      up(write2(3, 7, authenticate)),
      up(read2(4, 7)),
      down(readAnswer2(4, accepted)),
    ]);
  });

  it('is followed through transactions, the rest of an answer being read', () => {
    expectLogon([
      up(transceive2(1, 7, bind, false)),
      down(transceive2(1, 7, challenge.subarray(0, 100), true, BUFFER_OVERFLOW)),
      up(read2(2, 7)),
      down(readAnswer2(2, challenge.subarray(100))),
      up(transceive2(3, 7, authenticate, false)),
      down(transceive2(3, 7, accepted, true)),
    ]);
  });

  it('is followed through compounds', () => {
    const written = write2(1, 7, bind);
    const padded = Buffer.concat([written, Buffer.alloc((8 - (written.length % 8)) % 8)]);
    padded.writeUInt32LE(padded.length, 20);
    expectLogon([
      up(padded, read2(2, 7)),
      down(readAnswer2(2, challenge)),
      up(write2(3, 7, authenticate)),
      up(read2(4, 7)),
      down(readAnswer2(4, accepted)),
    ]);
  });

  it('keeps pipes apart, and says what a closed one leaves', () => {
    const { messages, activities } = run([
      up(write2(1, 7, bind)),
      up(read2(2, 7)),
      up(write2(3, 8, bind)),
      down(readAnswer2(2, challenge)),
      up(write2(4, 7, authenticate)),
      up(close2(5, 7)),
      up(read2(6, 7)),
      down(readAnswer2(6, accepted)),
    ]);
    expect(messages.said).toHaveLength(4);
    expect(activities.said).toMatchObject([{ outcome: 'unanswered', frame: 7 }]);
  });

  it('does not take files for pipes', () => {
    const { messages } = run([
      up(write2(1, 7, Buffer.from('NTLMSSP\0 is only text in this file, and no PDU'))),
      up(read2(2, 7)),
      down(readAnswer2(2, challenge)),
    ]);
    expect(messages.said).toEqual([]);
  });

  it('drops the oldest pipe at the limit', () => {
    const { pipes } = smbLimits;
    const before = { value: pipes.value, hits: pipes.hits };
    try {
      pipes.value = 2;
      for (const count of [1, 2, 3]) {
        pipes.hits = 0;
        run(Array.from({ length: count }, (_, file) => up(write2(file, file + 1, bind))));
        expect(pipes.hits).toBe(Math.max(0, count - 2));
      }
    } finally {
      Object.assign(pipes, before);
    }
  });
});

describe('DCE/RPC in pipes of SMB1', () => {
  it('is followed through writes and reads', () => {
    expectLogon([
      up(write1(1, 0x4001, bind)),
      up(read1(2, 0x4001)),
      down(readAnswer1(2, challenge.subarray(0, 50), BUFFER_OVERFLOW)),
      up(read1(3, 0x4001)),
      down(readAnswer1(3, challenge.subarray(50))),
      up(write1(4, 0x4001, authenticate)),
      up(read1(5, 0x4001)),
      down(readAnswer1(5, accepted)),
    ]);
  });

  it('is followed through transactions', () => {
    expectLogon([
      up(transact1(1, 0x4001, bind, false)),
      down(transact1(1, 0x4001, challenge, true)),
      up(transact1(2, 0x4001, authenticate, false)),
      down(transact1(2, 0x4001, accepted, true)),
    ]);
  });

  it('ends when its pipe is closed', () => {
    // tshark: Close Request, FID: 0x7a2c.
    const [close] = segments('smb/smb1-close.hex') as [Segment];
    const { activities, refusals } = run([
      up(transact1(1, 0x7a2c, bind, false)),
      down(transact1(1, 0x7a2c, challenge, true)),
      up(write1(2, 0x7a2c, authenticate)),
      close,
      up(read1(3, 0x7a2c)),
      down(readAnswer1(3, accepted)),
    ]);
    expect(activities.said).toMatchObject([{ outcome: 'unanswered', frame: 5 }]);
    expect(refusals).toEqual([]);
  });
});

describe('bulk', () => {
  it('is passed over without being held, however it is cut', () => {
    const file = up(write2(1, 9, Buffer.alloc(1_000_000, 0x61)));
    const conversation = smb.open('tcp');
    const context = run([]);
    context.direction = 0;
    // 4 + 64 + 48 bytes and the first 16 of the payload settle it.
    const used = conversation.data(file.bytes, 0, 132, context);
    expect(used).toBe(file.bytes.length);
    const stream = [file, up(write2(2, 7, bind))];
    expect(trace(play(smb.open('tcp'), stream, { chunk: 60_000 }))).toBe(trace(run(stream)));
    expect(run(stream).messages.said).toMatchObject([{ msgType: 'NEGOTIATE' }]);
  });

  it('does not hold a command beyond the limit', () => {
    const { commandBytes } = smbLimits;
    const before = { value: commandBytes.value, hits: commandBytes.hits };
    try {
      commandBytes.hits = 0;
      commandBytes.value = smb2({ command: 1 }, Buffer.alloc(24)).length;
      const setup = (extra: number) => up(smb2({ command: 1 }, Buffer.concat([Buffer.from([25, 0]), Buffer.alloc(22 + extra)])));
      run([setup(0)]);
      expect(commandBytes.hits).toBe(0);
      const { refusals } = run([setup(1)]);
      expect(commandBytes.hits).toBe(1);
      expect(refusals).toEqual([{ protocol: 'smb', reason: 7 }]);
    } finally {
      Object.assign(commandBytes, before);
    }
  });
});
