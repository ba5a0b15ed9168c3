// The BPF machine on programs written by hand; against libpcap's own machine it is tested in test/live/bpf.test.ts.
import { expect, it } from 'vitest';
import { isSoundProgram, runProgram } from '../../../src/shard/bpf.ts';

/** `tcpdump -d ip` on Ethernet: ldh [12]; jeq #0x800 jt 2 jf 3; ret #262144; ret #0. */
const IP = Uint32Array.from([0x28, 0, 0, 12, 0x15, 0, 1, 0x800, 0x06, 0, 0, 262_144, 0x06, 0, 0, 0]);

it('runs the program of "ip"', () => {
  const frame = new Uint8Array(20);
  expect(runProgram(IP, frame, 0, 20, 20)).toBe(false);
  frame[12] = 8;
  expect(runProgram(IP, frame, 0, 20, 20)).toBe(true);
  // Where the frame lies in its buffer makes no difference, nor does what lies behind it.
  const shifted = new Uint8Array(40);
  shifted.set(frame, 7);
  expect(runProgram(IP, shifted, 7, 27, 20)).toBe(true);
  expect(runProgram(IP, shifted, 7, 7 + 13, 20)).toBe(false);
});

it.each([
  ['nothing', []],
  ['half an instruction', [0x06, 0]],
  ['no end', [0x28, 0, 0, 12]],
  ['a jump behind the end', [0x15, 1, 0, 0, 0x06, 0, 0, 0]],
  ['a far jump behind the end', [0x05, 0, 0, 0xffffffff, 0x06, 0, 0, 0]],
  ['scratch memory that is not there', [0x02, 0, 0, 16, 0x06, 0, 0, 0]],
])('refuses a program with %s', (_what, words) => {
  expect(isSoundProgram(Uint32Array.from(words))).toBe(false);
});
