// A cursor over one packet's headers, from the link layer to the transport payload, tunnels taken off (RFC 791, 8200, 9293,
// 768). One walk leaves offsets; nothing is copied, nothing allocated.
import { u8, u16be, u32be } from '../bytes/read.ts';
import { LINK_CUT, LINK_TOO_MANY_TAGS, LINK_UNKNOWN, linkEnd, NO_END, vlanId } from '../link/ethertype.ts';
import { linkWalk } from '../link/link.ts';
import { hit } from '../protocols/limits.ts';
import { ipLimits as limits } from './limits.ts';
import { greWalk } from './tunnels/gre.ts';
import { udpTunnelWalk } from './tunnels/udp.ts';
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
  UDP_BAD_LENGTH,
  UNKNOWN_LINKTYPE,
  type Verdict,
} from './verdict.ts';

export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
/** IP in IP (RFC 2003, 4213) and GRE. */
const IPV4_IN_IP = 4;
const IPV6_IN_IP = 41;
const GRE = 47;
/** IPv6 extension headers (IANA protocol-numbers); the authentication header is IPv4's as well. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
/** IPv4 flags and fragment offset (RFC 791 3.1); IPv6's in its fragment header (RFC 8200 4.5). */
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const MORE_FRAGMENTS_6 = 0x0001;
const FRAGMENT_OFFSET_6 = 0xfff8;

