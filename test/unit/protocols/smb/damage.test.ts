import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smb } from '../../../../src/protocols/smb/index.ts';
import { TestContext } from '../../../support/record.ts';
import { play, type Segment, segments, trace } from '../../../support/segments.ts';
import {
  close2,
  down,
  frame,
  plainAnswer1,
  plainSetup1,
  read1,
  read2,
  readAnswer1,
  setup1,
  smb2,
  transact1,
  up,
  write1,
  write2,
} from './build.ts';

const recorded = ['smb/smb2-ntlm-wrong-password.hex', 'smb/smb2-ntlm.hex', 'smb/smb2-kerberos.hex'].map(segments);
const pdus = segments('dcerpc/ntlm.hex').map(({ bytes }) => bytes);
const pdu = (index: number) => pdus[index] as Uint8Array;
const made: Segment[] = [
  up(plainSetup1(1, 24, 24, ['bob', 'LAB', 'Windows', 'LanMan'])),
  down(plainAnswer1({ mid: 1 }, 0, ['Unix', 'Samba'])),
  up(transact1(2, 5, pdu(0), false)),
  down(transact1(2, 5, pdu(1), true)),
  up(write2(3, 5, pdu(0))),
];
const streams = [...recorded, made];
const run = (stream: readonly Segment[], options = {}) => play(smb.open('tcp'), stream, options);
const setup = (recorded[0] as Segment[])[2] as Segment;

describe('damage', () => {
  it('is over at the next message behind a gap', () => {
    for (const rest of [0, 1, 7, 8, 40]) {
      const conversation = smb.open('tcp');
      const context = new TestContext();
      conversation.data(setup.bytes, 0, 8, context);
      expect(conversation.gap(50, context)).toBe(true);
      const bytes = Buffer.concat([Buffer.alloc(rest, 0x41), setup.bytes]);
      let at = 0;
      while (at < bytes.length && bytes.length - at >= conversation.want(0))
        at += conversation.data(bytes, at, bytes.length, context);
      expect(context.messages.said).toMatchObject([{ msgType: 'NEGOTIATE' }]);
      expect(context.refusals).toEqual([]);
    }
  });

  it('in the chain of a compound costs the rest of its message', () => {
    const first = smb2({ command: 4, next: 0x7fff_ff00 }, Buffer.alloc(8));
    const { refusals, messages } = run([up(first), up(smb2({ command: 4, next: 8 }, Buffer.alloc(8))), setup]);
    expect(refusals).toEqual([
      { protocol: 'smb', reason: 4 },
      { protocol: 'smb', reason: 4 },
    ]);
    expect(messages.said).toHaveLength(1);
    const noHeader = smb2({ command: 4, next: 72 }, Buffer.alloc(8));
    expect(run([up(noHeader, Buffer.alloc(64)), up(noHeader, Buffer.alloc(9)), setup]).refusals).toEqual([
      { protocol: 'smb', reason: 3 },
      { protocol: 'smb', reason: 1 },
    ]);
  });

  it('of a buffer that points outside is counted', () => {
    const lie = Buffer.from(setup.bytes);
    lie.writeUInt16LE(0xffff, 4 + 78);
    const { refusals, messages } = run([{ direction: 0, bytes: lie }]);
    expect(refusals).toEqual([{ protocol: 'smb', reason: 2 }]);
    expect(messages.said).toEqual([]);
  });

  it('of a blob or passwords of SMB1 that end outside is counted', () => {
    const lie = (message: Buffer, offset: number) => {
      // Behind the header of 32 bytes and the word count: words, as MS-CIFS 2.2.4.53 and MS-SMB 2.2.4.6 number them.
      message.writeUInt16LE(0x7fff, 33 + offset);
      return message;
    };
    const blob = Buffer.from('NTLMSSP');
    for (const segment of [
      up(lie(setup1({ mid: 1 }, blob), 14)),
      down(lie(setup1({ mid: 1, response: true }, blob), 6)),
      up(lie(plainSetup1(1, 24, 24, ['bob']), 14)),
      up(lie(plainSetup1(1, 24, 24, ['bob']), 16)),
    ]) {
      const { refusals, messages, activities } = run([segment]);
      expect(refusals).toEqual([{ protocol: 'smb', reason: 2 }]);
      expect([...messages.said, ...activities.said]).toEqual([]);
    }
  });

  it('is not what is encrypted or compressed: that is passed over, and counted where it could be read in principle', () => {
    const hidden = (magic: number) => {
      const bytes = Buffer.alloc(120, 0x77);
      bytes.writeUInt32BE(magic);
      return { direction: 0, bytes: frame(bytes) } as const;
    };
    for (const [magic, refused] of [
      [0xfd53_4d42, []],
      [0xfc53_4d42, [{ protocol: 'smb', reason: 8 }]],
    ] as const) {
      const { refusals, messages } = run([hidden(magic), setup]);
      expect(refusals).toEqual(refused);
      expect(messages.said).toHaveLength(1);
    }
  });

  it('does not come from keep-alives and empty messages', () => {
    const keepalive: Segment = { direction: 0, bytes: Buffer.from('8500000000000000', 'hex') };
    const { refusals, messages } = run([keepalive, setup]);
    expect(refusals).toEqual([]);
    expect(messages.said).toHaveLength(1);
  });
});

