// NTLM over RPC (TCP 135): a bind to the endpoint mapper that offers NTLM; the answer's CHALLENGE names the computer. The third
// message is never sent, so nobody authenticates. MS-RPCE 2.2.2.13, C706 12.6.4.3, MS-NLMP 2.2.1.1 and 2.2.1.2.
import { BAD_TAG, OK, REASON_NAMES } from '../../bytes/reason.ts';
import { BIND_ACK, BIND_NAK, FAULT } from '../../protocols/dcerpc/names.ts';
import { HEADER, PduHeader, Verifier } from '../../protocols/dcerpc/wire.ts';
import { CHALLENGE } from '../../protocols/ntlm/names.ts';
import { NtlmMessage } from '../../protocols/ntlm/wire.ts';
import type { Reader, Step } from './dialogue.ts';
import { dnsName, namesOf, netbiosName, noName, type Outcome } from './outcome.ts';
import { TcpAsker, type TcpAskerOptions } from './tcp-asker.ts';

export const RPC_PORT = 135;
/** What Windows offers; a bind_ack must fit (C706 12.6.3.6). */
const FRAGMENT_BYTES = 5840;
const CALL_ID = 1;
const AUTH_WINNT = 10;
const TARGET_TYPE_SERVER = 0x0002_0000;

/**
 * A bind of one context: endpoint mapper 3.0 over NDR 2.0, with an NTLM NEGOTIATE at level "connect". 120 bytes.
 * The NEGOTIATE asks for UNICODE, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, VERSION, 128 and 56.
 */
export const bindRequest = (): Uint8Array =>
  Buffer.from(
    // Version 5.0, bind, first and last fragment, little-endian, 120 bytes of which 40 are the token, call 1.
    '05000b0310000000' +
      '7800280001000000' +
      // Fragments of 5840 bytes both ways, no association, one context.
      'd016d01600000000' +
      '01000000' +
      '00000100' +
      '0883afe11f5dc91191a408002b14a0fa03000000' +
      '045d888aeb1cc9119fe808002b10486002000000' +
      // sec_trailer: WINNT, connect, no padding, context 0.
      '0a02000000000000' +
      // NEGOTIATE: flags 0xa2088205, no domain, no workstation, version 10.0 revision 15.
      '4e544c4d53535000' +
      '01000000' +
      '058208a2' +
      '0000000000000000' +
      '0000000000000000' +
      '0a0000000000000f',
    'hex',
  );

/** Reads the answer to bindRequest(). */
export class BindAnswer implements Reader {
  readonly first = bindRequest();
  readonly need = HEADER;

  read(bytes: Uint8Array): Step {
    const reason = header.bind(bytes, 0, bytes.length);
    if (reason !== OK)
      return { outcome: noName('malformed', reason === BAD_TAG ? 'no DCE/RPC' : `DCE/RPC ${REASON_NAMES[reason]}`) };
    const { fragLength } = header;
    if (fragLength > FRAGMENT_BYTES) return { outcome: noName('too-long', `a fragment of ${fragLength} bytes`) };
    if (bytes.length < fragLength) return { taken: 0, need: fragLength };
    return { outcome: readBindAck(bytes, fragLength) };
  }
}

const header = new PduHeader();
const verifier = new Verifier();
const message = new NtlmMessage();

/** What the whole PDU in [0, end) says, its header being read. */
function readBindAck(bytes: Uint8Array, end: number): Outcome {
  if (header.callId !== CALL_ID) return noName('malformed', `answers call ${header.callId}`);
  if (header.ptype === BIND_NAK) return noName('no-name', `bind_nak, reason ${header.rejectReason(bytes, 0, end)}`);
  if (header.ptype === FAULT) return noName('no-name', `fault 0x${header.faultStatus(bytes, 0, end).toString(16)}`);
  if (header.ptype !== BIND_ACK) return noName('malformed', `PDU type ${header.ptype} for a bind`);
  if (header.authLength === 0) return noName('no-name', 'bind_ack without NTLM');
  const refused = verifier.bind(header, bytes, 0, end);
  if (refused !== OK) return noName('malformed', `verifier ${REASON_NAMES[refused]}`);
  if (verifier.authType !== AUTH_WINNT) return noName('no-name', `bind_ack with authentication type ${verifier.authType}`);
  const reason = message.bind(bytes, verifier.from, verifier.until);
  if (reason !== OK || message.type !== CHALLENGE)
    return noName('malformed', reason === OK ? `NTLM message type ${message.type}` : `CHALLENGE ${REASON_NAMES[reason]}`);
  return challengeNames(message);
}

function challengeNames({ info, target, flags, version }: NtlmMessage): Outcome {
  const isServerName = (flags & TARGET_TYPE_SERVER) !== 0;
  const netbios = netbiosName(info.nbComputerName) || (isServerName ? netbiosName(target) : '');
  const dns = dnsName(info.dnsComputerName);
  if (netbios === '' && dns === '') return noName('no-name', 'CHALLENGE without a computer name');
  // Outside a domain Windows gives the computer's own name as the domain.
  const netbiosDomain = netbiosName(info.nbDomainName);
  const dnsDomain = dnsName(info.dnsDomainName);
  return {
    names: namesOf({
      netbios,
      dns,
      netbiosDomain: netbiosDomain === netbios ? '' : netbiosDomain,
      dnsDomain: dnsDomain === dns ? '' : dnsDomain,
      os: version === '' ? '' : `Windows ${version}`,
    }),
    evidence: `CHALLENGE in bind_ack: ${[info.nbComputerName === '' ? 'TargetName' : 'MsvAvNbComputerName', dns === '' ? '' : 'MsvAvDnsComputerName'].filter(Boolean).join(', ')}`,
  };
}

export class NtlmRpcAsker extends TcpAsker {
  constructor(options: TcpAskerOptions) {
    super('ntlm-rpc', RPC_PORT, () => new BindAnswer(), options);
  }
}
