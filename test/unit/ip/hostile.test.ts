// Real and arbitrary bytes, cut and changed everywhere: the walk never throws, ends, and reads nothing outside its range. The
// neighbours of a range are 0x00 once and 0xff once: a read outside would tell them apart.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Frame, framesOf } from '../../../src/capture/frames.ts';
import { Packet } from '../../../src/ip/packet.ts';
import { FRAGMENT, TCP_OR_UDP, VERDICTS } from '../../../src/ip/verdict.ts';
import { LINKTYPE } from '../../../src/link/link.ts';
import { fixture } from '../../support/fixtures.ts';
import { bytes, counting, ethernet, fragment6, ipv4, ipv6, join, summary, tcp, udp } from './build.ts';

const MARGIN = 64;
const linktypes = [...Object.values(LINKTYPE), 105, 65_535];

/** Walks the frame among zeros and among ones, and at the very end of its memory: all must see the same. */
function walkEverywhere(frame: Uint8Array, linktype: number): void {
  const seen = [0x00, 0xff].map((poison) => {
    const memory = new Uint8Array(frame.length + 2 * MARGIN).fill(poison);
    memory.set(frame, MARGIN);
    return summary(memory, linktype, MARGIN, MARGIN + frame.length);
  });
  expect(seen[1]).toEqual(seen[0]);
  expect(summary(frame, linktype)).toEqual(seen[0]);
}

/** What every reader after the walk relies on. */
function expectOffsetsInside(frame: Uint8Array, linktype: number): void {
  const packet = new Packet();
  const verdict = packet.walk(frame, 0, frame.length, linktype);
  expect(VERDICTS[verdict]).toBeDefined();
  if (packet.version !== 0) {
    const length = packet.version === 4 ? 4 : 16;
    expect(Math.max(packet.source, packet.destination) + length).toBeLessThanOrEqual(frame.length);
  }
  if (verdict !== TCP_OR_UDP && verdict !== FRAGMENT) return;
  expect(packet.transport).toBeGreaterThan(packet.network);
  expect(packet.end).toBeGreaterThanOrEqual(packet.transport);
  expect(packet.end).toBeLessThanOrEqual(frame.length);
  expect(packet.missing).toBeGreaterThanOrEqual(0);
  expect(packet.missing).toBeLessThanOrEqual(65_535 + 40);
  if (verdict !== TCP_OR_UDP) return;
  expect(packet.payload).toBeGreaterThan(packet.transport);
  expect(packet.payload).toBeLessThanOrEqual(packet.end);
}

/** Frames with much in them: every layer that this room reads stands in one of them. */
const rich: readonly (readonly [number, Uint8Array])[] = [
  [LINKTYPE.ETHERNET, ethernet(ipv4(tcp(counting(20), { options: counting(12) }), { protocol: 6, options: counting(8) }))],
  [LINKTYPE.ETHERNET, ethernet(join(bytes('0064 8100 0065 86dd'), ipv6(udp(counting(9)))), 0x88a8)],
  [LINKTYPE.ETHERNET, ethernet(join(bytes('11000001 0023 0021'), ipv4(udp(counting(5)))), 0x8864)],
  [LINKTYPE.RAW, ipv6(join(bytes('2c00010400000000'), fragment6(counting(32), 7, 64, true)), { next: 0 })],
  [LINKTYPE.RAW, ipv6(join(bytes('3301010c00000000 0000000000000000'), authentication()), { next: 60 })],
  [LINKTYPE.RAW, ipv4(mirrored('1000 88be 00000001 1064000100000000'), { protocol: 47 })],
  [LINKTYPE.RAW, ipv4(mirrored('3000 22eb 00000002 00000001 20640001 00000000 00000001 0000000000000000'), { protocol: 47 })],
  [LINKTYPE.RAW, ipv4(udp(mirrored('08000000 00006400'), { destination: 4789 }))],
  [LINKTYPE.RAW, ipv4(udp(mirrored('02006558 00006400 0102800100000000'), { destination: 6081 }))],
  [LINKTYPE.RAW, ipv4(udp(join(bytes('34ff0029 00000001 00000085 01000900'), ipv4(udp(counting(4)))), { destination: 2152 }))],
  [LINKTYPE.RAW, ipv4(udp(join(bytes('0c000001 00006400'), ipv4(udp(counting(4)))), { destination: 4790 }))],
  [LINKTYPE.RAW, ipv4(join(bytes('3081 880b 0025 0001 00000001 00000001 ff03 0021'), ipv4(udp(counting(4)))), { protocol: 47 })],
  [LINKTYPE.ETHERNET, ethernet(join(bytes('aaaa03 000000 0800'), ipv4(udp(counting(4)))), 0x0029)],
  [LINKTYPE.ETHERNET, ethernet(join(bytes('00010040 00011140'), ipv6(udp(counting(4)))), 0x8847)],
  [LINKTYPE.LINUX_SLL2, join(bytes('8909 0000 00000002 0001 00 06 0200000000010000 0101000100640800'), ipv4(udp(counting(4))))],
  [LINKTYPE.PKTAP, join(bytes('0c000000 01000000 09000000 ff030021'), ipv4(udp(counting(4))))],
  [LINKTYPE.NFLOG, join(bytes('0200002a 05000a0000000000 24000900'), ipv4(udp(counting(4))))],
  [LINKTYPE.PPI, join(bytes('00001000 65000000 0800040000000000'), ipv4(udp(counting(4))))],
];

