// Packets made by hand, header by header, for the tests of link and ip. Nothing here is read from what is tested.
import { Packet } from '../../../src/ip/packet.ts';

export const RAW = 101;
export const ETHERNET = 1;

/** Bytes of hexadecimal text; white space and `# comments` to the end of the line are left out. */
export function bytes(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const u16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** `length` bytes 0, 1, 2, ... from `first` on. */
export const counting = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);

export interface Ipv4Options {
  protocol?: number;
  id?: number;
  /** In bytes. */
  offset?: number;
  more?: boolean;
  total?: number;
  options?: Uint8Array;
  source?: readonly number[];
  destination?: readonly number[];
}

export function ipv4(payload: Uint8Array, options: Ipv4Options = {}): Uint8Array {
  const { protocol = 17, id = 0x1234, offset = 0, more = false, source = [10, 0, 0, 1], destination = [10, 0, 0, 2] } = options;
  const extra = options.options ?? new Uint8Array(0);
  const header = 20 + extra.length;
  return join(
    Uint8Array.from([
      ...[0x40 | (header / 4), 0, ...u16(options.total ?? header + payload.length), ...u16(id)],
      ...[...u16((more ? 0x2000 : 0) | (offset / 8)), 64, protocol, 0, 0, ...source, ...destination],
    ]),
    extra,
    payload,
  );
}

export const SOURCE6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
export const DESTINATION6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

export function ipv6(payload: Uint8Array, options: { next?: number; length?: number } = {}): Uint8Array {
  const { next = 17, length = payload.length } = options;
  return join(Uint8Array.from([0x60, 0, 0, 0, ...u16(length), next, 64, ...SOURCE6, ...DESTINATION6]), payload);
}

/** IPv6 fragment header (RFC 8200 4.5) and what follows. */
export function fragment6(payload: Uint8Array, id: number, offset: number, more: boolean, next = 17): Uint8Array {
  return join(Uint8Array.from([next, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id)]), payload);
}

export function udp(payload: Uint8Array, options: { source?: number; destination?: number; length?: number } = {}): Uint8Array {
  const { source = 40_000, destination = 53, length = 8 + payload.length } = options;
  return join(Uint8Array.from([...u16(source), ...u16(destination), ...u16(length), 0xbe, 0xef]), payload);
}

export function tcp(
  payload: Uint8Array,
  options: { source?: number; destination?: number; flags?: number; options?: Uint8Array } = {},
): Uint8Array {
  const { source = 40_000, destination = 88, flags = 0x18 } = options;
  const extra = options.options ?? new Uint8Array(0);
  return join(
    Uint8Array.from([
      ...[...u16(source), ...u16(destination), ...u32(0xfedcba98), ...u32(0x01020304)],
      ...[((20 + extra.length) / 4) << 4, flags, ...u16(0x4000), 0xca, 0xfe, 0, 0],
    ]),
    extra,
    payload,
  );
}

/** Ethernet II header without tags. */
export function ethernet(payload: Uint8Array, type = 0x0800): Uint8Array {
  return join(bytes('020000000002 020000000001'), Uint8Array.from(u16(type)), payload);
}

/** Everything a walk leaves that may be read after that verdict, for comparisons. */
export function summary(frame: Uint8Array, linktype: number, start = 0, end = frame.length, packet = new Packet()): object {
  const verdict = packet.walk(frame, start, end, linktype);
  const { version, protocol, sourcePort, destinationPort, missing, tunnels, vlan, id, checksum } = packet;
  const base = { verdict, version, tunnels, vlan };
  if (version === 0) return base;
  const length = version === 4 ? 4 : 16;
  const addresses = [packet.source, packet.destination].map((at) => [...frame.subarray(at, at + length)]);
  if (verdict > 1) return { ...base, protocol, addresses };
  const { fragmentOffset, moreFragments, fragmentId } = packet;
  const range = [packet.transport - start, packet.end - start];
  if (verdict === 1) return { ...base, protocol, addresses, range, missing, fragmentOffset, moreFragments, fragmentId };
  const { sequence, acknowledgment, flags, window } = packet;
  return {
    ...{ ...base, protocol, addresses, range, missing, sourcePort, destinationPort, id, checksum },
    payload: packet.payload - start,
    tcp: protocol === 6 ? [sequence, acknowledgment, flags, window] : [],
  };
}
