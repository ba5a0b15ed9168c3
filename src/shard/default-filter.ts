// The kernel filter of a sensor, in the syntax of pcap-filter(7): the ports of the protocols that are decoded, and all that may
// carry them in a form whose ports the kernel cannot see.
import type { Protocol } from '../protocols/contract.ts';

/** Tunnels in UDP (see ip/tunnels/udp.ts). */
const TUNNEL_PORTS = [2152, 4754, 4789, 4790, 6081, 8472];

/** Without port hints: RPC servers listen from 49152 on, their clients ask from 32768 on (IANA; Linux's ephemeral range). */
const DYNAMIC_RPC = [
  'tcp src portrange 32768-65535 and dst portrange 49152-65535',
  'tcp dst portrange 32768-65535 and src portrange 49152-65535',
];

/** What lies directly in a frame. */
function inner(protocols: readonly Protocol[]): string {
  const ports = (transport: 'tcp' | 'udp'): number[] =>
    [
      ...new Set(protocols.flatMap((one) => one.ports.filter((port) => port.transport === transport).map(({ port }) => port))),
    ].sort((a, b) => a - b);
  const any = (transport: 'tcp' | 'udp', list: readonly number[]): string =>
    `${transport} and (${list.map((port) => `port ${port}`).join(' or ')})`;
  const parts = [
    any('tcp', ports('tcp')),
    any('udp', [...ports('udp'), ...TUNNEL_PORTS]),
    ...DYNAMIC_RPC,
    // Fragments; IPv6 extension headers, behind which ports are not looked for.
    'ip[6:2] & 0x3fff != 0',
    'ip6 proto 44 or ip6 proto 0 or ip6 proto 43 or ip6 proto 60 or ip6 proto 51',
    // IP in IP, GRE (and ERSPAN in it), authentication header.
    'ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51',
    'ip6 proto 4 or ip6 proto 41 or ip6 proto 47',
  ];
  return parts.map((part) => `(${part})`).join(' or ');
}

/** MPLS and PPPoE sessions. */
const LABELLED = '(ether proto 0x8847) or (ether proto 0x8848) or (ether proto 0x8864)';

/**
 * The default filter. `withTags` is for Ethernet: in libpcap, all that follows the word vlan is looked for behind the tag, so it
 * comes last. `also` is a filter of packets to let in besides, with and without tags; it must have no such word itself.
 */
export function defaultFilter(protocols: readonly Protocol[], withTags: boolean, also = ''): string {
  const plain = also === '' ? inner(protocols) : `${inner(protocols)} or (${also})`;
  if (!withTags) return plain;
  return `${plain} or ${LABELLED} or (vlan and (${plain} or ${LABELLED} or (vlan and (${plain}))))`;
}
