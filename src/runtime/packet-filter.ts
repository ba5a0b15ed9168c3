// A user's filter of packets: in our own words where those suffice, which look into tunnels and need nothing; in libpcap's, and
// then on the frame as it is, where libpcap is there.
import { AdtapError } from '../errors.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import { isSoundProgram, runProgram } from '../shard/bpf.ts';
import { compileFilter, type Filter, FilterError } from '../shard/filter.ts';

const ETHERNET = 1;
const SNAPLEN = 262_144;

/** Throws ADTAP_E_FILTER for what neither understands. */
export function packetFilter(expression: string): Filter {
  try {
    return compileFilter(expression);
  } catch (cause) {
    if (!(cause instanceof FilterError)) throw cause;
    const loaded = loadBinding();
    if (!('binding' in loaded)) throw refuse(`${cause.message}; full BPF needs libpcap: ${loaded.problem}`, cause);
    return bpfFilter(loaded.binding, expression, cause);
  }
}

/** A program a linktype, compiled when the first packet of that linktype comes. */
function bpfFilter(binding: Binding, expression: string, own: FilterError): Filter {
  const compile = (linktype: number): Uint32Array => {
    let program: Uint32Array;
    try {
      program = binding.compile(expression, linktype, SNAPLEN);
    } catch (cause) {
      const where = linktype === ETHERNET ? '' : ` for linktype ${linktype}`;
      throw refuse(`filter: ${(cause as Error).message} (says libpcap${where}); ${own.message}`, cause);
    }
    if (!isSoundProgram(program)) throw refuse('filter: libpcap made a program that cannot be run', own);
    return program;
  };
  // At once, so that a mistake shows before anything is read.
  const programs = new Map([[ETHERNET, compile(ETHERNET)]]);
  return (packet, wirelen, start, end, linktype) => {
    let program = programs.get(linktype);
    if (program === undefined) {
      program = compile(linktype);
      programs.set(linktype, program);
    }
    return runProgram(program, packet.bytes, start, end, wirelen);
  };
}

const refuse = (message: string, cause: unknown): AdtapError => new AdtapError('ADTAP_E_FILTER', message, { cause });
