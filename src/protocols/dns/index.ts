// DNS (RFC 1035 and successors) on 53, multicast DNS (RFC 6762) on 5353 and LLMNR (RFC 4795) on 5355: one format, three
// protocols.
import { u16be } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import type { Protocol, Transport } from '../contract.ts';
import type { ActivityType } from '../fields.ts';
import { detailFields, messageFields } from './fields.ts';
import { dnsLimits } from './limits.ts';
import { DnsConversation } from './transactions.ts';
import { DnsMessage, HEADER } from './wire.ts';

const candidate = new DnsMessage();
/** Counts beyond these are no query that anybody sends. */
const PLAUSIBLE_RECORDS = 64;

/** First-level encoding of RFC 1001 14.1: what stands there is the NetBIOS name service, which looks like DNS. */
const NETBIOS_NAME = /^[A-P]{32}(\.|$)/i;

function make(name: string, title: string, ports: readonly { transport: Transport; port: number }[], offPort: boolean): Protocol {
  const type = (kind: string, help: string): ActivityType => ({ type: `${name}.${kind}`, protocol: name, help });
  const types = {
    query: type('query', `A ${title} question and its answer.`),
    update: type('update', `A ${title} dynamic update (RFC 2136).`),
    transfer: type('transfer', `A ${title} zone transfer (AXFR or IXFR).`),
  };
  return {
    name,
    ports,
    worth: offPort ? 1 : 0,
    limits: dnsLimits,
    messages: messageFields,
    details: detailFields,
    activities: name === 'dns' ? [types.query, types.update, types.transfer] : [types.query],
    probe(bytes, start, end, _direction, transport, hinted) {
      if (hinted && transport === 'udp') return end - start >= HEADER ? 'yes' : 'no';
      if (!hinted && !offPort) return 'no';
      if (transport === 'udp') return looksLikeQuestion(bytes, start, end) ? 'yes' : 'no';
      if (end - start < 2 + HEADER) return hinted ? 'more' : 'no';
      const length = u16be(bytes, start);
      if (length < HEADER) return 'no';
      if (hinted) return 'yes';
      return start + 2 + length <= end && looksLikeQuestion(bytes, start + 2, start + 2 + length) ? 'yes' : 'no';
    },
    open: (transport) => new DnsConversation(name, types, transport),
  };
}

/** One whole question with an ordinary header, that fills a query or starts an answer. */
function looksLikeQuestion(bytes: Uint8Array, start: number, end: number): boolean {
  if (candidate.bind(bytes, start, end) !== OK || candidate.questions !== 1) return false;
  const { answers, authorities, additionals, flags, opcode, qclass, qname, answersAt } = candidate;
  if (
    (flags & 0x0040) !== 0 ||
    opcode > 5 ||
    opcode === 3 ||
    (qclass !== 1 && qclass !== 255) ||
    !/^[\w.\\*-]+$/.test(qname) ||
    NETBIOS_NAME.test(qname)
  )
    return false;
  if (candidate.isResponse)
    return answers + authorities + additionals < PLAUSIBLE_RECORDS && (answers > 0 ? answersAt + 11 <= end : true);
  return (
    answers === 0 && authorities === 0 && additionals <= 2 && (additionals === 0 ? answersAt === end : answersAt + 11 <= end)
  );
}

export const dns = make(
  'dns',
  'DNS',
  [
    { transport: 'udp', port: 53 },
    { transport: 'tcp', port: 53 },
  ],
  true,
);
export const mdns = make('mdns', 'multicast DNS', [{ transport: 'udp', port: 5353 }], false);
export const llmnr = make(
  'llmnr',
  'LLMNR',
  [
    { transport: 'udp', port: 5355 },
    { transport: 'tcp', port: 5355 },
  ],
  false,
);
