// A cursor over one packet's headers, from the link layer to the transport payload, tunnels taken off (RFC 791, 8200, 9293,
// 768). One walk leaves offsets; nothing is copied, nothing allocated.
import { u8, u16be, u32be } from '../bytes/read.ts';
import { LINK_CUT, LINK_NOT_IP, LINK_UNKNOWN, linkWalk, vlanId } from '../link/link.ts';
import { ipLimits } from './limits.ts';
import { GRE, greWalk, IPV4_IN_IP, IPV6_IN_IP, udpTunnelWalk } from './tunnels/tunnels.ts';
import {
  FRAGMENT,
  IP_BAD_LENGTH,
  IP_BAD_VERSION,
  IP_SHORT,
  LINK_SHORT,
  NOT_IP,
  OTHER_TRANSPORT,
  TCP_BAD_OFFSET,
  TCP_OR_UDP,
  TOO_MANY_HEADERS,
  TOO_MANY_TUNNELS,
  TRANSPORT_SHORT,
  UNKNOWN_LINKTYPE,
  type Verdict,
} from './verdict.ts';

export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
/** IPv6 extension headers (IANA protocol-numbers). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;

/** What a walk over a packet's headers found. After TCP_OR_UDP everything but the fragment fields is valid. */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** 4 or 6. */
  version = 0;
  /** Offset of the innermost IP header, and of its addresses. */
  network = 0;
  source = 0;
  destination = 0;
  /** IP protocol number behind the extension headers. */
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Offsets of the transport header, its payload, and the end of the payload that is there. */
  transport = 0;
  payload = 0;
  end = 0;
  /** Payload bytes that the IP header promises and the capture lacks (snaplen). */
  missing = 0;
  /** IPv4 identification; 0 for IPv6. */
  id = 0;
  fragment = false;
  /** Byte offset of the fragment in its datagram. */
  fragmentOffset = 0;
  moreFragments = false;
  fragmentId = 0;
  /** TCP fields (RFC 9293 3.1). */
  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  window = 0;
  /** Checksum field of the TCP or UDP header. */
  checksum = 0;
  /** Tunnels taken off, and the outermost VLAN id or -1. */
  tunnels = 0;
  vlan = -1;

  /** Walks [start, end). Never reads outside it, never throws. */
  walk(bytes: Uint8Array, start: number, end: number, linktype: number): Verdict {
    this.bytes = bytes;
    this.tunnels = 0;
    this.fragment = false;
    const at = linkWalk(bytes, start, end, linktype);
    this.vlan = vlanId;
    if (at >= 0) return this.#ip(at, end);
    this.version = 0;
    this.protocol = 0;
    return at === LINK_NOT_IP ? NOT_IP : at === LINK_CUT ? LINK_SHORT : at === LINK_UNKNOWN ? UNKNOWN_LINKTYPE : NOT_IP;
  }

  #ip(start: number, captured: number): Verdict {
    let at = start;
    for (;;) {
      const bytes = this.bytes;
      if (at >= captured) return IP_SHORT;
      const version = u8(bytes, at) >> 4;
      this.version = version;
      this.network = at;
      this.protocol = 0;
      this.sourcePort = 0;
      this.destinationPort = 0;
      const verdict = version === 4 ? this.#ipv4(at, captured) : version === 6 ? this.#ipv6(at, captured) : IP_BAD_VERSION;
      if (verdict !== TCP_OR_UDP) return verdict;
      const { protocol } = this;
      let inner = -1;
      if (protocol === PROTOCOL_TCP) return this.#tcp();
      if (protocol === PROTOCOL_UDP) {
        const udp = this.#udp();
        if (udp !== TCP_OR_UDP) return udp;
        inner = udpTunnelWalk(bytes, this.payload, this.end, this.sourcePort, this.destinationPort);
        if (inner < 0) return TCP_OR_UDP;
      } else if (protocol === IPV4_IN_IP || protocol === IPV6_IN_IP) inner = this.transport;
      else if (protocol === GRE) inner = greWalk(bytes, this.transport, this.end);
      if (inner < 0) return OTHER_TRANSPORT;
      if (++this.tunnels > ipLimits.tunnelDepth.value) return TOO_MANY_TUNNELS;
      at = inner;
    }
  }

  #ipv4(at: number, captured: number): Verdict {
    const bytes = this.bytes;
    if (at + 20 > captured) return IP_SHORT;
    const header = (u8(bytes, at) & 0x0f) * 4;
    if (header < 20) return IP_BAD_LENGTH;
    if (at + header > captured) return IP_SHORT;
    const total = u16be(bytes, at + 2);
    // Total length 0: segmentation offload left it for the card to fill in; the frame's end is the packet's.
    if (total !== 0 && total < header) return IP_BAD_LENGTH;
    this.source = at + 12;
    this.destination = at + 16;
    this.protocol = u8(bytes, at + 9);
    this.id = u16be(bytes, at + 4);
    this.transport = at + header;
    this.#extent(total === 0 ? captured : at + total, captured);
    const flags = u16be(bytes, at + 6);
    if ((flags & 0x3fff) === 0) return TCP_OR_UDP;
    this.fragment = true;
    this.fragmentOffset = (flags & 0x1fff) * 8;
    this.moreFragments = (flags & 0x2000) !== 0;
    this.fragmentId = this.id;
    return FRAGMENT;
  }

  #ipv6(at: number, captured: number): Verdict {
    const bytes = this.bytes;
    if (at + 40 > captured) return IP_SHORT;
    const length = u16be(bytes, at + 4);
    this.source = at + 8;
    this.destination = at + 24;
    this.id = 0;
    // Payload length 0: a jumbogram (RFC 2675) or offload; the frame's end is the packet's.
    this.#extent(length === 0 ? captured : at + 40 + length, captured);
    let next = u8(bytes, at + 6);
    let from = at + 40;
    for (let headers = 0; headers <= ipLimits.extensionHeaders.value; headers++) {
      this.protocol = next;
      this.transport = from;
      const isLong = next === HOP_BY_HOP || next === ROUTING || next === DESTINATION_OPTIONS || next === MOBILITY;
      if (!isLong && next !== FRAGMENT_HEADER && next !== AUTHENTICATION) return TCP_OR_UDP;
      if (from + 8 > this.end) return IP_SHORT;
      if (next === FRAGMENT_HEADER) {
        const word = u16be(bytes, from + 2);
        if ((word & 0xfff9) !== 0) {
          this.fragment = true;
          this.fragmentOffset = word & 0xfff8;
          this.moreFragments = (word & 1) !== 0;
          this.fragmentId = u32be(bytes, from + 4);
          this.protocol = u8(bytes, from);
          this.transport = from + 8;
          return FRAGMENT;
        }
      }
      const size =
        next === FRAGMENT_HEADER ? 8 : next === AUTHENTICATION ? (u8(bytes, from + 1) + 2) * 4 : (u8(bytes, from + 1) + 1) * 8;
      next = u8(bytes, from);
      from += size;
      if (from > this.end) return IP_SHORT;
    }
    return TOO_MANY_HEADERS;
  }

  #extent(promised: number, captured: number): void {
    this.end = Math.min(promised, captured);
    this.missing = promised - this.end;
  }

  #tcp(): Verdict {
    const { bytes, transport, end } = this;
    if (transport + 20 > end) return TRANSPORT_SHORT;
    const header = (u8(bytes, transport + 12) >> 4) * 4;
    if (header < 20) return TCP_BAD_OFFSET;
    if (transport + header > end) return this.missing > 0 ? TRANSPORT_SHORT : TCP_BAD_OFFSET;
    this.sourcePort = u16be(bytes, transport);
    this.destinationPort = u16be(bytes, transport + 2);
    this.sequence = u32be(bytes, transport + 4);
    this.acknowledgment = u32be(bytes, transport + 8);
    this.flags = u8(bytes, transport + 13);
    this.window = u16be(bytes, transport + 14);
    this.checksum = u16be(bytes, transport + 16);
    this.payload = transport + header;
    return TCP_OR_UDP;
  }

  #udp(): Verdict {
    const { bytes, transport } = this;
    if (transport + 8 > this.end) return TRANSPORT_SHORT;
    this.sourcePort = u16be(bytes, transport);
    this.destinationPort = u16be(bytes, transport + 2);
    this.checksum = u16be(bytes, transport + 6);
    this.payload = transport + 8;
    // A length of 0 is a jumbogram or offload; a lie beyond the IP payload is cut to it.
    const length = u16be(bytes, transport + 4);
    if (length >= 8 && transport + length < this.end) {
      this.end = transport + length;
      this.missing = 0;
    }
    return TCP_OR_UDP;
  }
}
