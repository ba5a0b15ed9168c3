// One line an NTLM message, for `--emit messages`. Challenge and responses are never written.
import type { Context } from '../contract.ts';
import type { Field } from '../fields.ts';
import { messageFields as F } from './fields.ts';
import {
  AUTHENTICATE,
  CHALLENGE,
  MESSAGE_NAMES,
  MsvAvDnsComputerName,
  MsvAvDnsDomainName,
  MsvAvDnsTreeName,
  MsvAvNbComputerName,
  MsvAvNbDomainName,
} from './names.ts';
import type { NtlmMessage } from './wire.ts';

/** NTLM is no ASN.1: whoever taps gets its turn, but no bytes. */
const NO_SCHEMA = new Uint8Array(0);

export function sayMessage(message: NtlmMessage, context: Context): void {
  const sink = context.messages;
  if (sink === null) return;
  const { info } = message;
  context.tap?.('ntlm', NO_SCHEMA, 0, 0);
  sink.begin('ntlm', context);
  const text = (field: Field, value: string): void => {
    if (value !== '') sink.text(field, value);
  };
  sink.text(F.msgType, MESSAGE_NAMES[message.type] ?? String(message.type));
  text(F.domain, message.domain);
  text(F.user, message.user);
  text(F.workstation, message.workstation);
  if (message.type === CHALLENGE) {
    text(F.targetName, message.target);
    for (const [id, field, value] of [
      [MsvAvNbComputerName, F.nbComputerName, info.nbComputerName],
      [MsvAvNbDomainName, F.nbDomainName, info.nbDomainName],
      [MsvAvDnsComputerName, F.dnsComputerName, info.dnsComputerName],
      [MsvAvDnsDomainName, F.dnsDomainName, info.dnsDomainName],
      [MsvAvDnsTreeName, F.dnsTreeName, info.dnsTreeName],
    ] as const)
      if ((info.seen & (1 << id)) !== 0) sink.text(field, value);
  }
  sink.int(F.flags, message.flags);
  text(F.version, message.version);
  if (message.type === AUTHENTICATE) {
    text(F.ntlmVersion, message.responseVersion);
    sink.bool(F.hasMic, message.hasMic);
    text(F.targetSpn, info.targetName);
  }
  sink.end();
}
