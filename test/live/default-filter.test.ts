// The kernel filter, compiled and run by libpcap itself: it lets in every frame that our pipeline finds a message in, however
// tagged, and not what is of no interest.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { type Binding, loadBinding } from '../../src/native/binding.ts';
import { protocols } from '../../src/protocols/registry.ts';
import { kernelFilters } from '../../src/runtime/live/plans.ts';
import { defaultFilter } from '../../src/shard/default-filter.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';
import { readAll } from '../unit/capture/build.ts';
import { fragment6, ipv4, ipv6, join, tcp, udp } from '../unit/ip/build.ts';

const SNAPLEN = 65_535;
const ETHERNET = 1;
const RAW = 101;

function binding(): Binding {
  const loaded = loadBinding();
  if ('problem' in loaded) throw new Error(loaded.problem);
  return loaded.binding;
}
const { compile, match } = binding();
const tagged = compile(defaultFilter(protocols, true), ETHERNET, SNAPLEN);
const passes = (frame: Uint8Array): boolean => match(tagged, frame, frame.length);

/** Services on ports of their own, which the bytes tell and no kernel filter can know: what --filter-add is for. */
const OWN_PORTS: Readonly<Record<string, string>> = { 'handmade/http-ntlm.pcap': 'tcp port 8081' };

const frame = (type: number, payload: Uint8Array): Uint8Array =>
  join(new Uint8Array(12).fill(2), Uint8Array.from([type >> 8, type & 0xff]), payload);
const v4 = (payload: Uint8Array, more: Parameters<typeof ipv4>[1] = {}): Uint8Array => frame(0x0800, ipv4(payload, more));
const v6 = (payload: Uint8Array, next: number): Uint8Array => frame(0x86dd, ipv6(payload, { next }));

/** The frame with a tag more (IEEE 802.1Q, or 802.1ad when `type` says so). */
const withTag = (bytes: Uint8Array, type = 0x8100): Uint8Array =>
  join(bytes.subarray(0, 12), Uint8Array.from([type >> 8, type & 0xff, 0x20, 0x07]), bytes.subarray(12));
const variants = (bytes: Uint8Array): Uint8Array[] => [
  bytes,
  withTag(bytes),
  withTag(bytes, 0x88a8),
  withTag(withTag(bytes)),
  withTag(withTag(bytes), 0x88a8),
];

describe('the default filter lets in', () => {
  it.each(captures)('what is decoded of %s, with 0, 1 and 2 tags', async (name) => {
    const decoded = new Set<number>();
    await runFiles(fixture(name), { emit: ['messages'], tap: (number) => decoded.add(number) });
    const { seen } = await readAll([fixture(name)]);
    const filterAdd = OWN_PORTS[name] ?? '';
    const { config } = loadConfig(null, {}, new Map([['capture.filterAdd', filterAdd]]));
    const program = compile(kernelFilters(config).filter, ETHERNET, SNAPLEN);
    const refused: string[] = [];
    for (const number of decoded) {
      const { hex, linktype } = seen[number - 1] ?? { hex: '', linktype: -1 };
      expect(linktype).toBe(ETHERNET);
      for (const [at, variant] of variants(Buffer.from(hex, 'hex')).entries())
        if (!match(program, variant, variant.length)) refused.push(`frame ${number}, variant ${at}`);
    }
    expect(refused).toEqual([]);
  });

  const syn = (source: number, destination: number): Uint8Array => tcp(new Uint8Array(0), { source, destination, flags: 2 });
  it.each<[string, Uint8Array]>([
    ['every port that a protocol hints at, TCP without payload', v4(syn(40_000, 88), { protocol: 6 })],
    ['its answer', v4(syn(445, 1025), { protocol: 6 })],
    ['IPv6', v6(syn(40_000, 389), 6)],
    ['RPC on dynamic ports', v4(syn(50_000, 49_664), { protocol: 6 })],
    ['its answer from there', v4(syn(49_664, 33_000), { protocol: 6 })],
    ['a later fragment', v4(new Uint8Array(64), { offset: 1480 })],
    ['a first fragment', v4(udp(new Uint8Array(8), { source: 9, destination: 9 }), { more: true })],
    ['an IPv6 fragment', v6(fragment6(new Uint8Array(32), 7, 1448, true), 44)],
    ['IP in IP', v4(ipv4(udp(new Uint8Array(4))), { protocol: 4 })],
    ['GRE, as ERSPAN has it', v4(new Uint8Array(60), { protocol: 47 })],
    ['VXLAN', v4(udp(new Uint8Array(60), { source: 1234, destination: 4789 }))],
    ['Geneve', v4(udp(new Uint8Array(60), { source: 1234, destination: 6081 }))],
    ['MPLS', frame(0x8847, new Uint8Array(60))],
    ['a PPPoE session', frame(0x8864, new Uint8Array(60))],
  ])('%s', (_what, bytes) => {
    for (const [at, variant] of variants(bytes).entries()) {
      // Behind two tags there is only what lies directly in a frame.
      if (at >= 3 && (bytes[12] ?? 0) === 0x88) continue;
      expect([at, passes(variant)]).toEqual([at, true]);
    }
  });

  it('the ports of all protocols, both ways', () => {
    const plain = compile(defaultFilter(protocols, false), RAW, SNAPLEN);
    for (const { ports } of protocols)
      for (const { transport, port } of ports)
        for (const [source, destination] of [
          [1025, port],
          [port, 1025],
        ] as const) {
          const segment = transport === 'tcp' ? syn(source, destination) : udp(new Uint8Array(4), { source, destination });
          const bytes = ipv4(segment, { protocol: transport === 'tcp' ? 6 : 17 });
          expect([transport, port, match(plain, bytes, bytes.length)]).toEqual([transport, port, true]);
        }
  });
});

describe('the default filter keeps out', () => {
  const hinted = new Set(protocols.flatMap(({ ports }) => ports.map(({ port }) => port)));
  const tunnels = new Set([2152, 4754, 4789, 4790, 6081, 8472]);
  // Below 32768: no dynamic port of RPC.
  const port = fc.integer({ min: 1, max: 32_767 }).filter((number) => !hinted.has(number) && !tunnels.has(number));

  it('TCP and UDP between other ports, however tagged (property)', () => {
    fc.assert(
      fc.property(port, port, fc.boolean(), fc.boolean(), (source, destination, isTcp, isSix) => {
        const payload = Uint8Array.from({ length: 40 }, (_, at) => at);
        const segment = isTcp ? tcp(payload, { source, destination }) : udp(payload, { source, destination });
        const protocol = isTcp ? 6 : 17;
        for (const bytes of variants(isSix ? v6(segment, protocol) : v4(segment, { protocol })))
          expect(passes(bytes)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, Uint8Array]>([
    ['SSH', v4(tcp(new Uint8Array(99), { source: 52_000, destination: 22 }), { protocol: 6 })],
    ['ARP', frame(0x0806, new Uint8Array(28))],
    ['ICMP', v4(new Uint8Array(40), { protocol: 1 })],
    ['ICMPv6', v6(new Uint8Array(40), 58)],
    ['LLDP', frame(0x88cc, new Uint8Array(60))],
  ])('%s', (_what, bytes) => {
    for (const variant of variants(bytes)) expect(passes(variant)).toBe(false);
  });
});
