// The machine that runs programs of the Berkeley Packet Filter (McCanne and Jacobson, 1993; net/bpf.h), as libpcap compiles
// them. It reads the frame in place. A read behind the captured bytes ends the program with "no", as libpcap's machine does.
import { u8, u16be, u32be } from '../bytes/read.ts';

/** Words of an instruction: code, jt, jf, k. */
const WORDS = 4;
const SCRATCH_WORDS = 16;
/** No program may be longer (BPF_MAXINSNS of the kernels). */
const MAX_INSTRUCTIONS = 4096;

/** Classes, and what the other bits of a code say (net/bpf.h). */
const LD = 0;
const LDX = 1;
const ST = 2;
const STX = 3;
const ALU = 4;
const JMP = 5;
const RET = 6;
const MODE = 0xe0;
const SIZE = 0x18;
const OPERATION = 0xf0;
const SOURCE_X = 0x08;

/**
 * Whether every path through the program stays inside it and ends. Jumps only go forward, so a program takes at most as many
 * steps as it has instructions.
 */
export function isSoundProgram(program: Uint32Array): boolean {
  const count = program.length / WORDS;
  if (!Number.isInteger(count) || count === 0 || count > MAX_INSTRUCTIONS) return false;
  for (let at = 0; at < count; at++) {
    const code = program[at * WORDS]!;
    const jt = program[at * WORDS + 1]!;
    const jf = program[at * WORDS + 2]!;
    const k = program[at * WORDS + 3]!;
    const left = count - at - 1;
    switch (code & 7) {
      case LD:
      case LDX:
        if ((code & MODE) === 0x60 && k >= SCRATCH_WORDS) return false;
        break;
      case ST:
      case STX:
        if (k >= SCRATCH_WORDS) return false;
        break;
      case JMP:
        if ((code & OPERATION) === 0 ? k >= left : jt >= left || jf >= left) return false;
        break;
    }
  }
  return (program[(count - 1) * WORDS]! & 7) === RET;
}

const scratch = new Uint32Array(SCRATCH_WORDS);

/** Runs a sound program over the frame [start, end). True when it lets the packet through. */
export function runProgram(program: Uint32Array, bytes: Uint8Array, start: number, end: number, wirelen: number): boolean {
  const length = end - start;
  let a = 0;
  let x = 0;
  scratch.fill(0);
  for (let pc = 0; ; pc += WORDS) {
    const code = program[pc]!;
    const k = program[pc + 3]!;
    switch (code & 7) {
      case LD: {
        const mode = code & MODE;
        if (mode === 0x20 || mode === 0x40) {
          // In 64 bits: an index that wraps around would point into the packet again.
          const at = mode === 0x20 ? k : x + k;
          const size = code & SIZE;
          const bytesRead = size === 0 ? 4 : size === 8 ? 2 : 1;
          if (at + bytesRead > length) return false;
          a = size === 0 ? u32be(bytes, start + at) : size === 8 ? u16be(bytes, start + at) : u8(bytes, start + at);
        } else if (mode === 0) a = k;
        else if (mode === 0x60) a = scratch[k]!;
        else if (mode === 0x80) a = wirelen;
        else return false;
        break;
      }
      case LDX: {
        const mode = code & MODE;
        if (mode === 0) x = k;
        else if (mode === 0x60) x = scratch[k]!;
        else if (mode === 0x80) x = wirelen;
        else if (mode === 0xa0) {
          // Four times the lower half byte: the length of an IPv4 header.
          if (k >= length) return false;
          x = (u8(bytes, start + k) & 15) << 2;
        } else return false;
        break;
      }
      case ST:
        scratch[k] = a;
        break;
      case STX:
        scratch[k] = x;
        break;
      case ALU: {
        const operand = (code & SOURCE_X) === 0 ? k : x;
        switch (code & OPERATION) {
          case 0x00:
            a = (a + operand) >>> 0;
            break;
          case 0x10:
            a = (a - operand) >>> 0;
            break;
          case 0x20:
            a = Math.imul(a, operand) >>> 0;
            break;
          case 0x30:
            if (operand === 0) return false;
            a = Math.floor(a / operand);
            break;
          case 0x40:
            a = (a | operand) >>> 0;
            break;
          case 0x50:
            a = (a & operand) >>> 0;
            break;
          case 0x60:
            a = operand > 31 ? 0 : (a << operand) >>> 0;
            break;
          case 0x70:
            a = operand > 31 ? 0 : a >>> operand;
            break;
          case 0x80:
            a = -a >>> 0;
            break;
          case 0x90:
            if (operand === 0) return false;
            a = a % operand;
            break;
          case 0xa0:
            a = (a ^ operand) >>> 0;
            break;
          default:
            return false;
        }
        break;
      }
      case JMP: {
        const operation = code & OPERATION;
        if (operation === 0) {
          pc += k * WORDS;
          break;
        }
        const operand = (code & SOURCE_X) === 0 ? k : x;
        const isTrue =
          operation === 0x10
            ? a === operand
            : operation === 0x20
              ? a > operand
              : operation === 0x30
                ? a >= operand
                : (a & operand) !== 0;
        pc += (isTrue ? program[pc + 1]! : program[pc + 2]!) * WORDS;
        break;
      }
      case RET:
        return ((code & SIZE) === 0x10 ? a : k) !== 0;
      default:
        if ((code & 0xf8) === 0x80) a = x;
        else x = a;
    }
  }
}
