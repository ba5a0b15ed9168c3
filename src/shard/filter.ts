// Packet filters in the words of pcap-filter(7): the terms that name hosts, networks, ports and protocols. Everything else is
// refused with the place and what is supported; full BPF needs libpcap.
import { u8 } from '../bytes/read.ts';
import { type Packet, PROTOCOL_TCP, PROTOCOL_UDP } from '../ip/packet.ts';
import { parseAddress } from '../ip/parse-address.ts';

/** Whether a packet is wanted; its frame lies in [start, end) of packet.bytes. */
export type Filter = (packet: Packet, wirelen: number, start: number, end: number, linktype: number) => boolean;

/** What our own words can tell: they know headers, not bytes. */
type Term = (packet: Packet, wirelen: number) => boolean;

/** What a user's filter does wrong. */
export class FilterError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = 'FilterError';
    this.position = position;
  }
}

const SUPPORTED =
  'host, net, port, portrange (each with src or dst), tcp, udp, ip, ip6, vlan, less, greater, and, or, not, parentheses';
const MAX_DEPTH = 64;
/** Terms of one expression; every packet is asked each of them. */
const MAX_TERMS = 256;

/** What may stand without qualifiers behind a term that has them: an address, a network, a port or a range of ports. */
const VALUE = /^(?=.*[\d:])[\da-f.:/-]+$/i;
/** `net` with fewer than four octets: the rest are not compared. */
const SHORT_NET = /^\d{1,3}(\.\d{1,3}){0,2}$/;

interface Token {
  readonly text: string;
  readonly at: number;
}
type Direction = 'either' | 'src' | 'dst' | 'both';
interface Qualifier {
  readonly protocol: '' | 'tcp' | 'udp' | 'ip' | 'ip6';
  readonly direction: Direction;
  readonly type: 'host' | 'net' | 'port' | 'portrange';
}

/** Compiles an expression, of which an empty one matches all; throws FilterError for what it cannot read. */
export function compileFilter(expression: string): Term {
  const tokens = tokenize(expression);
  if (tokens.length === 0) return () => true;
  const parser = new Parser(tokens, expression.length);
  const filter = parser.alternatives(0);
  parser.expectEnd();
  return filter;
}

