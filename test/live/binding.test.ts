// The addon without an adapter: libpcap's own reading of files against the slot reader, its filters, and its words for errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openError } from '../../src/capture/live/native.ts';
import { walkRecords } from '../../src/capture/live/records.ts';
import { type Binding, loadBinding } from '../../src/native/binding.ts';
import { captures, fixture, root } from '../support/fixtures.ts';
import { directory, packetBytes, pcapHeader, pcapRecord, readAll, type Seen, TestSlot } from '../unit/capture/build.ts';
import { ipv4, tcp, udp } from '../unit/ip/build.ts';

function load(): { readonly binding: Binding; readonly version: string } {
  const loaded = loadBinding();
  if ('problem' in loaded) throw new Error(loaded.problem);
  return loaded;
}
const { binding, version } = load();
const files = directory();

/** All packets of a file, by libpcap. */
function byLibpcap(path: string, capacity = 1 << 20): readonly Seen[] {
  const slot = new TestSlot(capacity);
  const words = new Uint32Array(slot.bytes.buffer, 0, capacity >> 2);
  const file = binding.openFile(path);
  try {
    const linktype = binding.handleLinktype(file);
    for (;;) {
      const used = binding.readFile(file, slot.bytes.subarray(0, capacity));
      if (used === 0) break;
      expect(walkRecords(slot, words, 0, used, linktype)).toBe(used);
    }
    expect(binding.handleError(file)).toBe('');
  } finally {
    binding.closeHandle(file);
  }
  return slot.seen;
}

describe('libpcap and the slot reader see the same packets', () => {
  it('says which libpcap it is', () => {
    expect(version).toMatch(/^libpcap version \d/);
    expect(binding.load()).toBe(version);
  });

  it.each(captures)('of %s', async (name) => {
    const { seen } = await readAll([fixture(name)]);
    expect(seen.length).toBeGreaterThan(0);
    expect(byLibpcap(fixture(name))).toEqual(seen);
  });

  it('of files in either byte order, with microseconds or nanoseconds, cut packets and all', async () => {
    for (const order of ['LE', 'BE'] as const)
      for (const magic of [0xa1b2c3d4, 0xa1b23c4d]) {
        const records = Array.from({ length: 300 }, (_, at) =>
          pcapRecord(order, at, at * 3001, packetBytes(at, (at * 131) % 1500), 1500),
        );
        const path = files.write(`${order}-${magic}.pcap`, Buffer.concat([pcapHeader({ order, magic }), ...records]));
        const { seen } = await readAll([path]);
        expect(byLibpcap(path)).toEqual(seen);
        expect(seen[299]?.nanoseconds).toBe(299 * 3001 * (magic === 0xa1b2c3d4 ? 1000 : 1));
        // A small piece at a time: nothing is lost between two.
        expect(byLibpcap(path, 2048)).toEqual(seen);
      }
  });

  it('says in libpcap\u2019s words what it cannot read', () => {
    expect(() => binding.openFile('/nowhere.pcap')).toThrow(/nowhere\.pcap: No such file or directory/);
    expect(() => binding.openFile(join(root, 'package.json'))).toThrow(/unknown file format/);
    const whole = readFileSync(fixture('lab/first-look.pcap')).subarray(0, 2000);
    const path = files.path('cut.pcap');
    writeFileSync(path, whole);
    const file = binding.openFile(path);
    const bytes = new Uint8Array(1 << 16);
    while (binding.readFile(file, bytes) > 0);
    expect(binding.handleError(file)).toMatch(/truncated dump file/);
    binding.closeHandle(file);
  });
});

describe('filters', () => {
  const frame = (payload: Uint8Array): Uint8Array => Uint8Array.from([...new Uint8Array(12).fill(2), 8, 0, ...payload]);
  const kerberos = frame(ipv4(tcp(new Uint8Array(20), { source: 50_000, destination: 88, flags: 0x02 }), { protocol: 6 }));
  const dns = frame(ipv4(udp(new Uint8Array(20), { source: 50_001, destination: 53 }), { source: [10, 0, 0, 9] }));

  // What pcap-filter(7) says of each.
  it.each<[string, boolean, boolean]>([
    ['', true, true],
    ['tcp', true, false],
    ['udp port 53', false, true],
    ['dst port 88 or src host 10.0.0.9', true, true],
    ['src net 10.0.0.8/30', false, true],
    ['tcp[tcpflags] & tcp-syn != 0', true, false],
    ['not ip', false, false],
    ['ip6', false, false],
    ['vlan', false, false],
    ['less 63', false, true],
    ['ether src 02:02:02:02:02:02', true, true],
  ])('"%s"', (expression, first, second) => {
    const program = binding.compile(expression, 1, 65_535);
    expect(program.length % 4).toBe(0);
    expect([binding.match(program, kerberos, kerberos.length), binding.match(program, dns, dns.length)]).toEqual([first, second]);
  });

  it('never read behind a frame', () => {
    const program = binding.compile('tcp dst port 88', 1, 65_535);
    for (let length = 0; length <= kerberos.length; length++)
      expect(binding.match(program, kerberos.slice(0, length), kerberos.length)).toBe(length >= 38);
  });

  it.each([
    ['tcp porf 88', /syntax error/],
    ['port 70000', /port/],
    ['host 10.0.0.300', /invalid IPv4 address|unknown host|illegal/i],
    ['wlan type mgt', /802\.11 link-layer types supported only on 802\.11|link/],
  ])('that are wrong are refused in libpcap\u2019s words: %s', (expression, message) => {
    expect(() => binding.compile(expression, 1, 65_535)).toThrow(message);
    expect(() => binding.compile(expression, 1, 65_535)).toThrow(expect.objectContaining({ code: 'ADTAP_NATIVE_FILTER' }));
  });

  it('refuses a program or arguments that make no sense', () => {
    const frameBytes = new Uint8Array(60);
    // A jump out of the program, and a piece of an instruction.
    expect(() => binding.match(Uint32Array.from([0x05, 0, 0, 1000]), frameBytes, 60)).toThrow();
    expect(() => binding.match(Uint32Array.from([6, 0]), frameBytes, 60)).toThrow();
    expect(() => binding.readFile({ kind: 'file' }, frameBytes)).toThrow();
    const file = binding.openFile(fixture('lab/first-look.pcap'));
    binding.closeHandle(file);
    expect(() => binding.readFile(file, frameBytes)).toThrow();
    expect(() => binding.closeHandle(file)).toThrow(/closed/);
  });
});

describe('what an adapter that does not open is told as', () => {
  it.each([
    [
      'eth0: You don\u2019t have permission to perform this capture (socket: Operation not permitted)',
      'ADTAP_E_PRIVILEGE',
      /CAP_NET_RAW/,
    ],
    ['filter: syntax error', 'ADTAP_E_FILTER', /syntax error \(says libpcap\)/],
    ['eth7: No such device exists', 'ADTAP_E_ADAPTER', /eth0: cannot capture there: eth7: No such device exists/],
  ])('%s', (text, code, message) => {
    const error = openError('eth0', new Error(text));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('lists devices, the loopback adapter among them', () => {
    const devices = binding.devices();
    expect(devices.find(({ name }) => name === 'lo')).toMatchObject({ isLoopback: true, isUp: true });
  });
});
