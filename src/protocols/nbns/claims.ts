// What the NetBIOS name service tells of addresses: names that hosts register, answers, and node status (RFC 1002 4.2).
import { hostText, NETBIOS_NAME, netbiosComputer, netbiosText, WORKSTATION } from '../../bytes/netbios-name.ts';
import { u8 } from '../../bytes/read.ts';
import { macText } from '../../bytes/text.ts';
import type { Context } from '../contract.ts';
import { hit } from '../limits.ts';
import { nbnsLimits as limits } from './limits.ts';
import * as names from './names.ts';
import type { NbnsMessage } from './wire.ts';

/** Samba has no unit id to tell: it says zeros, and as a domain controller, which registers this name too, anything. */
const NO_MAC = '00:00:00:00:00:00';
const SAMBA = '__SAMBA__';

export function claimNames(message: NbnsMessage, context: Context): void {
  if (message.isResponse && message.rcode !== 0) return;
  if (message.names > 0) claimStatus(message, context);
  else if (message.hasName && message.addresses > 0) claimAddresses(message, context);
}

/** A unique name of a workstation or file server is the computer at the addresses beside it. */
function claimAddresses(message: NbnsMessage, context: Context): void {
  const name = netbiosComputer(message.name, 0);
  const method = methodOf(message);
  if (name === '' || method === '') return;
  for (let i = 0; i < message.addresses; i++) {
    if (i >= limits.addresses.value) {
      hit(limits.addresses);
      return;
    }
    if (!message.isGroup(i)) context.claims.address(message.bytes, message.addressAt(i), 4, name, '', method, context);
  }
}

/** Answers to registrations only repeat them; a release ends a name, not the computer. */
function methodOf(message: NbnsMessage): string {
  switch (message.opcode) {
    case names.OPCODE_QUERY:
      return message.isResponse ? 'nbns-answer' : '';
    case names.OPCODE_REGISTRATION:
    case names.OPCODE_REFRESH:
    case names.OPCODE_REFRESH_ALTERNATIVE:
    case names.OPCODE_MULTIHOMED_REGISTRATION:
      return message.isResponse ? '' : 'nbns-registration';
    default:
      return '';
  }
}

/** The sender's own table of names: the unique workstation name is its computer, the group of that suffix its domain. */
function claimStatus(message: NbnsMessage, context: Context): void {
  const { bytes } = message;
  let computer = '';
  let domain = '';
  let isSamba = false;
  for (let i = 0; i < message.names; i++) {
    const at = message.nameAt(i);
    const isGroup = message.isGroupName(i);
    isSamba ||= isGroup && netbiosText(bytes, at).includes(SAMBA);
    if (u8(bytes, at + NETBIOS_NAME - 1) !== WORKSTATION) continue;
    if (isGroup) domain ||= hostText(netbiosText(bytes, at));
    else computer ||= netbiosComputer(bytes, at);
  }
  const mac = message.unitIdAt === 0 || isSamba ? '' : macText(bytes, message.unitIdAt);
  if (computer !== '')
    context.claims.sender(context.direction, computer, domain, 'netbios-status', context, '', mac === NO_MAC ? '' : mac);
}
