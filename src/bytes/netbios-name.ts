// NetBIOS names as they stand in packets: 16 bytes, each as two letters (RFC 1001 14.1), the last of them the kind of the name.
import { u8 } from './read.ts';
import { latin1 } from './text.ts';

/** Bytes of an encoded name, without its length and its scope. */
export const ENCODED_NAME = 32;
/** Bytes of a name with its suffix. */
export const NETBIOS_NAME = 16;
/** Kinds of names (MS-NBTE 1.8): workstation or domain, messenger (a user), file server. */
export const WORKSTATION = 0x00;
export const FILE_SERVER = 0x20;

const A = 0x41;

/** Bytes that an encoded name and its scope take from `at`; 0 when it is none. Scopes do not use compression here. */
export function encodedNameLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 + ENCODED_NAME + 1 > end || u8(bytes, at) !== ENCODED_NAME) return 0;
  let next = at + 1 + ENCODED_NAME;
  for (;;) {
    if (next >= end) return 0;
    const label = u8(bytes, next);
    if (label === 0) return next + 1 - at;
    if (label > 63) return 0;
    next += 1 + label;
  }
}

/** Decodes the 32 letters at `at` into 16 bytes; false when they are not letters of the alphabet A to P. */
export function decodeNetbiosName(bytes: Uint8Array, at: number, into: Uint8Array): boolean {
  for (let i = 0; i < NETBIOS_NAME; i++) {
    const high = u8(bytes, at + 2 * i) - A;
    const low = u8(bytes, at + 1 + 2 * i) - A;
    if (high < 0 || high > 15 || low < 0 || low > 15) return false;
    into[i] = (high << 4) | low;
  }
  return true;
}

/** Text of the 15 bytes of a name at `at`, ISO 8859-1, without the spaces behind it; what cannot be printed as `<01>`. */
export function netbiosText(bytes: Uint8Array, at: number): string {
  const end = endOfName(bytes, at);
  let out = '';
  for (let i = at; i < end; i++) {
    const c = u8(bytes, i);
    out += c < 0x20 || c >= 0x7f ? `<${c.toString(16).padStart(2, '0')}>` : String.fromCharCode(c);
  }
  return out;
}

function endOfName(bytes: Uint8Array, at: number): number {
  let end = at + NETBIOS_NAME - 1;
  while (end > at && u8(bytes, end - 1) === 0x20) end--;
  return end;
}

/** The name with its suffix, as it is usually printed: `WS1<20>`. */
export const netbiosLabel = (bytes: Uint8Array, at: number): string =>
  `${netbiosText(bytes, at)}<${u8(bytes, at + NETBIOS_NAME - 1)
    .toString(16)
    .padStart(2, '0')}>`;

/** The name of the computer that the 16 bytes at `at` name; empty when they name a group, a service or a user. */
export function netbiosComputer(bytes: Uint8Array, at: number): string {
  const suffix = u8(bytes, at + NETBIOS_NAME - 1);
  return suffix === WORKSTATION || suffix === FILE_SERVER ? hostText(latin1(bytes, at, endOfName(bytes, at))) : '';
}

/** The text when a computer can be called so (`*SMBSERVER` asks for any server); empty otherwise. */
export const hostText = (name: string): string => (/^[^\s\p{Cc}*"/\\[\]:|<>+=;,?]+$/u.test(name) ? name : '');
