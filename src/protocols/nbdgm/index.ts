// NetBIOS datagrams on UDP 138 (RFC 1002 4.4): mailslots, and above all the browser service (MS-BRWS).
import { netbiosLabel } from '../../bytes/netbios-name.ts';
import { u8 } from '../../bytes/read.ts';
import { OK } from '../../bytes/reason.ts';
import { formatAddress } from '../../ip/address.ts';
import type { Context, Protocol } from '../contract.ts';
import { standalone } from '../standalone.ts';
import { claimAnnouncement, claimSource } from './claims.ts';
import { messageFields as F } from './fields.ts';
import { COMMANDS, DATAGRAM_TYPES } from './names.ts';
import { BrowserMessage, Datagram, HEADER } from './wire.ts';

const NAME = 'nbdgm';
const BROWSE = '\\MAILSLOT\\BROWSE';
const datagram = new Datagram();
const browser = new BrowserMessage();

const conversation = standalone((bytes, start, end, context) => {
  const reason = datagram.bind(bytes, start, end);
  if (reason !== OK) {
    context.refuse(NAME, reason);
    return end - start;
  }
  browser.read(bytes, datagram.from, datagram.mailslot === BROWSE ? datagram.until : datagram.from);
  sayMessage(context);
  if (context.duplicate) return end - start;
  claimSource(datagram, context);
  claimAnnouncement(browser, context);
  return end - start;
});

function sayMessage(context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  context.tap?.(NAME, datagram.bytes, datagram.start, datagram.end);
  sink.begin(NAME, context);
  sink.int(F.id, datagram.id);
  sink.text(F.type, DATAGRAM_TYPES[datagram.type] ?? '');
  sink.text(F.sourceIp, formatAddress(datagram.bytes, datagram.sourceIpAt, 4));
  sink.text(F.source, netbiosLabel(datagram.source, 0));
  sink.text(F.destination, netbiosLabel(datagram.destination, 0));
  if (datagram.mailslot !== '') sink.text(F.mailslot, datagram.mailslot);
  if (browser.command !== -1) sink.text(F.command, COMMANDS[browser.command] ?? String(browser.command));
  if (browser.server !== '') sink.text(F.server, browser.server);
  if (browser.version !== '') sink.text(F.version, browser.version);
  if (browser.serverType !== -1) sink.int(F.serverType, browser.serverType);
  if (browser.comment !== '') sink.text(F.comment, browser.comment);
  sink.end();
}

export const nbdgm: Protocol = {
  name: NAME,
  worth: 1,
  ports: [{ transport: 'udp', port: 138 }],
  limits: {},
  messages: F,
  details: {},
  activities: [],
  probe(bytes, start, end, _direction, transport, hinted) {
    if (transport !== 'udp' || !hinted || end - start <= HEADER) return 'no';
    return DATAGRAM_TYPES[u8(bytes, start)] !== undefined ? 'yes' : 'no';
  },
  open: () => conversation,
};
