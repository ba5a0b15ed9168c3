// NTLM inside a carrier: three messages (MS-NLMP 1.3.1.1), then the carrier's verdict. Kept are names and a keyed id of the
// challenge; never the challenge, a response or a key.
import { BAD_VALUE, type Reason } from '../../bytes/reason.ts';
import type { Context, Direction, Identity, Outcome } from '../contract.ts';
import { type ActivityType, type Field, ITEM } from '../fields.ts';
import { began, endedNow } from '../moments.ts';
import { idText, secretId } from '../run-key.ts';
import { splitUpn } from '../upn.ts';
import { detailFields as F } from './fields.ts';
import { sayMessage } from './messages.ts';
import { AUTHENTICATE, CHALLENGE, FLAG_NAMES } from './names.ts';
import { NtlmMessage } from './wire.ts';

export const LOGON: ActivityType = {
  type: 'ntlm.logon',
  protocol: 'ntlm',
  help: 'NTLM logon inside a carrier; the carrier tells how it ended.',
};

/** What the server said of itself in its CHALLENGE. */
interface Server {
  challengeId: number;
  targetName: string;
  nbComputerName: string;
  nbDomainName: string;
  dnsComputerName: string;
  dnsDomainName: string;
  dnsTreeName: string;
  version: string;
}

/** What the client said in its AUTHENTICATE. */
interface Client {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly direction: Direction;
  readonly workstation: string;
  readonly flags: number;
  readonly responseVersion: string;
  readonly hasMic: boolean;
  readonly channelBindings: boolean;
  readonly targetSpn: string;
  readonly version: string;
}

const message = new NtlmMessage();

export class CarriedNtlm {
  /** The account of the AUTHENTICATE message; null before it. */
  identity: Identity | null = null;
  #server: Server | null = null;
  #client: Client | null = null;

  /** Whether an AUTHENTICATE waits for the carrier's verdict. */
  get waiting(): boolean {
    return this.#client !== null;
  }

  /** One message in context.direction. */
  message(bytes: Uint8Array, start: number, end: number, context: Context): Reason {
    const reason = message.bind(bytes, start, end);
    if (message.type === 0 || reason === BAD_VALUE) return reason;
    sayMessage(message, context);
    if (message.type === CHALLENGE && message.challengeFrom !== 0) this.#challenge(bytes, context);
    else if (message.type === AUTHENTICATE) this.#authenticate(context);
    return reason;
  }

  #challenge(bytes: Uint8Array, context: Context): void {
    const { info } = message;
    this.#client = null;
    this.#server = {
      challengeId: secretId(bytes, message.challengeFrom, message.challengeFrom + 8),
      targetName: message.target,
      nbComputerName: info.nbComputerName,
      nbDomainName: info.nbDomainName,
      dnsComputerName: info.dnsComputerName,
      dnsDomainName: info.dnsDomainName,
      dnsTreeName: info.dnsTreeName,
      version: message.version,
    };
    const name = info.dnsComputerName || info.nbComputerName;
    if (name !== '')
      context.claims.sender(
        context.direction,
        name,
        info.dnsDomainName || info.nbDomainName,
        'ntlm-challenge',
        context,
        osOf(message.version),
      );
  }

  #authenticate(context: Context): void {
    const { user, domain, workstation, info } = message;
    this.#client = {
      frame: context.frame,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      direction: context.direction,
      workstation,
      flags: message.flags,
      responseVersion: message.responseVersion,
      hasMic: message.hasMic,
      channelBindings: info.channelBindings,
      targetSpn: info.targetName,
      version: message.version,
    };
    this.identity = message.isAnonymous ? { name: '', domain: '', kind: 'anonymous', ticket: 0 } : identityOf(user, domain);
    if (workstation !== '')
      context.claims.sender(context.direction, workstation, '', 'ntlm-workstation', context, osOf(message.version));
  }

  /** The carrier's verdict: says the logon, if there was one. */
  finish(carrier: string, outcome: Outcome, reason: string, context: Context): void {
    const client = this.#client;
    const server = this.#server;
    this.#client = null;
    if (client === null || context.activities === null) return;
    const sink = context.activities;
    const e = sink.envelope(LOGON, context);
    began(e, client);
    e.carrier = carrier;
    e.account = this.identity;
    e.target = client.targetSpn || server?.dnsComputerName || server?.nbComputerName || '';
    e.outcome = outcome;
    e.reason = reason;
    e.logon = this.identity?.kind !== 'anonymous';
    // A null session has no credentials that could be validated.
    e.mdi = outcome === 'failure' ? 'Failed logon' : outcome === 'success' && e.logon ? 'Credentials validation' : '';
    if (outcome !== 'unanswered') {
      endedNow(e, context);
    }
    sink.begin(e, context);
    const text = (field: Field, value: string): void => {
      if (value !== '') sink.text(field, value);
    };
    if (server !== null) sink.text(F.challengeId, idText(server.challengeId));
    text(F.workstation, client.workstation);
    text(F.ntlmVersion, client.responseVersion);
    sink.list(F.flags);
    for (const [flag, name] of FLAG_NAMES) if ((client.flags & flag) !== 0) sink.text(ITEM, name);
    sink.endList();
    sink.bool(F.hasMic, client.hasMic);
    sink.bool(F.channelBindings, client.channelBindings);
    text(F.clientVersion, client.version);
    text(F.targetSpn, client.targetSpn);
    if (server !== null) {
      text(F.serverVersion, server.version);
      text(F.targetName, server.targetName);
      text(F.nbComputerName, server.nbComputerName);
      text(F.nbDomainName, server.nbDomainName);
      text(F.dnsComputerName, server.dnsComputerName);
      text(F.dnsDomainName, server.dnsDomainName);
      text(F.dnsTreeName, server.dnsTreeName);
    }
    sink.end();
  }
}

/** Windows versions count from 5 on; 6.1.0 without a build is what Samba says. */
const osOf = (version: string): string => (version === '' || version.endsWith('.0') ? '' : `Windows ${version}`);

/** A user principal name comes in one piece, without a domain beside it (MS-NLMP 2.2.1.3 leaves the form to the client). */
function identityOf(user: string, domain: string): Identity {
  const [name, suffix] = domain === '' ? splitUpn(user) : [user, domain];
  return { name, domain: suffix, kind: name.endsWith('$') ? 'computer' : 'user', ticket: 0 };
}
