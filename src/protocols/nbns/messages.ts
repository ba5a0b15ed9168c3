// One line a NetBIOS name service message, for `--emit messages`.
import { netbiosLabel } from '../../bytes/netbios-name.ts';
import { macText } from '../../bytes/text.ts';
import { formatAddress } from '../../ip/address.ts';
import type { Context } from '../contract.ts';
import { ITEM } from '../fields.ts';
import { messageFields as F, nameFields } from './fields.ts';
import { nbnsLimits as limits } from './limits.ts';
import { ANSWER_KINDS } from './names.ts';
import type { NbnsMessage } from './wire.ts';

export const NAME = 'nbns';

export function sayMessage(message: NbnsMessage, context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  const { bytes } = message;
  context.tap?.(NAME, bytes, message.start, message.end);
  sink.begin(NAME, context);
  sink.int(F.id, message.id);
  sink.int(F.response, message.isResponse ? 1 : 0);
  sink.int(F.opcode, message.opcode);
  if (message.isResponse) sink.int(F.rcode, message.rcode);
  if (message.hasName) sink.text(F.name, message.label);
  const type = ANSWER_KINDS[message.type];
  if (type !== undefined) sink.text(F.type, type);
  if (message.addresses > 0) {
    sink.list(F.addresses);
    for (let i = 0; i < message.addresses && i < limits.addresses.value; i++)
      sink.text(ITEM, formatAddress(bytes, message.addressAt(i), 4));
    sink.endList();
    sink.bool(F.group, message.isGroup(0));
  }
  if (message.names > 0) {
    sink.list(F.names);
    for (let i = 0; i < message.names; i++) {
      sink.open(ITEM);
      sink.text(nameFields.name, netbiosLabel(bytes, message.nameAt(i)));
      sink.bool(nameFields.group, message.isGroupName(i));
      sink.close();
    }
    sink.endList();
    if (message.unitIdAt !== 0) sink.text(F.mac, macText(bytes, message.unitIdAt));
  }
  sink.end();
}
