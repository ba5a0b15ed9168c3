import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { flowHash } from '../../../src/shard/flow-hash.ts';
import { partitionOf } from '../../../src/slots/layout.ts';
import { CLOSED, FlowTable, TCP } from '../../../src/transport/flow-table.ts';
import { TcpStreams } from '../../../src/transport/stream.ts';
import { ipv4, udp } from '../ip/build.ts';

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
  it('knows which flows of a partition and class were not used for longest, to the second, as a list of all would', () => {
    const step = fc.record({
      port: fc.integer({ min: 1, max: 200 }),
      // Longer than all lists of seconds together, too, and back.
      wait: fc.constantFrom(0, 0, 0, 0, 1, 3, 700, 5_000, -2),
      act: fc.constantFrom<'use' | 'end' | 'reclass' | 'expire' | 'evict'>(
        'use',
        'use',
        'use',
        'end',
        'reclass',
        'expire',
        'evict',
      ),
      idle: fc.constantFrom(2, 10, 600, 86_400),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const table = new FlowTable(16);
        /** By port; what the table says of each is held against it. */
        const model = new Map<number, { partition: number; kind: number; seconds: number }>();
        let now = START;
        const oldestOf = (partition: number, kind: number): number =>
          Math.min(
            ...[...model.values()].filter((one) => one.partition === partition && one.kind === kind).map((one) => one.seconds),
          );
        const remove = (flow: number): void => {
          const port = table.ports(flow) >>> 16;
          expect(model.get(port)).toEqual({
            partition: table.partition(flow),
            kind: table.kind(flow),
            seconds: table.seconds(flow),
          });
          table.remove(flow);
          model.delete(port);
        };
        for (const { port, wait, act, idle } of steps) {
          now += wait;
          const packet = packetOf(port);
          const hash = flowHash(packet);
          const partition = partitionOf(hash);
          table.foresee(Uint32Array.of(hash), 1);
          const flow = table.find(packet, hash);
          const known = model.get(port);
          expect(flow === -1).toBe(known === undefined);
          if (act === 'expire') {
            for (const kind of [TCP, CLOSED]) {
              for (let idler = table.oldest(partition, kind, now - idle); idler !== -1; ) {
                expect(table.seconds(idler)).toBe(oldestOf(partition, kind));
                remove(idler);
                idler = table.oldest(partition, kind, now - idle);
              }
              expect(oldestOf(partition, kind)).toBeGreaterThanOrEqual(now - idle);
            }
          } else if (act === 'evict') {
            const oldest = table.oldest(partition, TCP);
            expect(oldest === -1 ? Number.POSITIVE_INFINITY : table.seconds(oldest)).toBe(oldestOf(partition, TCP));
            if (oldest !== -1) remove(oldest);
          } else if (known === undefined) {
            table.add(packet, hash, partition, TCP, now, false);
            model.set(port, { partition, kind: TCP, seconds: now });
          } else if (act === 'end') remove(flow);
          else if (act === 'reclass') {
            table.reclass(flow, CLOSED);
            known.kind = CLOSED;
          } else {
            table.touch(flow, now);
            known.seconds = Math.max(known.seconds, now);
          }
          expect(table.sizeOf(partition)).toBe([...model.values()].filter((one) => one.partition === partition).length);
        }
        expect(table.size).toBe(model.size);
      }),
      { numRuns: 60 },
    );
  });

  it('knows nothing of the flow that had a record before', () => {
    const table = new FlowTable(16);
    const packet = packetOf(1);
    const hash = flowHash(packet);
    const partition = partitionOf(hash);
    const first = table.add(packet, hash, partition, TCP, START, false);
    const streams = new TcpStreams();
    table.setStreams(first, streams);
    expect(table.streams(first)).toBe(streams);
    table.addHandshake(first, 15);
    table.setIsn(first, 0, 7);
    table.setProtocol(first, 3);
    table.setStreams(first, null);
    expect(table.handshake(first)).toBe(15);
    table.remove(first);
    expect(table.find(packet, hash)).toBe(-1);
    const second = table.add(packet, hash, partition, TCP, START, false);
    expect(second).toBe(first);
    expect([table.handshake(second), table.isn(second, 0), table.protocol(second), table.streams(second)]).toEqual([
      0,
      0,
      0,
      null,
    ]);
    expect(table.conversations[second]).toBeNull();
  });

  it('takes for a copy what is the same to its eighth byte and comes soon, of the same direction', () => {
    const table = new FlowTable(16);
    const walked = (...payload: number[]): Packet => {
      const bytes = ipv4(udp(Uint8Array.from(payload)), { id: 0 });
      const packet = new Packet();
      packet.walk(bytes, 0, bytes.length, LINKTYPE_RAW);
      return packet;
    };
    const payload = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const one = walked(...payload);
    const hash = flowHash(one);
    const flow = table.add(one, hash, partitionOf(hash), TCP, START, false);
    const isCopy = (packet: Packet, milliseconds: number, direction: 0 | 1 = 0): boolean =>
      table.isCopy(flow, direction, packet, START, milliseconds * 1e6, 5);
    expect(isCopy(one, 0)).toBe(false);
    expect(isCopy(one, 5)).toBe(true);
    expect(isCopy(one, 11)).toBe(false);
    expect(isCopy(one, 11, 1)).toBe(false);
    expect(isCopy(walked(...payload, 10), 11)).toBe(false);
    for (let at = 0; at < 8; at++) {
      expect(isCopy(one, 20)).toBe(false);
      expect(isCopy(walked(...payload.with(at, 100)), 20)).toBe(false);
    }
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
