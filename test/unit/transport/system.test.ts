// Families of systems by their SYNs. The signatures are p0f's (p0f.fp 3.09b, [tcp:request]: ttl, window, options); the packets of
// Linux are the lab's own, which ran on it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openCapture } from '../../../src/capture/open.ts';
import type { SlotWriter } from '../../../src/capture/source.ts';
import { Packet } from '../../../src/ip/packet.ts';
import { TCP_OR_UDP } from '../../../src/ip/verdict.ts';
import { systemOf } from '../../../src/transport/system.ts';
import { fixture } from '../../support/fixtures.ts';

const RAW_IP = 101;
const OPTIONS: Readonly<Record<string, readonly number[]>> = {
  mss: [2, 4, 5, 180],
  nop: [1],
  ws: [3, 3, 8],
  sok: [4, 2],
  ts: [8, 10, 1, 2, 3, 4, 0, 0, 0, 0],
  'eol+1': [0, 0],
};

/** A SYN over IPv4 or IPv6 with these options, padded to whole words. */
function syn(version: 4 | 6, ttl: number, window: number, options: readonly number[]): Uint8Array {
  const padded = [...options, ...new Array<number>((4 - (options.length % 4)) % 4).fill(0)];
  const tcp = [
    0xc0,
    0,
    1,
    0xbd,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    (5 + padded.length / 4) << 4,
    2,
    window >> 8,
    window & 255,
    0,
    0,
    0,
    0,
    ...padded,
  ];
  const head =
    version === 4
      ? [0x45, 0, 0, 20 + tcp.length, 0, 1, 0x40, 0, ttl, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      : [0x60, 0, 0, 0, 0, tcp.length, 6, ttl, ...new Array<number>(31).fill(0), 1];
  return Uint8Array.from([...head, ...tcp]);
}

function walked(bytes: Uint8Array): Packet {
  const packet = new Packet();
  expect(packet.walk(bytes, 0, bytes.length, RAW_IP)).toBe(TCP_OR_UDP);
  return packet;
}

it.each([
  ['Windows', 128, 8192, 'mss,nop,ws,nop,nop,sok'],
  ['Windows', 128, 64_240, 'mss,nop,ws,nop,nop,sok'],
  ['Windows', 125, 65_535, 'mss,nop,ws,nop,nop,sok'],
  ['Windows', 128, 8192, 'mss,nop,ws,sok,ts'],
  ['Windows', 128, 65_535, 'mss,nop,nop,sok'],
  ['Linux', 64, 64_240, 'mss,sok,ts,nop,ws'],
  ['Linux', 60, 29_200, 'mss,sok,ts,nop,ws'],
  // Ten and twenty times the segment size of 1460.
  ['Linux', 64, 14_600, 'mss,sok,ts,nop,ws'],
  ['macOS', 64, 65_535, 'mss,nop,ws,nop,nop,ts,sok,eol+1'],
  ['FreeBSD', 64, 65_535, 'mss,nop,ws,sok,ts'],
  ['OpenBSD', 64, 16_384, 'mss,nop,nop,sok,nop,ws,nop,nop,ts'],
  // What fits no signature as a whole is not guessed at.
  ['', 128, 64_240, 'mss,sok,ts,nop,ws'],
  ['', 64, 64_240, 'mss,nop,ws,nop,nop,sok'],
  ['', 90, 8192, 'mss,nop,ws,nop,nop,sok'],
  ['', 128, 12_345, 'mss,nop,ws,nop,nop,sok'],
  ['', 255, 1024, 'mss'],
  ['', 64, 1024, ''],
])('%s: ttl %i, window %i, %s', (system, ttl, window, options) => {
  const bytes = options
    .split(',')
    .filter(Boolean)
    .flatMap((name) => OPTIONS[name] ?? []);
  for (const version of [4, 6] as const) expect(systemOf(walked(syn(version, ttl, window, bytes)))).toBe(system);
});

it('knows the lab for Linux', async () => {
  const found = new Map<string, number>();
  const packet = new Packet();
  const bytes = new Uint8Array(1 << 20);
  const writer: SlotWriter = {
    bytes,
    capacity: bytes.length,
    add(offset, caplen, _wirelen, _seconds, _nanoseconds, linktype) {
      const isSyn = packet.walk(bytes, offset, offset + caplen, linktype) === TCP_OR_UDP && packet.protocol === 6;
      if (isSyn && (packet.flags & 0x12) === 2) found.set(systemOf(packet), (found.get(systemOf(packet)) ?? 0) + 1);
      return true;
    },
  };
  const source = await openCapture([fixture('lab/forest-trust.pcap')]);
  while (await source.fill(writer));
  await source.close();
  expect([...found.keys()]).toEqual(['Linux']);
  expect(found.get('Linux')).toBeGreaterThan(5);
});

it('reads nothing outside the header, whatever the options are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 255 }), (options, ttl) => {
      const bytes = syn(4, ttl, 8192, [...options]);
      const answers = [0x00, 0xff].map((poison) => {
        const memory = new Uint8Array(bytes.length + 64).fill(poison);
        memory.set(bytes, 32);
        const packet = new Packet();
        packet.walk(memory, 32, 32 + bytes.length, RAW_IP);
        return systemOf(packet);
      });
      expect(answers[0]).toBe(answers[1]);
    }),
    { numRuns: 2000 },
  );
});
