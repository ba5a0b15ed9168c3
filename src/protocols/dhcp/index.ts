// DHCP on UDP 67 and 68 (RFC 2131): messages, and claims of who has an address. Leases are no activities of an identity.
import { u32be } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import { macText } from '../../bytes/text.ts';
import { formatAddress } from '../../ip/address.ts';
import type { Context, Protocol } from '../contract.ts';
import type { Field } from '../fields.ts';
import { standalone } from '../standalone.ts';
import { claimLease } from './claims.ts';
import { messageFields as F } from './fields.ts';
import { dhcpLimits } from './limits.ts';
import { TYPE_NAMES } from './names.ts';
import { DhcpMessage, FIXED, startsMessage } from './wire.ts';

const NAME = 'dhcp';
const message = new DhcpMessage();

const conversation = standalone((bytes, start, end, context) => {
  const reason = message.bind(bytes, start, end);
  if (reason !== OK) context.refuse(NAME, reason);
  if (end - start < FIXED) return end - start;
  sayMessage(context);
  if (reason === OK && !context.duplicate) claimLease(message, context);
  return end - start;
});

function sayMessage(context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  const { bytes } = message;
  const address = (field: Field, at: number): void => {
    if (at !== 0 && u32be(bytes, at) !== 0) sink.text(field, formatAddress(bytes, at, 4));
  };
  const text = (field: Field, value: string): void => {
    if (value !== '') sink.text(field, value);
  };
  context.tap?.(NAME, bytes, message.start, message.end);
  sink.begin(NAME, context);
  sink.text(F.type, TYPE_NAMES[message.type] ?? (message.type === 0 ? 'BOOTP' : String(message.type)));
  sink.int(F.xid, message.xid);
  if (message.macAt !== 0) sink.text(F.clientMac, macText(bytes, message.macAt));
  address(F.clientAddress, message.ciaddrAt);
  address(F.yourAddress, message.yiaddrAt);
  address(F.requestedAddress, message.requestedAt);
  address(F.server, message.serverAt);
  if (message.lease >= 0) sink.int(F.leaseSeconds, message.lease);
  text(F.hostName, message.hostName);
  text(F.fqdn, message.fqdn);
  text(F.domain, message.domain);
  text(F.vendorClass, message.vendorClass);
  sink.end();
}

export const dhcp: Protocol = {
  name: NAME,
  worth: 1,
  ports: [67, 68].map((port) => ({ transport: 'udp' as const, port })),
  limits: dhcpLimits,
  messages: F,
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'udp' || !hinted || end - start < FIXED) return 'no';
    return startsMessage(bytes, start) ? 'yes' : 'no';
  },
  open: () => conversation,
};
