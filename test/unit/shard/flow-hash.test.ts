// The hash that deals flows out: the same both ways, well mixed in the bits that choose a shard.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { flowHash } from '../../../src/shard/flow-hash.ts';
import { ipv4, ipv6, join, RAW, tcp, udp } from '../ip/build.ts';

const packet = new Packet();
const none = new Uint8Array(0);

function hash(source: readonly number[], sourcePort: number, destination: readonly number[], destinationPort: number): number {
  const frame = ipv4(udp(none, { source: sourcePort, destination: destinationPort }), { source, destination });
  packet.walk(frame, 0, frame.length, RAW);
  return flowHash(packet);
}

const address = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
const port = fc.integer({ min: 0, max: 65_535 });

/** Chi-squared of counts that should be equal, per degree of freedom: about 1 when they are as even as chance. */
function unevenness(counts: ArrayLike<number>, total: number): number {
  const expected = total / counts.length;
  return Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (counts.length - 1);
}

describe('flowHash', () => {
  it('is an unsigned 32-bit number, the same in both directions', () => {
    fc.assert(
      fc.property(address, port, address, port, (a, aPort, b, bPort) => {
        const there = hash(a, aPort, b, bPort);
        expect(hash(b, bPort, a, aPort)).toBe(there);
        expect(Number.isInteger(there) && there >= 0 && there <= 0xffff_ffff).toBe(true);
      }),
    );
  });

  it('is symmetric for IPv6 and tells addresses apart by any word', () => {
    const frame = ipv6(udp(none, { source: 1, destination: 2 }));
    const back = join(
      frame.subarray(0, 8),
      frame.subarray(24, 40),
      frame.subarray(8, 24),
      udp(none, { source: 2, destination: 1 }),
    );
    packet.walk(frame, 0, frame.length, RAW);
    const there = flowHash(packet);
    packet.walk(back, 0, back.length, RAW);
    expect(flowHash(packet)).toBe(there);
    const hashes = new Set([there]);
    for (let at = 8; at < 40; at++) {
      const other = frame.slice();
      other[at]! ^= 0x55;
      packet.walk(other, 0, other.length, RAW);
      hashes.add(flowHash(packet));
    }
    expect(hashes.size).toBe(33);
  });

  it('tells ports swapped between the ends, and the transport', () => {
    expect(hash([10, 0, 0, 1], 1000, [10, 0, 0, 2], 53)).not.toBe(hash([10, 0, 0, 1], 53, [10, 0, 0, 2], 1000));
    const frame = ipv4(tcp(none, { source: 1000, destination: 53 }), { protocol: 6 });
    packet.walk(frame, 0, frame.length, RAW);
    expect(flowHash(packet)).not.toBe(hash([10, 0, 0, 1], 1000, [10, 0, 0, 2], 53));
  });

  it.each([
    ['clients of one server', (i: number): number => hash([10, 1, i >> 8, i & 255], 50_000, [10, 0, 0, 1], 88)],
    ['ports of one client', (i: number): number => hash([10, 0, 0, 2], 1024 + i, [10, 0, 0, 1], 389)],
    ['an end that speaks to itself', (i: number): number => hash([10, 0, i >> 8, i & 255], 53, [10, 0, i >> 8, i & 255], 53)],
    ['equal ports of neighbours', (i: number): number => hash([10, 0, 0, 1], 1024 + i, [10, 0, 0, 2], 1024 + i)],
  ])('deals out evenly: %s', (_name, at) => {
    const count = 16_384;
    for (const size of [2, 3, 4, 7, 16, 64]) {
      const counts = new Uint32Array(size);
      for (let i = 0; i < count; i++) counts[at(i) % size]!++;
      expect(unevenness(counts, count)).toBeLessThan(4);
    }
  });

  it('changes about half of its bits with any bit of the five-tuple', () => {
    // Bits 12 bytes of IPv4 addresses and ports of a UDP packet: offsets 12 to 24.
    let changed = 0;
    let trials = 0;
    const byBit = new Uint32Array(32);
    for (let sample = 0; sample < 300; sample++) {
      const frame = ipv4(udp(none, { source: (sample * 7919) & 0xffff, destination: 88 }), {
        source: [10, sample & 255, (sample * 31) & 255, 1],
        destination: [192, 168, (sample * 17) & 255, 2],
      });
      packet.walk(frame, 0, frame.length, RAW);
      const before = flowHash(packet);
      for (let bit = 0; bit < 96; bit++) {
        frame[12 + (bit >> 3)]! ^= 1 << (bit & 7);
        packet.walk(frame, 0, frame.length, RAW);
        const difference = (flowHash(packet) ^ before) >>> 0;
        frame[12 + (bit >> 3)]! ^= 1 << (bit & 7);
        trials++;
        for (let i = 0; i < 32; i++)
          if (((difference >>> i) & 1) === 1) {
            byBit[i]!++;
            changed++;
          }
      }
    }
    expect(changed / trials / 32).toBeCloseTo(0.5, 1);
    for (const count of byBit) expect(Math.abs(count / trials - 0.5)).toBeLessThan(0.03);
  });
});
