// The netlogon ping over CLDAP (MS-ADTS 6.3.3) and its answer NETLOGON_SAM_LOGON_RESPONSE_EX (6.3.1.9).
import { u8, u16le, u32le } from '../../bytes/read.ts';
import { utf8 } from '../../bytes/text.ts';

/** LOGON_SAM_LOGON_RESPONSE_EX and its variants for unknown users (6.3.1.3). */
const RESPONSE_EX = [23, 24, 25];
const NAMES_AT = 24;
const MAX_LABELS = 64;

export interface Ping {
  readonly dnsDomain: string;
  readonly host: string;
  readonly user: string;
  readonly ntVersion: string;
}

/** Terms of the ping's filter, which is always a flat AND; null when it is no ping. */
export function pingOf(filter: string): Ping | null {
  const terms = new Map<string, string>();
  for (const [, name = '', value = ''] of filter.matchAll(/\(([A-Za-z]+)=([^()]*)\)/g)) terms.set(name.toLowerCase(), value);
  if (!terms.has('ntver') && !terms.has('dnsdomain')) return null;
  return {
    dnsDomain: (terms.get('dnsdomain') ?? '').replace(/\.$/, ''),
    host: terms.get('host') ?? '',
    user: terms.get('user') ?? '',
    ntVersion: terms.get('ntver') ?? '',
  };
}

export interface NetlogonAnswer {
  readonly opcode: number;
  readonly flags: number;
  readonly forest: string;
  readonly domain: string;
  readonly dcName: string;
  readonly netbiosDomain: string;
  readonly netbiosComputer: string;
  readonly user: string;
  readonly dcSite: string;
  readonly clientSite: string;
}

/** The answer in [from, until), or null when it is of another form. */
export function netlogonAnswer(bytes: Uint8Array, from: number, until: number): NetlogonAnswer | null {
  if (until - from < NAMES_AT) return null;
  const opcode = u16le(bytes, from);
  if (!RESPONSE_EX.includes(opcode)) return null;
  const texts: string[] = [];
  let at = from + NAMES_AT;
  for (let i = 0; i < 8 && at >= 0 && at < until; i++) {
    const { text, next } = nameAt(bytes, from, at, until);
    texts.push(text);
    at = next;
  }
  const [
    forest = '',
    domain = '',
    dcName = '',
    netbiosDomain = '',
    netbiosComputer = '',
    user = '',
    dcSite = '',
    clientSite = '',
  ] = texts;
  return {
    opcode,
    flags: u32le(bytes, from + 4),
    forest,
    domain,
    dcName,
    netbiosDomain,
    netbiosComputer: netbiosComputer.replace(/^\\\\/, ''),
    user,
    dcSite,
    clientSite,
  };
}

/** A name compressed as in RFC 1035 4.1.4; pointers count from the structure's start and must point backwards. */
function nameAt(bytes: Uint8Array, start: number, at: number, until: number): { text: string; next: number } {
  let text = '';
  let from = at;
  let next = -1;
  let bound = at;
  for (let labels = 0; labels < MAX_LABELS && from < until; labels++) {
    const size = u8(bytes, from);
    if (size === 0) return { text, next: next === -1 ? from + 1 : next };
    if (size >= 0xc0) {
      if (from + 2 > until) break;
      const target = start + (((size & 0x3f) << 8) | u8(bytes, from + 1));
      if (next === -1) next = from + 2;
      if (target >= bound) break;
      bound = target;
      from = target;
      continue;
    }
    if (from + 1 + size > until) break;
    text += `${text === '' ? '' : '.'}${utf8(bytes, from + 1, from + 1 + size)}`;
    from += 1 + size;
  }
  return { text, next: -1 };
}