function tokenize(expression: string): Token[] {
  return [...expression.matchAll(/&&|\|\||[()!]|[^\s()!&|]+|[&|]/g)].map((match) => ({ text: match[0], at: match.index }));
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #at = 0;
  #terms = 0;
  /** A bare value after `or` repeats the qualifiers before it: `port 88 or 464`. */
  #last: Qualifier | null = null;

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens;
    this.#length = length;
  }

  alternatives(depth: number): Term {
    // pcap-filter gives `and` and `or` the same precedence, left to right.
    let left = this.#negation(depth);
    for (;;) {
      const word = this.#peek();
      if (word === 'or' || word === '||') {
        this.#at++;
        const a = left;
        const b = this.#negation(depth);
        left = (packet, wirelen) => a(packet, wirelen) || b(packet, wirelen);
      } else if (word === 'and' || word === '&&') {
        this.#at++;
        const a = left;
        const b = this.#negation(depth);
        left = (packet, wirelen) => a(packet, wirelen) && b(packet, wirelen);
      } else return left;
    }
  }

  expectEnd(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw this.#refuse(`"${token.text}" is not expected here`);
  }

  #negation(depth: number): Term {
    if (depth > MAX_DEPTH) throw this.#refuse('nested too deeply');
    const word = this.#peek();
    if (word === 'not' || word === '!') {
      this.#at++;
      const inner = this.#negation(depth + 1);
      return (packet, wirelen) => !inner(packet, wirelen);
    }
    if (word === '(') {
      this.#at++;
      const inner = this.alternatives(depth + 1);
      if (this.#peek() !== ')') throw this.#refuse('a closing parenthesis is missing');
      this.#at++;
      return inner;
    }
    return this.#term();
  }

  #term(): Term {
    if (++this.#terms > MAX_TERMS) throw this.#refuse(`more than ${MAX_TERMS} terms`);
    const first = this.#at;
    let protocol: Qualifier['protocol'] = '';
    const word = this.#peek();
    if (word === undefined) throw this.#refuse('the expression ends too early');
    if (word === 'less' || word === 'greater') return this.#length_(word);
    if (word === 'vlan') return this.#vlan();
    if (word === 'tcp' || word === 'udp' || word === 'ip' || word === 'ip6') {
      this.#at++;
      protocol = word;
    }
    const direction = this.#direction();
    const type = this.#peek();
    if (type === 'host' || type === 'net' || type === 'port' || type === 'portrange') {
      this.#at++;
      this.#last = { protocol, direction: direction ?? 'either', type };
      return this.#value(this.#last);
    }
    if (direction !== null) {
      this.#last = { protocol, direction, type: 'host' };
      return this.#value(this.#last);
    }
    if (protocol !== '') return isProtocol(protocol);
    this.#at = first;
    if (this.#last !== null && VALUE.test(word)) return this.#value(this.#last);
    throw this.#refuse(`"${word}" is not supported here; supported are ${SUPPORTED}`);
  }

  #direction(): Direction | null {
    const word = this.#peek();
    if (word !== 'src' && word !== 'dst') return null;
    this.#at++;
    const joint = this.#peek();
    if (joint !== 'or' && joint !== 'and') return word;
    const other = this.#tokens[this.#at + 1]?.text;
    if (other !== 'src' && other !== 'dst') return word;
    this.#at += 2;
    return joint === 'or' ? 'either' : 'both';
  }

  #value(qualifier: Qualifier): Term {
    const { type, direction, protocol } = qualifier;
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#refuse(`a value for ${type} is missing`);
    const base = protocol === '' ? null : isProtocol(protocol);
    const test = type === 'host' || type === 'net' ? this.#network(token, type, direction) : this.#ports(token, type, direction);
    this.#at++;
    return base === null ? test : (packet, wirelen) => base(packet, wirelen) && test(packet, wirelen);
  }

  #network(token: Token, type: 'host' | 'net', direction: Direction): Term {
    const [text = '', prefix] = token.text.split('/', 2);
    const isShort = type === 'net' && SHORT_NET.test(text);
    const octets = text.split('.').length;
    const address = parseAddress(isShort ? text + '.0'.repeat(4 - octets) : text);
    if (address === null) throw this.#refuse(`"${text}" is no IP address (names are not looked up)`);
    if (type === 'host' && prefix !== undefined) throw this.#refuse('host takes an address without a prefix length; use net');
    let bits = isShort ? octets * 8 : address.length * 8;
    if (prefix !== undefined) {
      bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
      if (bits < 0 || bits > address.length * 8) throw this.#refuse(`"/${prefix}" is no prefix length`);
    } else if (type === 'net' && this.#tokens[this.#at + 1]?.text === 'mask') bits = this.#mask(address.length);
    const version = address.length === 4 ? 4 : 6;
    if (!isZeroBehind(address, bits)) throw this.#refuse(`"${token.text}" has bits set behind its prefix of ${bits}`);
    return ends(
      direction,
      (packet) => packet.version === version && inNetwork(packet.bytes, packet.source, address, bits),
      (packet) => packet.version === version && inNetwork(packet.bytes, packet.destination, address, bits),
    );
  }

  /** `net A mask M`: the prefix length that M stands for. */
  #mask(length: number): number {
    this.#at += 2;
    const text = this.#peek() ?? '';
    const mask = parseAddress(text);
    let bits = 0;
    while (mask !== null && bits < 32 && (u8(mask, bits >> 3) & (0x80 >> (bits & 7))) !== 0) bits++;
    if (mask === null || mask.length !== 4 || length !== 4 || !isZeroBehind(mask, bits))
      throw this.#refuse(`"${text}" is no IPv4 network mask`);
    return bits;
  }

  #ports(token: Token, type: 'port' | 'portrange', direction: Direction): Term {
    const match = (type === 'port' ? /^(\d+)$/ : /^(\d+)-(\d+)$/).exec(token.text);
    const low = Number(match?.[1]);
    const high = Number(match?.[2] ?? low);
    if (match === null || high > 65_535 || low > high)
      throw this.#refuse(`"${token.text}" is no ${type} (numbers from 0 to 65535)`);
    const inRange = (port: number): boolean => port >= low && port <= high;
    return ends(
      direction,
      (packet) => hasPorts(packet) && inRange(packet.sourcePort),
      (packet) => hasPorts(packet) && inRange(packet.destinationPort),
    );
  }

  #vlan(): Term {
    this.#at++;
    const id = this.#peek();
    if (id === undefined || !/^\d+$/.test(id)) return (packet) => packet.vlan !== -1;
    this.#at++;
    return (packet) => packet.vlan === Number(id);
  }

  #length_(word: 'less' | 'greater'): Term {
    this.#at++;
    const token = this.#peek();
    if (token === undefined || !/^\d+$/.test(token)) throw this.#refuse(`${word} takes a number of bytes`);
    this.#at++;
    const bound = Number(token);
    return word === 'less' ? (_packet, wirelen) => wirelen <= bound : (_packet, wirelen) => wirelen >= bound;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]?.text;
  }

  #refuse(what: string): FilterError {
    const position = this.#tokens[this.#at]?.at ?? this.#length;
    return new FilterError(`filter, at character ${position + 1}: ${what}`, position);
  }
}

const hasPorts = (packet: Packet): boolean =>
  !packet.fragment && (packet.protocol === PROTOCOL_TCP || packet.protocol === PROTOCOL_UDP);

function isProtocol(protocol: 'tcp' | 'udp' | 'ip' | 'ip6'): Term {
  if (protocol === 'ip') return (packet) => packet.version === 4;
  if (protocol === 'ip6') return (packet) => packet.version === 6;
  const number = protocol === 'tcp' ? PROTOCOL_TCP : PROTOCOL_UDP;
  return (packet) => packet.version !== 0 && packet.protocol === number;
}

function ends(direction: Direction, source: Term, destination: Term): Term {
  if (direction === 'src') return source;
  if (direction === 'dst') return destination;
  return direction === 'either'
    ? (packet, wirelen) => source(packet, wirelen) || destination(packet, wirelen)
    : (packet, wirelen) => source(packet, wirelen) && destination(packet, wirelen);
}

/** Whether an address has no bit set behind the first `bits`. */
function isZeroBehind(address: Uint8Array, bits: number): boolean {
  for (let bit = bits; bit < address.length * 8; bit++) if ((u8(address, bit >> 3) & (0x80 >> (bit & 7))) !== 0) return false;
  return true;
}

function inNetwork(bytes: Uint8Array, at: number, address: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (u8(bytes, at + i) !== u8(address, i)) return false;
  const rest = bits & 7;
  return rest === 0 || ((u8(bytes, at + whole) ^ u8(address, whole)) & (0xff00 >> rest) & 0xff) === 0;
}
