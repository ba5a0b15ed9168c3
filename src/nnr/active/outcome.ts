// How a look-up ends, and how that becomes an answer. Names are a stranger's input: what cannot be a name is no name.
import type { ActiveMethod, Answer, Names, NoNameReason } from '../answer.ts';
import { NETBIOS_CHARACTERS, upperCase } from '../names.ts';

export type Outcome =
  | { readonly names: Names; readonly evidence: string; readonly isConfirmed?: boolean }
  | { readonly reason: NoNameReason; readonly evidence: string };

export const noName = (reason: NoNameReason, evidence: string): Outcome => ({ reason, evidence });

const NOTHING: Names = { netbios: '', dns: '', netbiosDomain: '', dnsDomain: '', os: '', mac: '', users: [] };

/** Names with what is not said left empty. */
export const namesOf = (said: Partial<Names>): Names => ({ ...NOTHING, ...said });

/** The answer that an outcome amounts to; `started` is performance.now() of the question. */
export function answerOf(method: ActiveMethod, address: string, started: number, outcome: Outcome): Answer {
  const isNamed = 'names' in outcome;
  return {
    method,
    address,
    at: Date.now() / 1000,
    milliseconds: Math.round((performance.now() - started) * 1000) / 1000,
    names: isNamed ? outcome.names : null,
    reason: isNamed ? '' : outcome.reason,
    evidence: outcome.evidence.replaceAll(/\p{C}/gu, '?'),
    isConfirmed: isNamed && outcome.isConfirmed === true,
  };
}

/** Characters of a DNS name in presentation form without the last dot (RFC 1035 2.3.4). */
const DNS_CHARACTERS = 253;

/** A NetBIOS name as Windows shows it: upper case, without padding; empty when it cannot be one. */
export function netbiosName(text: string): string {
  const name = text.trim();
  // MS-NBTE 2.2.1 and the naming conventions of Active Directory; user names have the same bounds.
  return name.length <= NETBIOS_CHARACTERS && /^[^\p{C}\p{Z}\ufffd\\/:*?"<>|]+$/u.test(name) ? upperCase(name) : '';
}

/** A DNS host name: lower case, without the last dot; empty when it cannot be one. Active Directory allows letters of any script. */
export function dnsName(text: string): string {
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  const isName =
    name.length <= DNS_CHARACTERS &&
    name
      .split('.')
      .every((label) => label.length <= 63 && /^[\p{L}\p{N}_]([\p{L}\p{N}\p{M}_-]*[\p{L}\p{N}\p{M}_])?$/u.test(label));
  // Four numbers are an address, not a name.
  return isName && !/^[\d.]+$/.test(name) ? name : '';
}
