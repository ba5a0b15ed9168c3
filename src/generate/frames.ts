// Ethernet, IPv4, TCP and UDP headers written in place, checksums and all (RFC 894, 791, 9293, 768, 1071).

/** A network interface: addresses as numbers, so that headers are written without look-ups. */
export interface Interface {
  /** Upper 16 and lower 32 bits. */
  readonly macHigh: number;
  readonly macLow: number;
  /** IPv4 address. */
  readonly ip: number;
  /** The last IP identification used. */
  ipId: number;
}

const ETHERNET = 14;
const IPV4 = 20;
const UDP = 8;
const TCP = 20;
const ETHERTYPE_IPV4 = 0x0800;
const DONT_FRAGMENT = 0x4000;
const TTL = 128;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
/** Ethernet without a frame check sequence. */
const LEAST_FRAME = 60;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** MSS 1460, window scale 8, SACK permitted: as Windows sends them. */
const SYN_OPTIONS = [2, 4, 0x05, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2] as const;
export const MSS = 1460;

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Sum of 16-bit words; an odd last byte counts as the upper half of a word. */
function sumOf(bytes: Uint8Array, from: number, until: number): number {
  let sum = 0;
  let at = from;
  // Four words a turn: the sum of 64 KiB stays far below 2^53, and below 2^32 for what fits a packet.
  for (; at + 8 <= until; at += 8)
    sum +=
      (bytes[at]! + bytes[at + 2]! + bytes[at + 4]! + bytes[at + 6]!) * 256 +
      (bytes[at + 1]! + bytes[at + 3]! + bytes[at + 5]! + bytes[at + 7]!);
  for (; at + 2 <= until; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return at < until ? sum + (bytes[at]! << 8) : sum;
}

/** Ones' complement of a sum. */
function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest % 0x1_0000) + Math.floor(rest / 0x1_0000);
  return ~rest & 0xffff;
}

function ethernet(bytes: Uint8Array, at: number, from: Interface, toHigh: number, toLow: number): void {
  put16(bytes, at, toHigh);
  put32(bytes, at + 2, toLow);
  put16(bytes, at + 6, from.macHigh);
  put32(bytes, at + 8, from.macLow);
  put16(bytes, at + 12, ETHERTYPE_IPV4);
}

function ipv4(bytes: Uint8Array, at: number, from: Interface, to: number, protocol: number, length: number, ttl: number): void {
  from.ipId = (from.ipId + 1) & 0xffff;
  put16(bytes, at, 0x4500);
  put16(bytes, at + 2, IPV4 + length);
  put16(bytes, at + 4, from.ipId);
  put16(bytes, at + 6, DONT_FRAGMENT);
  put16(bytes, at + 8, (ttl << 8) | protocol);
  put16(bytes, at + 10, 0);
  put32(bytes, at + 12, from.ip);
  put32(bytes, at + 16, to);
  put16(bytes, at + 10, folded(sumOf(bytes, at, at + IPV4)));
}

const pseudoHeader = (from: number, to: number, protocol: number, length: number): number =>
  (from >>> 16) + (from & 0xffff) + (to >>> 16) + (to & 0xffff) + protocol + length;

/** Short frames are padded to what Ethernet carries at least. */
function padded(bytes: Uint8Array, at: number, length: number): number {
  if (length >= LEAST_FRAME) return length;
  bytes.fill(0, at + length, at + LEAST_FRAME);
  return LEAST_FRAME;
}

/** Writes a TCP segment's frame at `at`, payload copied from `source`; returns its length. */
export function tcpFrame(
  bytes: Uint8Array,
  at: number,
  from: Interface,
  to: Interface,
  fromPort: number,
  toPort: number,
  sequence: number,
  acknowledgment: number,
  flags: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const options = (flags & SYN) === 0 ? 0 : SYN_OPTIONS.length;
  const payload = end - start;
  const length = TCP + options + payload;
  ethernet(bytes, at, from, to.macHigh, to.macLow);
  ipv4(bytes, at + ETHERNET, from, to.ip, PROTOCOL_TCP, length, TTL);
  const tcp = at + ETHERNET + IPV4;
  put16(bytes, tcp, fromPort);
  put16(bytes, tcp + 2, toPort);
  put32(bytes, tcp + 4, sequence);
  put32(bytes, tcp + 8, acknowledgment);
  put16(bytes, tcp + 12, ((TCP + options) << 10) | flags);
  // A SYN's window is not scaled (RFC 7323 2.2).
  put16(bytes, tcp + 14, options > 0 ? 0xfaf0 : 0x2014);
  put32(bytes, tcp + 16, 0);
  for (let i = 0; i < options; i++) bytes[tcp + TCP + i] = SYN_OPTIONS[i]!;
  if (payload > 0) bytes.set(source.subarray(start, end), tcp + TCP + options);
  const sum = pseudoHeader(from.ip, to.ip, PROTOCOL_TCP, length) + sumOf(bytes, tcp, tcp + length);
  put16(bytes, tcp + 16, folded(sum));
  return padded(bytes, at, ETHERNET + IPV4 + length);
}

/** Where a datagram goes: a host, or a group's addresses. */
export interface Destination {
  readonly macHigh: number;
  readonly macLow: number;
  readonly ip: number;
}

/** Writes a UDP datagram's frame at `at`; returns its length. */
export function udpFrame(
  bytes: Uint8Array,
  at: number,
  from: Interface,
  to: Destination,
  fromPort: number,
  toPort: number,
  ttl: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = UDP + end - start;
  ethernet(bytes, at, from, to.macHigh, to.macLow);
  ipv4(bytes, at + ETHERNET, from, to.ip, PROTOCOL_UDP, length, ttl);
  const udp = at + ETHERNET + IPV4;
  put16(bytes, udp, fromPort);
  put16(bytes, udp + 2, toPort);
  put16(bytes, udp + 4, length);
  put16(bytes, udp + 6, 0);
  bytes.set(source.subarray(start, end), udp + UDP);
  const checksum = folded(pseudoHeader(from.ip, to.ip, PROTOCOL_UDP, length) + sumOf(bytes, udp, udp + length));
  // A computed zero is sent as all ones (RFC 768).
  put16(bytes, udp + 6, checksum === 0 ? 0xffff : checksum);
  return padded(bytes, at, ETHERNET + IPV4 + length);
}

/** A group's Ethernet address holds the lower 23 bits of its IP address (RFC 1112 6.4). */
export const multicast = (ip: number): Destination => ({
  macHigh: 0x0100,
  macLow: (0x5e00_0000 | (ip & 0x7f_ffff)) >>> 0,
  ip,
});
