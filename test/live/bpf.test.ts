// Our BPF machine against libpcap's: the same programs over the same frames, and frames cut at every length.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadBinding } from '../../src/native/binding.ts';
import { packetFilter } from '../../src/runtime/packet-filter.ts';
import { isSoundProgram, runProgram } from '../../src/shard/bpf.ts';

const loaded = loadBinding();
if (!('binding' in loaded)) throw new Error(loaded.problem);
const { binding } = loaded;

const EXPRESSIONS = [
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'ether host 02:00:00:00:00:01 or ether multicast',
  'ip[8] < 65 and ip proto 6',
  'udp[4:2] > 100',
  'tcp port 88 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
  'ip6 proto 17 or ip6[6] = 58',
  'vlan 42 and tcp port 445',
  'vlan and vlan and port 53',
  'ether broadcast or ip multicast or arp',
  'len - 14 = ip[2:2]',
  'ip[ip[0] & 15] % 3 = 1 or ip[4:2] * 7 / 3 ^ 5 > 1000',
  'net 10.77.0.0 mask 255.255.255.0 and not port 389',
  'icmp[icmptype] = icmp-echo',
  'portrange 1-1024 and less 200',
  'ether[12:2] <= 1500 or ether proto 0x88cc or pppoes',
];

function framesOf(path: string): { readonly linktype: number; readonly frames: { bytes: Uint8Array; wirelen: number }[] } {
  const file = binding.openFile(path);
  const linktype = binding.handleLinktype(file);
  const bytes = new Uint8Array(1 << 20);
  const words = new Uint32Array(bytes.buffer);
  const frames: { bytes: Uint8Array; wirelen: number }[] = [];
  for (let used = binding.readFile(file, bytes); used > 0; used = binding.readFile(file, bytes))
    for (let at = 0; at < used; at = (at + 16 + words[(at >> 2) + 2]! + 7) & ~7) {
      const caplen = words[(at >> 2) + 2]!;
      frames.push({ bytes: bytes.slice(at + 16, at + 16 + caplen), wirelen: words[(at >> 2) + 3]! });
    }
  binding.closeHandle(file);
  return { linktype, frames };
}

it('lets through what libpcap lets through', () => {
  const folder = 'fixtures/lab';
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcap'));
  const passed = new Map<string, number>();
  for (const name of names) {
    const { linktype, frames } = framesOf(join(folder, name));
    for (const expression of EXPRESSIONS) {
      const program = binding.compile(expression, linktype, 65_535);
      expect(isSoundProgram(program)).toBe(true);
      for (const { bytes, wirelen } of frames) {
        const ours = runProgram(program, bytes, 0, bytes.length, wirelen);
        if (ours !== binding.match(program, bytes, wirelen)) expect.fail(`${expression} on ${name}: ours says ${ours}`);
        if (ours) passed.set(expression, (passed.get(expression) ?? 0) + 1);
      }
    }
  }
  // The expressions are of use only if most of them tell frames apart.
  expect(passed.size).toBeGreaterThan(8);
});

it('says "no" where libpcap does when a frame is cut', () => {
  const { linktype, frames } = framesOf('fixtures/lab/ipv6-mix.pcap');
  const programs = EXPRESSIONS.map((expression) => binding.compile(expression, linktype, 65_535));
  for (const { bytes } of frames.slice(0, 100))
    for (let length = 0; length < Math.min(bytes.length, 100); length++)
      for (const program of programs)
        expect(runProgram(program, bytes, 0, length, bytes.length)).toBe(
          binding.match(program, bytes.subarray(0, length), bytes.length),
        );
});

it('refuses what would leave the program, and never does so itself', () => {
  const code = fc.constantFrom(
    0x00,
    0x02,
    0x04,
    0x05,
    0x06,
    0x07,
    0x15,
    0x1d,
    0x20,
    0x25,
    0x28,
    0x30,
    0x34,
    0x40,
    0x45,
    0x48,
    0x50,
    0x54,
    0x60,
    0x61,
    0x80,
    0x84,
    0x87,
    0x94,
    0x9c,
    0xa4,
    0xb1,
    0x16,
  );
  const word = fc.oneof(fc.nat(20), fc.nat(0xffffffff));
  const instruction = fc.tuple(code, fc.nat(8), fc.nat(8), word);
  // libpcap's scratch memory is not cleared: what a program reads there it has to store first.
  const stores = Array.from({ length: 16 }, (_, k) => [0x02, 0, 0, k]);
  const programs = fc
    .array(instruction, { minLength: 1, maxLength: 12 })
    .map((list) => Uint32Array.from([...stores, ...list, [6, 0, 0, 1]].flat()));
  fc.assert(
    fc.property(programs, fc.uint8Array({ maxLength: 40 }), (program, frame) => {
      if (!isSoundProgram(program)) return;
      const ours = runProgram(program, frame, 0, frame.length, 60);
      let theirs: boolean;
      try {
        theirs = binding.match(program, frame, 60);
      } catch {
        // libpcap refuses more: divisions by a constant zero.
        return;
      }
      expect(ours).toBe(theirs);
    }),
    { numRuns: 20_000 },
  );
});

it('is what --filter falls back to', () => {
  const run = (filter: string): number => {
    const summary = execFileSync(
      process.execPath,
      ['dist/cli/main.js', 'replay', 'fixtures/lab/ipv6-mix.pcap', '-q', '-e', 'messages', '-f', filter],
      {
        encoding: 'utf8',
      },
    );
    return summary.split('\n').filter(Boolean).length;
  };
  const all = run('');
  const some = run('ip6[6] = 6 and (ip6[40:2] = 389 or ip6[42:2] = 389)');
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(all);
  expect(some).toBe(run('ip6 and tcp port 389'));
  expect(() => packetFilter('tcp prot 5')).toThrow(/says libpcap/);
});
