// The 48 bytes of SNTP (RFC 4330 section 4, RFC 5905 section 7.3): a request, and what an answer says.

export const MESSAGE_BYTES = 48;
export const COOKIE_BYTES = 8;

/** Offsets of the fields that are used. */
const STRATUM = 1;
const REFERENCE_ID = 12;
const ORIGINATE = 24;
const RECEIVE = 32;
const TRANSMIT = 40;

const VERSION = 4;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
/** Leap indicator of a server whose own clock is not synchronised. */
const ALARM = 3;
const MAX_STRATUM = 15;

/** Seconds from 1900 to 1970, and from 2036-02-07T06:28:16Z, where the 32 bits begin again, back to 1970. */
const UNIX_IN_ERA_0 = 2_208_988_800;
const UNIX_IN_ERA_1 = 2 ** 32 - UNIX_IN_ERA_0;

export interface Answer {
  /** When the request came in and when the answer left, by the server's clock: milliseconds since 1970. */
  readonly received: number;
  readonly sent: number;
  /** 1 is a server with a clock of its own; 0 an unspecified one. */
  readonly stratum: number;
  /** Whether the server says that its own clock is right. */
  readonly synchronised: boolean;
}

/** Why an answer is none. A kiss-o'-death (RFC 5905 section 7.4) carries its code, such as `RATE`. */
export type Refusal = 'short' | 'not-a-server' | 'not-ours' | 'no-time' | `kiss ${string}`;

/**
 * A request. Its transmit timestamp is a random cookie instead of a time: a server gives it back unread, which ties the answer to
 * this request, and nothing of this machine's clock is told (RFC 4330 section 5 permits any value).
 */
export function writeRequest(cookie: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  bytes[0] = (VERSION << 3) | MODE_CLIENT;
  bytes.set(cookie.subarray(0, COOKIE_BYTES), TRANSMIT);
  return bytes;
}

/** Which of the cookies the answer gives back; -1 for none of them. */
export function cookieOf(bytes: Uint8Array, cookies: readonly Uint8Array[]): number {
  if (bytes.length < MESSAGE_BYTES) return -1;
  return cookies.findIndex((cookie) => cookie.every((byte, i) => bytes[ORIGINATE + i] === byte));
}

/** Reads an answer; `isOurs` says whether it gave back a cookie. Trailing bytes (extensions, a MAC) are not looked at. */
export function readAnswer(bytes: Uint8Array, isOurs: boolean): Answer | Refusal {
  if (bytes.length < MESSAGE_BYTES) return 'short';
  const view = new DataView(bytes.buffer, bytes.byteOffset, MESSAGE_BYTES);
  const first = view.getUint8(0);
  const version = (first >> 3) & 7;
  if ((first & 7) !== MODE_SERVER || version === 0 || version > VERSION) return 'not-a-server';
  if (!isOurs) return 'not-ours';
  const stratum = view.getUint8(STRATUM);
  if (stratum === 0) {
    const code = String.fromCharCode(...bytes.subarray(REFERENCE_ID, REFERENCE_ID + 4));
    if (/^[A-Z0-9]{4}$/.test(code)) return `kiss ${code}`;
  }
  const received = time(view, RECEIVE);
  const sent = time(view, TRANSMIT);
  if (received === null || sent === null) return 'no-time';
  return { received, sent, stratum, synchronised: first >> 6 !== ALARM && stratum > 0 && stratum <= MAX_STRATUM };
}

/** A 64-bit timestamp as milliseconds since 1970, by the era rule of RFC 4330 section 3; all zero is no time. */
function time(view: DataView, at: number): number | null {
  const seconds = view.getUint32(at);
  const fraction = view.getUint32(at + 4);
  if (seconds === 0 && fraction === 0) return null;
  const unix = seconds >= 2 ** 31 ? seconds - UNIX_IN_ERA_0 : seconds + UNIX_IN_ERA_1;
  return (unix + fraction / 2 ** 32) * 1000;
}
