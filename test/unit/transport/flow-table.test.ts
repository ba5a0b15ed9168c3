import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { flowHash } from '../../../src/shard/flow-hash.ts';
import { partitionOf } from '../../../src/slots/layout.ts';
import { FlowTable, TCP } from '../../../src/transport/flow-table.ts';
import { TcpStreams } from '../../../src/transport/stream.ts';

const LINKTYPE_RAW = 101;
const START = 1_700_000_000;

/** A bare acknowledgment from 10.0.0.1 to 10.0.0.2:445. */
function packetOf(port: number): Packet {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt16BE(0x4500, 0);
  bytes.writeUInt16BE(40, 2);
  bytes.writeUInt16BE(0x4006, 8);
  bytes.writeUInt32BE(0x0a000001, 12);
  bytes.writeUInt32BE(0x0a000002, 16);
  bytes.writeUInt16BE(port, 20);
  bytes.writeUInt16BE(445, 22);
  bytes.writeUInt16BE(0x5010, 32);
  const packet = new Packet();
  packet.walk(bytes, 0, bytes.length, LINKTYPE_RAW);
  return packet;
}

describe('FlowTable', () => {
  it('knows which flow of a partition was not used for longest, to the second, as a sorted list would', () => {
    const use = fc.record({ port: fc.integer({ min: 1, max: 200 }), wait: fc.constantFrom(0, 0, 0, 1, 3), isEnd: fc.boolean() });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 600, size: 'max' }), (uses) => {
        const table = new FlowTable(16);
        /** Ports of each partition by second of last use, and first use in it. */
        const model = new Map<number, { port: number; seconds: number }[]>();
        let seconds = START;
        for (const { port, wait, isEnd } of uses) {
          seconds += wait;
          const packet = packetOf(port);
          const hash = flowHash(packet);
          const partition = partitionOf(hash);
          const known = model.get(partition) ?? [];
          model.set(partition, known);
          const at = known.findIndex((one) => one.port === port);
          const flow = table.find(packet, hash);
          expect(flow === -1).toBe(at === -1);
          if (isEnd && wait === 3 && flow !== -1) {
            table.remove(flow);
            known.splice(at, 1);
          } else if (flow === -1) {
            table.add(packet, hash, partition, TCP, seconds, false);
            known.push({ port, seconds });
          } else {
            table.foresee(Uint32Array.of(hash), 1);
            table.touch(flow, seconds);
            if (known[at]!.seconds !== seconds) known.push({ port: known.splice(at, 1)[0]!.port, seconds });
          }
          const oldest = table.oldest(partition, TCP);
          expect(oldest === -1 ? undefined : table.ports(oldest) >>> 16).toBe(known[0]?.port);
          expect(table.sizeOf(partition)).toBe(known.length);
        }
        expect(table.size).toBe([...model.values()].reduce((sum, one) => sum + one.length, 0));
      }),
      { numRuns: 60 },
    );
  });

  it('passes bulk data over in its record just as the streams would', () => {
    const word = fc.oneof(
      fc.nat(3000),
      fc.integer({ min: 0xffff_f000, max: 0xffff_ffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
    );
    const segment = fc.record({
      direction: fc.constantFrom<0 | 1>(0, 1),
      off: fc.constantFrom(0, 0, 0, 0, 1, -1),
      length: fc.nat(1460),
    });
    fc.assert(
      fc.property(word, word, word, fc.boolean(), fc.array(segment), (next, skip, other, started, segments) => {
        const table = new FlowTable(16);
        const packet = packetOf(4000);
        const hash = flowHash(packet);
        const flow = table.add(packet, hash, partitionOf(hash), TCP, START, false);
        const streams = new TcpStreams();
        streams.of(0).resume(started, next, skip);
        streams.of(1).resume(true, other, 5000);
        expect(streams.isEmpty).toBe(true);
        table.park(flow, streams);
        for (const { direction, off, length } of segments) {
          const sequence = (streams.of(direction).next + off) >>> 0;
          const byStream = streams.of(direction).passOver(sequence, length);
          expect(table.passOver(flow, direction, sequence, length)).toBe(byStream);
        }
        const resumed = new TcpStreams();
        table.resume(flow, resumed);
        for (const direction of [0, 1] as const)
          expect(resumed.of(direction)).toMatchObject({
            started: streams.of(direction).started,
            next: streams.of(direction).next,
            skip: streams.of(direction).skip,
          });
      }),
    );
  });
});
