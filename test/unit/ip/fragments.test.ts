// Reassembly: the sender's bytes, whatever the order, repetition and damage; and a number for every fragment that went in.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { framesOf } from '../../../src/capture/frames.ts';
import { Defragmenter } from '../../../src/ip/fragments.ts';
import { Packet } from '../../../src/ip/packet.ts';
import { FRAGMENT, TCP_OR_UDP } from '../../../src/ip/verdict.ts';
import { configureLimits, limits } from '../../../src/protocols/limits.ts';
import { fixture } from '../../support/fixtures.ts';
import { bytes, counting, fragment6, type Ipv4Options, ipv4, ipv6, join, RAW, udp } from './build.ts';

/** A defragmenter that takes raw packets and counts them. */
class Bench {
  readonly fragments = new Defragmenter();
  readonly #packet = new Packet();
  given = 0;

  /** Gives one fragment; returns the datagram that it completed, or null. */
  give(frame: Uint8Array, seconds = 1): Uint8Array | null {
    expect(this.#packet.walk(frame, 0, frame.length, RAW)).toBe(FRAGMENT);
    this.given++;
    const length = this.fragments.add(this.#packet, seconds);
    expect(length).toBeGreaterThanOrEqual(0);
    this.account();
    return length === 0 ? null : this.fragments.datagram.slice(0, length);
  }

  /** Packets in = completed + dropped + pending, at any time. */
  account(): void {
    expect(this.fragments.completedFragments + this.lost + this.fragments.pending).toBe(this.given);
  }

  get lost(): number {
    return this.fragments.droppedByReason().reduce((sum, [, count]) => sum + count, 0);
  }
}

const whole = udp(counting(92));
/** A fragment of `whole` as IPv4 packet. */
const piece = (from: number, until: number, options: Ipv4Options = {}): Uint8Array =>
  ipv4(whole.subarray(from, until), { offset: from, more: until < whole.length, id: 5, ...options });
const piece6 = (from: number, until: number, id = 5): Uint8Array =>
  ipv6(fragment6(whole.subarray(from, until), id, from, until < whole.length), { next: 44 });

afterEach(() => configureLimits({}));

describe('Defragmenter', () => {
  it('puts IPv4 fragments together in any order', () => {
    const cuts = [0, 8, 32, 64, 100];
    const pieces = cuts.slice(0, -1).map((from, i) => piece(from, cuts[i + 1]!));
    fc.assert(
      fc.property(fc.shuffledSubarray(pieces, { minLength: pieces.length }), (order) => {
        const bench = new Bench();
        const done = order.map((frame) => bench.give(frame));
        expect(done.slice(0, -1).every((one) => one === null)).toBe(true);
        expect(done.at(-1)).toEqual(ipv4(whole, { id: 5 }));
        expect(bench.fragments.completedFragments).toBe(4);
      }),
    );
  });

  it("keeps the first fragment's header, options included", () => {
    const bench = new Bench();
    const options = bytes('94040000');
    bench.give(piece(48, 100));
    expect(bench.give(piece(0, 48, { options }))).toEqual(ipv4(whole, { id: 5, options }));
  });

  it('leaves a datagram that can be walked again', () => {
    const bench = new Bench();
    bench.give(piece6(0, 64));
    const datagram = bench.give(piece6(64, 100))!;
    expect(datagram).toEqual(ipv6(whole));
    expect(new Packet().walk(datagram, 0, datagram.length, RAW)).toBe(TCP_OR_UDP);
  });

  it('takes the fragment header out of a chain of IPv6 extension headers', () => {
    // Hop-by-hop (names the fragment header), and destination options that belong to the fragmentable part.
    const body = join(bytes('1100010400000000'), whole);
    const hop = bytes('2c00010400000000');
    const part = (from: number, until: number): Uint8Array =>
      ipv6(join(hop, fragment6(body.subarray(from, until), 9, from, until < body.length, 60)), { next: 0 });
    const bench = new Bench();
    bench.give(part(0, 56));
    expect(bench.give(part(56, 108))).toEqual(ipv6(join(bytes('3c00010400000000'), body), { next: 0 }));
  });

  it('tells datagrams apart by addresses, identification and, in IPv4, protocol', () => {
    const bench = new Bench();
    const others: Ipv4Options[] = [{}, { id: 6 }, { protocol: 6 }, { source: [10, 0, 0, 9] }, { destination: [10, 0, 0, 9] }];
    for (const other of others) expect(bench.give(piece(0, 48, other))).toBeNull();
    for (const other of others) expect(bench.give(piece(48, 100, other))).toEqual(ipv4(whole, { id: 5, ...other }));
    expect(bench.give(piece6(0, 48, 1))).toBeNull();
    expect(bench.give(piece6(48, 100, 0x10001))).toBeNull();
    expect(bench.fragments.pending).toBe(2);
  });

  it.each([
    ['IPv4', piece],
    ['IPv6', piece6],
  ])('ignores exact repetitions: %s', (_name, part) => {
    const bench = new Bench();
    bench.give(part(0, 48));
    bench.give(part(0, 48));
    expect(bench.give(part(48, 100))).not.toBeNull();
    expect(bench.fragments.completedFragments).toBe(3);
  });

  it('takes overlaps of IPv4 that agree', () => {
    const parts = [piece(0, 24), piece(40, 64), piece(16, 48), piece(8, 16), piece(56, 100)];
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (order) => {
        const bench = new Bench();
        const done = order.map((frame) => bench.give(frame)).filter((one) => one !== null);
        expect(done[0]).toEqual(ipv4(whole, { id: 5 }));
      }),
    );
  });

  it('discards a datagram whose overlaps contradict, and the rest of it', () => {
    const bench = new Bench();
    bench.give(piece(0, 48));
    const forged = piece(40, 64);
    forged[20]! ^= 1;
    bench.give(forged);
    expect(bench.give(piece(48, 100))).toBeNull();
    expect(bench.fragments.droppedByReason()).toEqual([['overlap', 3]]);
  });

  it('discards any overlap of IPv6 (RFC 5722)', () => {
    for (const [a, b] of [
      [piece6(0, 48), piece6(40, 64)],
      [piece6(16, 48), piece6(0, 24)],
      [piece6(0, 48), piece6(8, 16)],
      [piece6(8, 16), piece6(0, 48)],
    ] as const) {
      const bench = new Bench();
      bench.give(a);
      bench.give(b);
      expect(bench.fragments.droppedByReason()).toEqual([['overlap', 2]]);
    }
  });

  it.each([
    ['two ends', [piece(48, 100), ipv4(whole.subarray(48, 90), { offset: 48, id: 5 })], 'overlap'],
    ['data behind the end', [ipv4(counting(8), { offset: 40, id: 5 }), piece(48, 56)], 'overlap'],
    ['an end before data', [piece(48, 56), ipv4(counting(8), { offset: 40, id: 5 })], 'overlap'],
    ['a piece of no multiple of eight', [ipv4(counting(12), { more: true, id: 5 })], 'misaligned'],
    ['an empty piece', [ipv4(counting(0), { more: true, id: 5 })], 'misaligned'],
    ['an end behind 65,535 bytes', [ipv4(counting(40), { offset: 65_488, id: 5 })], 'too-long'],
    ['an end behind 65,535 bytes, IPv6', [ipv6(fragment6(counting(10), 1, 65_528, false), { next: 44 })], 'too-long'],
    ['a piece cut by the snaplen', [ipv4(counting(40), { more: true, id: 5, total: 84 })], 'cut'],
  ])('refuses %s', (_name, frames, reason) => {
    const bench = new Bench();
    for (const frame of frames) expect(bench.give(frame)).toBeNull();
    expect(bench.fragments.droppedByReason()).toEqual([[reason, frames.length]]);
    expect(bench.fragments.pending).toBe(0);
  });

  it('takes the longest datagram', () => {
    const data = new Uint8Array(65_515).map((_, i) => i * 7);
    const bench = new Bench();
    let done: Uint8Array | null = null;
    for (let from = 0; from < data.length; from += 1480)
      done = bench.give(ipv4(data.subarray(from, from + 1480), { offset: from, more: from + 1480 < data.length, id: 1 }));
    expect(done).toEqual(ipv4(data, { id: 1 }));
    // IPv6 does not count its header; extension headers before the fragment header are counted.
    const hop = join(bytes('2c1f01fc'), new Uint8Array(252));
    const part = (from: number, until: number, more: boolean): Uint8Array =>
      ipv6(join(hop, fragment6(data.subarray(from, until), 2, from, more, 17)), { next: 0 });
    bench.give(part(0, 32_000, true));
    expect(bench.give(part(32_000, 65_279, false))).toHaveLength(40 + 65_535);
    bench.give(part(0, 32_000, true));
    expect(bench.give(part(32_000, 65_280, false))).toBeNull();
    expect(bench.fragments.droppedByReason()).toEqual([['too-long', 2]]);
  });

  it('checks the length again when the first fragment has the longer header', () => {
    const bench = new Bench();
    bench.give(ipv4(new Uint8Array(65_515 - 8), { offset: 8, id: 1 }));
    expect(bench.give(ipv4(counting(8), { more: true, id: 1, options: counting(40) }))).toBeNull();
    expect(bench.fragments.droppedByReason()).toEqual([['too-long', 2]]);
  });

  it('gives up on a datagram after its time, and the clock does not go back', () => {
    const seconds = limits().find(({ key }) => key === 'ip.fragmentSeconds')!.value;
    const bench = new Bench();
    bench.give(piece(0, 48), 100);
    expect(bench.give(piece(48, 100), 100 + seconds)).not.toBeNull();
    bench.give(piece(0, 48, { id: 6 }), 50);
    expect(bench.give(piece(48, 100, { id: 6 }), 101 + seconds)).not.toBeNull();
    bench.give(piece(0, 48, { id: 7 }), 101 + seconds);
    bench.give(piece(0, 48, { id: 8 }), 102 + 2 * seconds);
    expect(bench.fragments.droppedByReason()).toEqual([['timeout', 1]]);
  });

  it('does not mix the late copy of a last fragment with the next datagram of that identification', () => {
    // A mirror port that shows each packet twice: A A B B. Half a minute's patience for the second B would poison the next.
    const bench = new Bench();
    bench.give(piece(0, 48));
    bench.give(piece(0, 48));
    expect(bench.give(piece(48, 100))).not.toBeNull();
    bench.give(piece(48, 100));
    const next = udp(counting(92, 100));
    expect(bench.give(ipv4(next.subarray(0, 48), { more: true, id: 5 }), 5)).toBeNull();
    expect(bench.give(ipv4(next.subarray(48), { offset: 48, id: 5 }), 5)).toEqual(ipv4(next, { id: 5 }));
    expect(bench.fragments.droppedByReason()).toEqual([['incomplete', 1]]);
    // A whole copy is a datagram like any other: flows tell copies.
    bench.give(piece(0, 48, { id: 8 }));
    expect(bench.give(piece(48, 100, { id: 8 }))).not.toBeNull();
    bench.give(piece(0, 48, { id: 8 }));
    expect(bench.give(piece(48, 100, { id: 8 }))).not.toBeNull();
  });

  describe('limits', () => {
    it('datagrams: the oldest goes', () => {
      configureLimits({ 'ip.fragmentDatagrams': 3 });
      const bench = new Bench();
      for (let id = 1; id <= 3; id++) bench.give(piece(0, 48, { id }));
      expect(bench.lost).toBe(0);
      bench.give(piece(0, 48, { id: 4 }));
      expect(bench.fragments.droppedByReason()).toEqual([['table-full', 1]]);
      expect(bench.give(piece(48, 100, { id: 2 }))).not.toBeNull();
      expect(limits().find(({ key }) => key === 'ip.fragmentDatagrams')!.hits).toBe(1);
    });

    it('bytes: the oldest goes, and one that is larger than all goes itself', () => {
      configureLimits({ 'ip.fragmentBytes': 96 });
      const bench = new Bench();
      bench.give(piece(0, 48, { id: 1 }));
      bench.give(piece(0, 48, { id: 2 }));
      expect(bench.lost).toBe(0);
      // The first datagram grows: the second goes, though the first is older.
      bench.give(piece(48, 56, { id: 1 }));
      expect(bench.fragments.droppedByReason()).toEqual([['table-full', 1]]);
      bench.give(piece(56, 100, { id: 1 }));
      expect(bench.fragments.droppedByReason()).toEqual([['table-full', 4]]);
      expect(bench.fragments.pending).toBe(0);
    });

    it('bytes: those of a refused datagram are given back once, however many of its fragments follow', () => {
      configureLimits({ 'ip.fragmentBytes': 96 });
      const bench = new Bench();
      bench.give(piece(0, 48, { id: 1 }));
      const forged = piece(40, 64, { id: 1 });
      forged[20]! ^= 1;
      for (let time = 0; time < 3; time++) bench.give(forged);
      expect(bench.fragments.droppedByReason()).toEqual([['overlap', 4]]);
      for (const id of [2, 3]) bench.give(piece(0, 48, { id }));
      expect(bench.fragments.pending).toBe(2);
      bench.give(piece(0, 48, { id: 4 }));
      expect(bench.fragments.pending).toBe(2);
      expect(bench.fragments.droppedByReason()).toContainEqual(['table-full', 1]);
    });

    it('pieces: at n the datagram is whole, at n + 1 refused', () => {
      configureLimits({ 'ip.fragmentPieces': 12 });
      const cut = (count: number): Uint8Array | null => {
        const bench = new Bench();
        let done: Uint8Array | null = null;
        for (let i = 0; i < count; i++) done = bench.give(piece(8 * i, i === count - 1 ? 100 : 8 * i + 8));
        return done;
      };
      expect([cut(11), cut(12), cut(13)].map((done) => done !== null)).toEqual([true, true, false]);
      expect(limits().find(({ key }) => key === 'ip.fragmentPieces')!.hits).toBe(1);
    });

    it('hold in a flood', () => {
      configureLimits({ 'ip.fragmentDatagrams': 64, 'ip.fragmentBytes': 20_000 });
      const bench = new Bench();
      for (let id = 0; id < 5000; id++) bench.give(ipv4(new Uint8Array(1000 + 8 * (id % 50)), { more: true, id, offset: 8 }));
      expect(bench.fragments.pending).toBeLessThanOrEqual(20);
      bench.fragments.flush();
      expect(bench.fragments.pending).toBe(0);
      expect(bench.lost).toBe(5000);
    });
  });

  it('accounts for every fragment of any mess', () => {
    const any = fc.record({
      id: fc.integer({ min: 1, max: 3 }),
      offset: fc.integer({ min: 0, max: 12 }).map((n) => n * 8),
      length: fc.integer({ min: 0, max: 40 }),
      more: fc.boolean(),
      six: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), fc.integer({ min: 1, max: 200 }), (mess, room) => {
        configureLimits({ 'ip.fragmentDatagrams': 2, 'ip.fragmentBytes': room, 'ip.fragmentPieces': 4 });
        const bench = new Bench();
        for (const { id, offset, length, more, six, seconds } of mess) {
          const isWhole = offset === 0 && !more;
          if (isWhole) continue;
          const data = whole.subarray(offset, offset + length);
          const frame = six ? ipv6(fragment6(data, id, offset, more), { next: 44 }) : ipv4(data, { id, offset, more });
          const done = bench.give(frame, seconds);
          if (done !== null)
            expect(done).toEqual(six ? ipv6(udpPrefix(done.length - 40)) : ipv4(udpPrefix(done.length - 20), { id }));
        }
        bench.fragments.flush();
        expect(bench.fragments.pending).toBe(0);
        expect(bench.fragments.completedFragments + bench.lost).toBe(bench.given);
      }),
    );
  });

  it('gives what tshark gives for the lab capture', async () => {
    // tshark -T fields -e frame.number -e ip.reassembled.length -e ip.reassembled.data, the data hashed by sha256sum.
    const expected = new Map([
      [64, [1732, 'b6fed029d575225cca8701176c47de9121a3524fa490bce2dfaffaa67104fbb3']],
      [113, [1732, '74787d261e6d63b5edcfe024da4d42401d3aaec832bccc7730a49488bb7ff00b']],
    ]);
    const defragmenter = new Defragmenter();
    const packet = new Packet();
    const got = new Map<number, readonly [number, string]>();
    for await (const frame of framesOf([fixture('lab/fragments.pcap')])) {
      if (packet.walk(frame.bytes, 0, frame.bytes.length, frame.linktype) !== FRAGMENT) continue;
      const length = defragmenter.add(packet, frame.seconds);
      if (length === 0) continue;
      const payload = defragmenter.datagram.subarray(20, length);
      got.set(frame.number, [payload.length, createHash('sha256').update(payload).digest('hex')]);
    }
    expect(got).toEqual(expected);
    expect(defragmenter.droppedByReason()).toEqual([]);
  });
});

const udpPrefix = (length: number): Uint8Array => whole.subarray(0, length);
