// The gate: what it leaves out and where that is counted, and what it does with fragments when a slot has no room for what they
// become.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVERYTHING, Gate } from '../../../src/shard/gate.ts';
import { CounterBlocks } from '../../../src/slots/counters.ts';
import { DEFAULT_SHAPE, type RingShape } from '../../../src/slots/layout.ts';
import { allocateRing, Ring } from '../../../src/slots/ring.ts';
import { counterMap, gateCounters } from '../../../src/worker/catalogue.ts';
import { Shard } from '../../../src/worker/shard.ts';
import { fixture } from '../../support/fixtures.ts';
import { runFiles } from '../../support/in-process.ts';
import { counting, ipv4, RAW, udp } from '../ip/build.ts';

describe('what a user leaves out', () => {
  const capture = fixture('lab/kerberos-logon-ok.pcap');
  /** Times of a pcap file's records, in seconds (draft-ietf-opsawg-pcap 4 and 5). */
  const file = readFileSync(capture);
  const unit = file.readUInt32LE(0) === 0xa1b23c4d ? 1e9 : 1e6;
  const times: number[] = [];
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8))
    times.push(file.readUInt32LE(at) + file.readUInt32LE(at + 4) / unit);
  const sorted = times.toSorted((a, b) => a - b);

  it('is counted apart, by time and by filter', async () => {
    const [from = 0, to = 0] = [1, 2].map((third) => sorted[Math.floor((third * times.length) / 3)]);
    const outside = times.filter((time) => time < from || time > to).length;
    expect(outside).toBeGreaterThan(0);
    const { accounting } = await runFiles(capture, { selection: { from, to, filter: () => false } });
    expect(accounting.ends).toEqual([
      { end: 'ignored', reason: 'filter', packets: times.length - outside },
      { end: 'ignored', reason: 'time-range', packets: outside },
    ]);
    expect(accounting.packets).toBe(times.length);
  });

  it('is nothing at the ends of the time range, which are in it', async () => {
    const [from, to] = [sorted[0]!, sorted.at(-1)!];
    const { accounting } = await runFiles(capture, { selection: { from, to } });
    expect(accounting.ends.some(({ reason }) => reason === 'time-range')).toBe(false);
  });
});

describe('fragments', () => {
  /** Room for two of the longest datagrams: each may take 64 bytes more than 65,535. */
  const shape: RingShape = { ...DEFAULT_SHAPE, slots: 1, shards: 1, slotBytes: 1 << 17, scratchBytes: 2 * (65_535 + 64) };
  const payload = udp(counting(65_507));
  const pieces = (id: number): Uint8Array[] => [
    ipv4(payload.subarray(0, 32_000), { id, more: true }),
    ipv4(payload.subarray(32_000), { id, offset: 32_000 }),
  ];

  function rig(isLive: boolean) {
    const slot = new Ring(allocateRing(shape)).slot(0);
    const counters = gateCounters(new CounterBlocks(counterMap, 1).block(0));
    const gate = new Gate(
      shape,
      { from: 0, to: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY, filter: null },
      null,
      counters,
      isLive ? { watch: null } : null,
    );
    gate.begin(slot);
    const give = (frame: Uint8Array): boolean => {
      slot.bytes.set(frame);
      return gate.add(0, frame.length, frame.length, 1, 0, RAW);
    };
    return { slot, gate, give };
  }

  it('of a file are put off to the next slot', () => {
    const { slot, gate, give } = rig(false);
    for (const frame of [...pieces(1), ...pieces(2)]) expect(give(frame)).toBe(true);
    const [first = payload, second = payload] = pieces(3);
    expect(give(first)).toBe(false);
    expect([gate.frame, gate.datagrams]).toEqual([4, 2]);
    // What is no fragment still goes on.
    expect(give(ipv4(udp(counting(5))))).toBe(true);
    gate.end(false);
    gate.begin(slot);
    expect([give(first), give(second)]).toEqual([true, true]);
    expect([gate.frame, gate.datagrams]).toEqual([7, 3]);
    expect(gate.fragments.droppedByReason()).toEqual([]);
  });

  it('of an adapter, which cannot wait, are dropped and counted', () => {
    const { gate, give } = rig(true);
    for (const frame of [...pieces(1), ...pieces(2), ...pieces(3)]) expect(give(frame)).toBe(true);
    expect([gate.frame, gate.datagrams]).toEqual([6, 2]);
    expect(gate.fragments.droppedByReason()).toEqual([['no-room', 2]]);
  });
});

describe('a slot', () => {
  const question = Buffer.from('123401000001000000000000026463036c61620765786172706c650000010001', 'hex');
  const shape: RingShape = { ...DEFAULT_SHAPE, slots: 1, shards: 1 };

  function rig() {
    const slot = new Ring(allocateRing(shape)).slot(0);
    const blocks = new CounterBlocks(counterMap, 2);
    const gate = new Gate(shape, EVERYTHING, null, gateCounters(blocks.block(0)), { watch: null });
    const settings = { shard: 0, shards: 1, messages: false, activities: true, sensor: 's', limits: {} };
    const shard = new Shard({ ...settings, runKey: new Uint8Array(16) }, blocks.block(1));
    let sequence = 0;
    /** Lines that a slot is the reason for. */
    const read = (fill: () => void): Record<string, unknown>[] => {
      gate.begin(slot);
      fill();
      gate.end(false);
      const text = Buffer.from(shard.read(slot, sequence++, gate.frame).lines).toString();
      return text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const give = (seconds: number, nanoseconds = 0): void => {
      const frame = ipv4(udp(question));
      slot.bytes.set(frame);
      expect(gate.add(0, frame.length, frame.length, seconds, nanoseconds, RAW)).toBe(true);
    };
    return { gate, read, give };
  }

  it('knows when its first and its last packet came', () => {
    const { gate, read, give } = rig();
    read(() => {
      give(1000, 5);
      give(1010, 6);
    });
    expect([gate.firstSeconds, gate.firstNanoseconds, gate.seconds, gate.nanoseconds]).toEqual([1000, 5, 1010, 6]);
  });

  it('that brings time and no packet ends what is idle', () => {
    const { gate, read, give } = rig();
    expect(read(() => give(1000))).toEqual([]);
    expect(read(() => gate.tick(1001))).toEqual([]);
    expect(read(() => undefined)).toEqual([]);
    expect(read(() => gate.tick(90_000))).toMatchObject([{ kind: 'activity', outcome: 'unanswered' }]);
  });
});
