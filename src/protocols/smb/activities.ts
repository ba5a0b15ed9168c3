// What an SMB1 logon without NTLMSSP means to the reader. All other logons over SMB are said by the ntlm and kerberos rooms.
import type { ActivitySink, Context } from '../contract.ts';
import type { ActivityType } from '../fields.ts';
import { began, endedNow } from '../moments.ts';
import { detailFields as F } from './fields.ts';
import type { Logon, Strings } from './logon.ts';

export const LOGON: ActivityType = {
  type: 'smb.logon',
  protocol: 'smb',
  help: 'Logon in an SMB1 session setup without extended security.',
};

/** A finished logon; `outcome` is null when no answer came. */
export function sayLogon(
  sink: ActivitySink,
  logon: Logon,
  outcome: 'success' | 'failure' | null,
  reason: string,
  isGuest: boolean,
  said: Strings | null,
  context: Context,
): void {
  const e = sink.envelope(LOGON, context);
  began(e, logon);
  e.outcome = outcome ?? 'unanswered';
  e.reason = reason;
  const { account, domain } = logon;
  const kind = account === '' ? 'anonymous' : account.endsWith('$') ? 'computer' : 'user';
  e.account = { name: account, domain, kind, ticket: 0 };
  if (outcome !== null) {
    endedNow(e, context);
  }
  // A guest was let in without having proven who it is.
  e.logon = outcome === 'success' && !isGuest && account !== '';
  e.mdi = outcome === 'failure' ? 'Failed logon' : e.logon ? 'Credentials validation' : '';
  sink.begin(e, context);
  sink.text(F.responseKind, logon.kind);
  if (logon.kind === 'plain') sink.bool(F.clearText, true);
  if (isGuest) sink.bool(F.guest, true);
  if (logon.nativeOs !== '') sink.text(F.nativeOs, logon.nativeOs);
  if (logon.nativeLanMan !== '') sink.text(F.nativeLanMan, logon.nativeLanMan);
  if (said !== null) {
    const [serverOs, serverLanMan] = said.texts;
    if (serverOs !== '') sink.text(F.serverOs, serverOs);
    if (serverLanMan !== '') sink.text(F.serverLanMan, serverLanMan);
  }
  if (logon.retransmissions > 0) sink.int(F.retransmissions, logon.retransmissions);
  sink.end();
}
