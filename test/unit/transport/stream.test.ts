// Stream reassembly: what is delivered must be the sender's bytes, whatever the network and the capture did to the segments.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configureLimits, limits } from '../../../src/protocols/limits.ts';
import { DELIVERED, HELD, OUTSIDE, RETRANSMITTED, Stream, type StreamReader } from '../../../src/transport/stream.ts';

/** Collects what a stream delivers; gaps become -1. */
class Collector implements StreamReader {
  readonly got: number[] = [];
  deliver(_stream: Stream, bytes: Uint8Array, start: number, end: number): boolean {
    this.got.push(...bytes.subarray(start, end));
    return true;
  }
  lose(_stream: Stream, length: number): boolean {
    for (let i = 0; i < length; i++) this.got.push(-1);
    return true;
  }
}

const sent = Uint8Array.from({ length: 300 }, (_, i) => i % 251);

function segment(stream: Stream, reader: StreamReader, first: number, from: number, until: number, missing = 0): number {
  return stream.segment((first + from) >>> 0, sent, from, until, missing, reader);
}

describe('Stream', () => {
  it('delivers the bytes in order whatever the order, repetition and overlap of segments', () => {
    const cuts = fc.array(fc.tuple(fc.nat(299), fc.integer({ min: 1, max: 80 })), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, fc.nat(0xffff_ffff), (pieces, first) => {
        const stream = new Stream();
        const reader = new Collector();
        stream.started = true;
        stream.next = first;
        for (const [from, length] of pieces) segment(stream, reader, first, from, Math.min(300, from + length));
        for (let from = 0; from < 300; from += 50) segment(stream, reader, first, from, from + 50);
        expect(reader.got).toEqual([...sent]);
        expect(stream.waiting).toBe(false);
      }),
    );
  });

  it('starts where the first segment does when the handshake was not seen', () => {
    const stream = new Stream();
    const reader = new Collector();
    expect(segment(stream, reader, 1000, 10, 20)).toBe(DELIVERED);
    expect(segment(stream, reader, 1000, 10, 20)).toBe(RETRANSMITTED);
    expect(segment(stream, reader, 1000, 30, 40)).toBe(HELD);
    expect(reader.got).toEqual([...sent.subarray(10, 20)]);
  });

  it.each([10, 11])('holds a segment that goes one byte beyond one of %i bytes that is held', (length) => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10);
    expect(segment(stream, reader, 0, 20, 20 + length)).toBe(HELD);
    expect(segment(stream, reader, 0, 20, 20 + length)).toBe(RETRANSMITTED);
    expect(segment(stream, reader, 0, 20, 21 + length)).toBe(HELD);
    segment(stream, reader, 0, 10, 20);
    expect(reader.got).toEqual([...sent.subarray(0, 21 + length)]);
  });

  it('gives up a hole when the receiver has acknowledged beyond it three times', () => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10);
    segment(stream, reader, 0, 20, 30);
    stream.acknowledged(30, reader);
    stream.acknowledged(30, reader);
    expect(reader.got.length).toBe(10);
    stream.acknowledged(30, reader);
    expect(reader.got).toEqual([...sent.subarray(0, 10), ...new Array(10).fill(-1), ...sent.subarray(20, 30)]);
  });

  it('waits for what is missing while no more than what came before it is acknowledged', () => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 1000, 0, 10);
    segment(stream, reader, 1000, 20, 30);
    // RFC 9293 3.4: the acknowledgment is the next byte expected, here that of the hole; also across the end of the numbers.
    for (const acknowledgment of [1000, 1010, 1010, 1010, 1010, 0xffff_fff0, 500]) stream.acknowledged(acknowledgment, reader);
    expect(reader.got.length).toBe(10);
    segment(stream, reader, 1000, 10, 20);
    expect(reader.got).toEqual([...sent.subarray(0, 30)]);
  });

  it('keeps nothing of a flow for the next', () => {
    for (const skip of [0, 50]) {
      const stream = new Stream();
      const reader = new Collector();
      segment(stream, reader, 0, 0, 10);
      stream.skip = skip;
      segment(stream, reader, 0, 100, 120);
      for (let i = 0; i < 2; i++) stream.acknowledged(120, reader);
      stream.reset();
      expect(stream.isEmpty).toBe(true);
      const next = new Collector();
      segment(stream, next, 90, 0, 5);
      segment(stream, next, 90, 50, 60);
      stream.acknowledged(150, next);
      expect(next.got).toEqual([...sent.subarray(0, 5)]);
      stream.drain(next);
      expect(next.got).toEqual([...sent.subarray(0, 5), ...new Array(45).fill(-1), ...sent.subarray(50, 60)]);
    }
  });

  it('says what the snaplen cut off as a gap, and goes on behind it', () => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10, 5);
    segment(stream, reader, 0, 15, 20);
    expect(reader.got).toEqual([...sent.subarray(0, 10), -1, -1, -1, -1, -1, ...sent.subarray(15, 20)]);
  });

  it('passes over bulk data, holes in it included, without saying gaps', () => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10);
    stream.skip = 100;
    segment(stream, reader, 0, 60, 120);
    stream.drain(reader);
    expect(reader.got).toEqual([...sent.subarray(0, 10), ...sent.subarray(110, 120)]);
  });

  it('refuses what no window reaches', () => {
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10);
    expect(stream.segment(0x7000_0000, sent, 0, 10, 0, reader)).toBe(OUTSIDE);
    expect(stream.segment(0x9000_0000, sent, 0, 10, 0, reader)).toBe(OUTSIDE);
  });

  it.each([
    [3, false],
    [4, true],
  ])('holds at most flow.heldSegments (3): %i held segments %s the hole', (count, gaveUp) => {
    configureLimits({ 'flow.heldSegments': 3 });
    const stream = new Stream();
    const reader = new Collector();
    segment(stream, reader, 0, 0, 10);
    for (let i = 0; i < count; i++) segment(stream, reader, 0, 20 + i * 20, 30 + i * 20);
    expect(reader.got.length > 10).toBe(gaveUp);
    expect(limits().find((limit) => limit.key === 'flow.heldSegments')?.hits).toBe(gaveUp ? 1 : 0);
    configureLimits({});
  });

  it.each([
    ['keeps a small buffer for the next flow', 4096, 0, true],
    ['lets a large one go', 65_536, 0, false],
    ['never one that holds bytes', 65_536, 1, true],
  ])('%s', (_what, size, length, isKept) => {
    const stream = new Stream();
    stream.buffer = new Uint8Array(size);
    stream.length = length;
    stream.trim();
    expect(stream.buffer !== null).toBe(isKept);
  });
});
