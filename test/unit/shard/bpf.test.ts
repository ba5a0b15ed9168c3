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

// ── Instructions (net/bpf.h), results by 32-bit arithmetic ─────────────────────────────────────────────────────────────────────

const RETURN = [0x06, 0, 0];
const loadX = (k: number): number[] => [0x01, 0, 0, k];
const load = (k: number): number[] => [0x00, 0, 0, k];
/** Whether A is this after the instructions. */
const leaves = (value: number, ...instructions: readonly (readonly number[])[]): boolean => {
  const program = Uint32Array.from([...instructions, [0x15, 0, 1, value], [...RETURN, 1], [...RETURN, 0]].flat());
  expect(isSoundProgram(program)).toBe(true);
  return runProgram(program, FRAME, 0, FRAME.length, 1500);
};
const FRAME = Uint8Array.of(0x45, 0xf0, 0x80, 0x03, 0x04, 0x05, 0x06, 0xff);

it.each([
  ['add', 0x00, 0xffffffff, 2, 1],
  ['subtract', 0x10, 1, 2, 0xffffffff],
  ['multiply', 0x20, 0x10001, 0x10001, 0x00020001],
  ['divide', 0x30, 0xffffffff, 2, 0x7fffffff],
  ['or', 0x40, 0x80000001, 0x00000018, 0x80000019],
  ['and', 0x50, 0xf0f0f0f0, 0xff00ff00, 0xf000f000],
  ['shift left', 0x60, 0xc0000001, 1, 0x80000002],
  ['shift all out to the left', 0x60, 1, 32, 0],
  ['shift right', 0x70, 0x80000000, 31, 1],
  ['shift all out to the right', 0x70, 0xffffffff, 32, 0],
  ['remainder', 0x90, 0xffffffff, 16, 15],
  ['exclusive or', 0xa0, 0xffffffff, 0x0f0f0f0f, 0xf0f0f0f0],
])('%s', (_what, operation, a, b, value) => {
  expect(leaves(value, loadX(3), load(a), [0x04 | operation, 0, 0, b])).toBe(true);
  expect(leaves(value, loadX(b), load(a), [0x0c | operation, 0, 0, 3])).toBe(true);
});

it.each([
  ['negates', 0xffffffff, [load(1), [0x84, 0, 0, 0]]],
  ['loads a word', 0x45f08003, [[0x20, 0, 0, 0]]],
  ['loads half a word', 0x06ff, [[0x28, 0, 0, 6]]],
  ['loads a byte', 0xff, [[0x30, 0, 0, 7]]],
  ['loads from behind X', 0x05, [loadX(2), [0x50, 0, 0, 3]]],
  ['loads half a word from behind X', 0x8003, [loadX(2), [0x48, 0, 0, 0]]],
  ['loads the length on the wire', 1500, [[0x80, 0, 0, 0]]],
  [
    "loads an IPv4 header's length into X",
    20,
    [
      [0xb1, 0, 0, 0],
      [0x87, 0, 0, 0],
    ],
  ],
  [
    'loads the length on the wire into X',
    1500,
    [
      [0x81, 0, 0, 0],
      [0x87, 0, 0, 0],
    ],
  ],
  ['copies A to X', 9, [load(9), [0x07, 0, 0, 0], load(1), [0x87, 0, 0, 0]]],
  ['keeps A', 9, [load(9), [0x02, 0, 0, 15], load(1), [0x60, 0, 0, 15]]],
  ['keeps X', 9, [loadX(9), [0x03, 0, 0, 2], loadX(1), [0x61, 0, 0, 2], [0x87, 0, 0, 0]]],
  ['jumps', 1, [load(1), [0x05, 0, 0, 1], load(2), [0x15, 0, 0, 0]]],
] as const)('%s', (_what, value, instructions) => {
  expect(leaves(value, ...instructions)).toBe(true);
  expect(leaves(value ^ 1, ...instructions)).toBe(false);
});

it.each([
  ['equal', 0x10, [false, true, false]],
  ['greater', 0x20, [false, false, true]],
  ['greater or equal', 0x30, [false, true, true]],
  ['any bit in common with', 0x40, [true, true, false]],
])('jumps when A is %s', (_what, operation, expected) => {
  const than = 0x40000001;
  for (const [index, a] of [0x00000001, than, 0x80000000].entries())
    for (const code of [0x05 | operation, 0x0d | operation]) {
      const isX = (code & 8) !== 0;
      const test = [loadX(isX ? than : 0), load(a), [code, 0, 1, isX ? 0 : than], [...RETURN, 1], [...RETURN, 0]];
      expect(runProgram(Uint32Array.from(test.flat()), FRAME, 0, FRAME.length, 8)).toBe(expected[index]);
    }
});

it.each([
  ['divides by nothing', [loadX(0), load(7), [0x3c, 0, 0, 0]]],
  ['takes a remainder by nothing', [loadX(0), load(7), [0x9c, 0, 0, 0]]],
  ['reads a word of which a byte is missing', [[0x20, 0, 0, 5]]],
  ['reads half a word of which a byte is missing', [[0x28, 0, 0, 7]]],
  ['reads a byte behind the end', [[0x30, 0, 0, 8]]],
  ['reads a header behind the end', [[0xb1, 0, 0, 8]]],
  ['reads where an index that wrapped around would point', [loadX(0xffffffff), [0x50, 0, 0, 1]]],
] as const)('lets nothing through that %s', (_what, instructions) => {
  const program = Uint32Array.from([...instructions.flat(), ...RETURN, 1]);
  expect(isSoundProgram(program)).toBe(true);
  const frame = new Uint8Array(FRAME.length + 8).fill(0x11);
  frame.set(FRAME);
  expect(runProgram(program, frame, 0, FRAME.length, 1500)).toBe(false);
});

it('returns what A says', () => {
  for (const a of [0, 1]) expect(runProgram(Uint32Array.from([...load(a), 0x16, 0, 0, 0]), FRAME, 0, 8, 8)).toBe(a === 1);
});

it('runs 4096 instructions and no more', () => {
  const program = (count: number): Uint32Array =>
    Uint32Array.from([...Array.from({ length: count - 1 }, () => load(1)).flat(), ...RETURN, 1]);
  expect([4096, 4097].map((count) => isSoundProgram(program(count)))).toEqual([true, false]);
});