/** What a walk over a packet's headers found. After TCP_OR_UDP everything but the fragment fields is valid. */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** 4 or 6; 0 when there is no IP header to speak of. Addresses and protocol are valid unless it is 0. */
  version = 0;
  /** Offset of the innermost IP header, and of its addresses. */
  network = 0;
  source = 0;
  destination = 0;
  /** IP protocol number behind the extension headers. */
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /**
   * Offsets of the transport header, its payload, and the end of the payload that is there. After FRAGMENT, [transport, end) is
   * the fragment's part of the datagram.
   */
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
  /** Offset of the byte that names the header at `transport`; after FRAGMENT of IPv6, of the one that names the fragment header. */
  named = 0;
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

  /** Offset of the IP header inside the one just read, or below 0. */
  #inner = -1;

  /** Walks [start, end). Never reads outside it, never throws. */
  walk(bytes: Uint8Array, start: number, end: number, linktype: number): Verdict {
    this.bytes = bytes;
    this.version = 0;
    this.protocol = 0;
    this.fragment = false;
    this.tunnels = 0;
    const at = linkWalk(bytes, start, end, linktype);
    const verdict = at >= 0 ? this.#headers(at, end, linkEnd) : linkVerdict(at);
    this.vlan = vlanId;
    return verdict;
  }

  /**
   * Reads the transport header of a packet that was walked before and was TCP_OR_UDP. `bytes` and `missing` have been set to
   * what they were then. What only a walk tells (tunnels, VLAN, fragments, `named`, `window`) is not valid after it.
   */
  resume(network: number, protocol: number, transport: number, end: number): void {
    const { bytes } = this;
    this.network = network;
    if (u8(bytes, network) >> 4 === 4) {
      this.version = 4;
      this.source = network + 12;
      this.destination = network + 16;
      this.id = u16be(bytes, network + 4);
    } else {
      this.version = 6;
      this.source = network + 8;
      this.destination = network + 24;
      this.id = 0;
    }
    this.protocol = protocol;
    this.transport = transport;
    this.end = end;
    this.sourcePort = u16be(bytes, transport);
    this.destinationPort = u16be(bytes, transport + 2);
    if (protocol === PROTOCOL_UDP) {
      this.payload = transport + UDP_BYTES;
      this.checksum = u16be(bytes, transport + 6);
      return;
    }
    this.sequence = u32be(bytes, transport + 4);
    this.acknowledgment = u32be(bytes, transport + 8);
    this.flags = u8(bytes, transport + 13);
    this.checksum = u16be(bytes, transport + 16);
    this.payload = Math.min(transport + (u8(bytes, transport + 12) >> 4) * 4, end);
  }

  /**
   * Walks IP headers from the outermost to the innermost. `limit` is where what carries the header says that it ends, which may
   * be behind the end of what was captured: no length inside may promise more.
   */
  #headers(start: number, captured: number, linkLimit: number): Verdict {
    let at = start;
    let limit = linkLimit;
    // The packet around the innermost UDP tunnel: what this is if the tunnel turns out to hold nothing of sense.
    let carrier = -1;
    let carrierLimit = 0;
    let carrierTunnels = 0;
    for (;;) {
      const verdict = this.#layer(at, Math.min(captured, limit), limit, at !== carrier);
      if (this.#inner < 0) {
        if (carrier < 0 || at === carrier || !isSenseless(verdict)) return verdict;
        at = carrier;
        limit = carrierLimit;
        this.tunnels = carrierTunnels;
        continue;
      }
      if (this.tunnels >= limits.tunnelDepth.value) {
        hit(limits.tunnelDepth);
        return TOO_MANY_TUNNELS;
      }
      if (this.protocol === PROTOCOL_UDP) {
        carrier = at;
        carrierLimit = limit;
        carrierTunnels = this.tunnels;
      }
      at = this.#inner;
      limit = Math.min(this.end + this.missing, linkEnd);
      this.tunnels++;
    }
  }

  /** One IP header and what follows it; leaves #inner. */
  #layer(at: number, until: number, limit: number, mayBeTunnel: boolean): Verdict {
    this.#inner = -1;
    const bytes = this.bytes;
    if (at >= until) return IP_SHORT;
    const version = u8(bytes, at) >> 4;
    const verdict = version === 4 ? this.#ipv4(at, until, limit) : version === 6 ? this.#ipv6(at, until, limit) : IP_BAD_VERSION;
    if (verdict !== TCP_OR_UDP) return verdict;
    switch (this.protocol) {
      case PROTOCOL_TCP:
        return this.#tcp();
      case PROTOCOL_UDP: {
        const udp = this.#udp();
        if (udp === TCP_OR_UDP && mayBeTunnel)
          this.#inner = udpTunnelWalk(bytes, this.payload, this.end, this.sourcePort, this.destinationPort);
        return udp;
      }
      case IPV4_IN_IP:
      case IPV6_IN_IP:
        this.#inner = this.transport;
        return OTHER_TRANSPORT;
      case GRE:
        this.#inner = greWalk(bytes, this.transport, this.end);
        return OTHER_TRANSPORT;
      default:
        return OTHER_TRANSPORT;
    }
  }

  #ipv4(at: number, until: number, limit: number): Verdict {
    const bytes = this.bytes;
    if (at + IPV4_BYTES > until) return IP_SHORT;
    const header = (u8(bytes, at) & 0x0f) * 4;
    if (header < IPV4_BYTES) return IP_BAD_LENGTH;
    if (at + header > until) return IP_SHORT;
    const total = u16be(bytes, at + 2);
    // Total length 0: segmentation offload left it for the card to fill in; the frame's end is the packet's.
    if (total !== 0 && total < header) return IP_BAD_LENGTH;
    this.#begin(4, at, at + 12, at + 16);
    this.id = u16be(bytes, at + 4);
    this.#extent(total === 0 ? this.#unbounded(until, limit) : Math.min(at + total, limit), until);
    this.named = at + 9;
    this.protocol = u8(bytes, at + 9);
    this.transport = at + header;
    const flags = u16be(bytes, at + 6);
    if ((flags & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0) {
      this.fragment = true;
      this.fragmentOffset = (flags & FRAGMENT_OFFSET) * 8;
      this.moreFragments = (flags & MORE_FRAGMENTS) !== 0;
      this.fragmentId = this.id;
      return FRAGMENT;
    }
    return this.protocol === AUTHENTICATION ? this.#extensions() : TCP_OR_UDP;
  }

  #ipv6(at: number, until: number, limit: number): Verdict {
    const bytes = this.bytes;
    if (at + IPV6_BYTES > until) return IP_SHORT;
    const length = u16be(bytes, at + 4);
    this.#begin(6, at, at + 8, at + 24);
    this.id = 0;
    // Payload length 0: a jumbogram (RFC 2675) or offload; the frame's end is the packet's.
    this.#extent(length === 0 ? this.#unbounded(until, limit) : Math.min(at + IPV6_BYTES + length, limit), until);
    this.named = at + 6;
    this.protocol = u8(bytes, at + 6);
    this.transport = at + IPV6_BYTES;
    return isExtension(this.protocol) ? this.#extensions() : TCP_OR_UDP;
  }

  /** Passes over extension headers, of which `protocol` and `transport` tell the first. */
  #extensions(): Verdict {
    const { bytes, end } = this;
    for (let count = 0; count < limits.extensionHeaders.value; count++) {
      const at = this.transport;
      if (at + 8 > end) return IP_SHORT;
      let size: number;
      if (this.protocol === FRAGMENT_HEADER) {
        const word = u16be(bytes, at + 2);
        // An atomic fragment (RFC 6946) is a whole datagram.
        if ((word & (FRAGMENT_OFFSET_6 | MORE_FRAGMENTS_6)) !== 0) {
          this.fragment = true;
          this.fragmentOffset = word & FRAGMENT_OFFSET_6;
          this.moreFragments = (word & MORE_FRAGMENTS_6) !== 0;
          this.fragmentId = u32be(bytes, at + 4);
          this.protocol = u8(bytes, at);
          this.transport = at + 8;
          return FRAGMENT;
        }
        size = 8;
      } else if (this.protocol === AUTHENTICATION) size = (u8(bytes, at + 1) + 2) * 4;
      else size = (u8(bytes, at + 1) + 1) * 8;
      if (at + size > end) return IP_SHORT;
      this.named = at;
      this.protocol = u8(bytes, at);
      this.transport = at + size;
      if (!isExtension(this.protocol)) return TCP_OR_UDP;
    }
    hit(limits.extensionHeaders);
    return TOO_MANY_HEADERS;
  }

  #begin(version: number, network: number, source: number, destination: number): void {
    this.version = version;
    this.network = network;
    this.source = source;
    this.destination = destination;
    this.sourcePort = 0;
    this.destinationPort = 0;
  }

  #extent(promised: number, until: number): void {
    this.end = Math.min(promised, until);
    this.missing = promised - this.end;
  }

  /** Where a packet ends that does not say so itself. */
  #unbounded(until: number, limit: number): number {
    return limit === NO_END ? until : limit;
  }

  #tcp(): Verdict {
    const { bytes, transport, end } = this;
    if (transport + TCP_BYTES > end) return TRANSPORT_SHORT;
    const header = (u8(bytes, transport + 12) >> 4) * 4;
    if (header < TCP_BYTES || transport + header > end + this.missing) return TCP_BAD_OFFSET;
    this.sourcePort = u16be(bytes, transport);
    this.destinationPort = u16be(bytes, transport + 2);
    this.sequence = u32be(bytes, transport + 4);
    this.acknowledgment = u32be(bytes, transport + 8);
    this.flags = u8(bytes, transport + 13);
    this.window = u16be(bytes, transport + 14);
    this.checksum = u16be(bytes, transport + 16);
    this.payload = transport + header;
    // A snaplen may cut the options: then the payload is missing as a whole.
    if (this.payload > end) {
      this.missing -= this.payload - end;
      this.payload = end;
    }
    return TCP_OR_UDP;
  }

  #udp(): Verdict {
    const { bytes, transport } = this;
    if (transport + UDP_BYTES > this.end) return TRANSPORT_SHORT;
    const length = u16be(bytes, transport + 4);
    if (length < UDP_BYTES && (length !== 0 || !this.#isUnbounded())) return UDP_BAD_LENGTH;
    this.sourcePort = u16be(bytes, transport);
    this.destinationPort = u16be(bytes, transport + 2);
    this.checksum = u16be(bytes, transport + 6);
    this.payload = transport + UDP_BYTES;
    // A lie beyond the IP payload is cut to it.
    if (length !== 0) this.#extent(Math.min(transport + length, this.end + this.missing), this.end);
    return TCP_OR_UDP;
  }

  /** Whether the IP header leaves the length open; only then a UDP length of 0 has a meaning (RFC 2675 section 4). */
  #isUnbounded(): boolean {
    return u16be(this.bytes, this.network + (this.version === 4 ? 2 : 4)) === 0;
  }
}

function linkVerdict(result: number): Verdict {
  if (result === LINK_CUT) return LINK_SHORT;
  if (result === LINK_UNKNOWN) return UNKNOWN_LINKTYPE;
  return result === LINK_TOO_MANY_TAGS ? TOO_MANY_HEADERS : NOT_IP;
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT_HEADER:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** Whether a tunnel that holds such a packet is none. */
function isSenseless(verdict: Verdict): boolean {
  switch (verdict) {
    case IP_SHORT:
    case IP_BAD_VERSION:
    case IP_BAD_LENGTH:
    case TRANSPORT_SHORT:
    case TCP_BAD_OFFSET:
    case UDP_BAD_LENGTH:
      return true;
    default:
      return false;
  }
}