describe('probe', () => {
  it('knows its messages by their first eight bytes', () => {
    // A ticket takes several segments: not all of the Kerberos stream start a message.
    for (const stream of streams.filter((one) => one !== recorded[2]))
      for (const { bytes } of stream) {
        expect(smb.probe(bytes, 0, bytes.length, 0, 'tcp', false)).toBe('yes');
        for (let end = 0; end < 8; end++) expect(smb.probe(bytes, 0, end, 0, 'tcp', false)).toBe('more');
      }
  });
  it('refuses what is none', () => {
    for (const other of ['474554202f', '00000010fe534d42', '16030100ff010000', '00000100fa534d42', '05000b0710000000'])
      expect(smb.probe(Buffer.from(other, 'hex'), 0, other.length / 2, 0, 'tcp', true)).toBe('no');
    expect(smb.probe(Buffer.from('85000000', 'hex'), 0, 4, 0, 'tcp', false)).toBe('no');
    expect(smb.probe(Buffer.from('85000000', 'hex'), 0, 4, 0, 'tcp', true)).toBe('yes');
  });
});

describe('any bytes', () => {
  it('says the same however the stream is cut, and whatever stands around it', () => {
    for (const stream of streams) {
      const whole = trace(run(stream));
      for (const chunk of [1, 3, 4, 7, 8, 63, 64, 65, 300]) expect(trace(run(stream, { chunk }))).toBe(whole);
      for (const around of [0x00, 0xfe, 0xff]) expect(trace(run(stream, { around }))).toBe(whole);
    }
  });

  it('is found behind again where a message begins, and by nothing less, however the stream is cut', () => {
    // The first message is damaged; what looks like a keep-alive lies in it at every place in turn.
    const [stream] = streams;
    for (let at = 8; at < 60; at++) {
      const damaged = stream!.map(({ direction, bytes }) => ({ direction, bytes: bytes.slice() }));
      const { bytes } = damaged[0] as Segment;
      bytes[5] = 0;
      bytes.set([0x85, 0, 0, 0], at);
      const whole = trace(run(damaged));
      for (const chunk of [1, 5, 36, 37, 38]) expect(trace(run(damaged, { chunk }))).toBe(whole);
    }
  });

  it('survives mutations, and reads nothing outside', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(fc.tuple(fc.nat(20), fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (stream, changes) => {
          const mutated = stream.map(({ direction, bytes }) => ({ direction, bytes: bytes.slice() }));
          for (const [segment, at, value] of changes) {
            const { bytes } = mutated[segment % mutated.length] as Segment;
            bytes[at % bytes.length] = value;
          }
          const said = trace(run(mutated, { around: 0 }));
          expect(trace(run(mutated, { around: 0xff }))).toBe(said);
          expect(trace(run(mutated, { chunk: 37 }))).toBe(said);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('survives messages cut short behind a true length', () => {
    for (const stream of streams)
      for (const { direction, bytes } of stream) {
        const message = bytes.subarray(4);
        for (let length = 35; length < Math.min(message.length, 200); length++) {
          const cut = [{ direction, bytes: frame(message.subarray(0, length)) }];
          expect(trace(run(cut, { around: 0xff }))).toBe(trace(run(cut, { around: 0 })));
        }
      }
  });

  it('reads what follows a message cut short behind a true length', () => {
    const more = [up(write1(1, 5, pdu(0))), up(read1(1, 5)), down(readAnswer1(1, pdu(1))), up(read2(1, 5)), up(close2(1, 5))];
    const starts = ({ bytes }: Segment) => smb.probe(bytes, 0, bytes.length, 0, 'tcp', false) === 'yes';
    for (const { direction, bytes } of [...streams.flat(), ...more].filter(starts))
      for (let length = 35; length < Math.min(bytes.length - 4, 140); length++) {
        const cut = { direction, bytes: frame(bytes.subarray(4, 4 + length)) };
        const { messages } = run([cut, { direction, bytes: setup.bytes }]);
        expect([length, messages.said.at(-1)]).toMatchObject([length, { frame: 3, msgType: 'NEGOTIATE' }]);
      }
  });

  it('takes gaps anywhere', () => {
    fc.assert(
      fc.property(fc.constantFrom(...streams), fc.array(fc.nat(3), { maxLength: 24 }), (stream, gaps) => {
        const conversation = smb.open('tcp');
        const context = new TestContext();
        stream.forEach(({ direction, bytes }, i) => {
          context.direction = direction;
          const from = gaps[i] === 1 ? Math.min(bytes.length, 10) : 0;
          if (gaps[i] === 1 || gaps[i] === 2) conversation.gap(100, context);
          if (bytes.length - from >= conversation.want(direction)) conversation.data(bytes, from, bytes.length, context);
        });
        conversation.close(context);
      }),
      { numRuns: 200 },
    );
  });
});
