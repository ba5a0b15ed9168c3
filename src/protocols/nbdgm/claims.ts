// What NetBIOS datagrams tell of their senders: the name they send by, and what they announce (MS-BRWS 2.2).
import { hostText, netbiosComputer } from '../../bytes/netbios-name.ts';
import { u32be } from '../../bytes/read.ts';
import type { Context } from '../contract.ts';
import * as names from './names.ts';
import type { BrowserMessage, Datagram } from './wire.ts';

/** The name in the header, for the address in the header: behind a relay that is not the packet's own. */
export function claimSource(datagram: Datagram, context: Context): void {
  const name = netbiosComputer(datagram.source, 0);
  const at = datagram.sourceIpAt;
  if (name !== '' && u32be(datagram.bytes, at) !== 0)
    context.claims.address(datagram.bytes, at, 4, name, '', 'netbios-datagram', context);
}

export function claimAnnouncement(message: BrowserMessage, context: Context): void {
  const { command } = message;
  if (command === names.DOMAIN_ANNOUNCEMENT) {
    // It names the domain and, as its comment, the computer that speaks for it.
    const master = hostText(message.comment);
    if (master !== '') context.claims.sender(context.direction, master, message.server, 'browser', context);
    return;
  }
  const isOwnName =
    command === names.HOST_ANNOUNCEMENT ||
    command === names.LOCAL_MASTER_ANNOUNCEMENT ||
    command === names.ANNOUNCEMENT_REQUEST ||
    command === names.ELECTION;
  const name = isOwnName ? hostText(message.server) : '';
  if (name !== '') context.claims.sender(context.direction, name, '', 'browser', context, osOf(message));
}

/** Samba announces a version of Windows too, and says beside it what it runs on. */
function osOf(message: BrowserMessage): string {
  if (message.serverType < 0) return '';
  if ((message.serverType & names.SERVER_UNIX) !== 0) return 'Unix';
  return (message.serverType & names.SERVER_NT) !== 0 ? `Windows ${message.version}` : '';
}