function authentication(): Uint8Array {
  return join(bytes('06040000 00000100 00000001 aaaaaaaaaaaaaaaaaaaaaaaa'), tcp(counting(3)));
}

function mirrored(header: string): Uint8Array {
  return join(bytes(header), ethernet(ipv4(tcp(counting(6)), { protocol: 6 })));
}

let frames: Frame[] = [];

beforeAll(async () => {
  // Different lengths only: the same kind of packet twice teaches nothing.
  const byLength = new Map<number, Frame>();
  for (const name of ['fragments', 'ipv6-mix', 'first-look'])
    for await (const frame of framesOf([fixture(`lab/${name}.pcap`)])) byLength.set(frame.bytes.length, frame);
  frames = [...byLength.values()];
});

describe('the header walk', () => {
  it('survives every cut of real frames', () => {
    for (const { bytes: frame, linktype } of frames)
      for (let end = 0; end <= Math.min(frame.length, 160); end++) {
        const cut = frame.slice(0, end);
        walkEverywhere(cut, linktype);
        // What was cut off is the most credible neighbour.
        expect(summary(frame, linktype, 0, end)).toEqual(summary(cut, linktype));
        expectOffsetsInside(cut, linktype);
      }
  });

  it.each(rich.map(([linktype, frame], i) => ({ i, linktype, frame })))(
    'survives every cut of frame $i',
    ({ linktype, frame }) => {
      expectOffsetsInside(frame, linktype);
      for (let end = 0; end <= frame.length; end++) {
        const cut = frame.slice(0, end);
        walkEverywhere(cut, linktype);
        expect(summary(frame, linktype, 0, end)).toEqual(summary(cut, linktype));
        expectOffsetsInside(cut, linktype);
      }
    },
  );

  it('survives every byte of every layer set to extremes', () => {
    for (const [linktype, frame] of rich)
      for (let at = 0; at < frame.length; at++)
        for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
          const changed = frame.slice();
          changed[at] = value;
          walkEverywhere(changed, linktype);
          expectOffsetsInside(changed, linktype);
        }
  });

  it('survives mutations', () => {
    const change = fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...rich),
        fc.array(change, { maxLength: 8 }),
        fc.nat(300),
        ([linktype, frame], changes, end) => {
          const changed = frame.slice(0, Math.max(1, end));
          for (const [at, value] of changes) changed[at % changed.length] = value;
          walkEverywhere(changed, linktype);
          expectOffsetsInside(changed, linktype);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('survives arbitrary bytes as any linktype', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...linktypes), (frame, linktype) => {
        walkEverywhere(frame, linktype);
        expectOffsetsInside(frame, linktype);
      }),
      { numRuns: 2000 },
    );
  });
});
