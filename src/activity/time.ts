// RFC 3339 times with nanoseconds. The text of a second is made once and kept: activities come in order of time.

/** The last second of the year 9999: captures with damaged clocks say later times, RFC 3339 cannot. */
const LAST_SECOND = 253_402_300_799;

/** Length of `2026-11-20T21:26:45.` */
export const SECOND_BYTES = 20;

let second = -1;
let text = '';
let bytesOf = -1;
const bytes = new Uint8Array(SECOND_BYTES);

/** `2026-11-20T21:26:45.511989000Z`. */
export function isoTime(seconds: number, nanoseconds: number): string {
  if (seconds !== second) {
    second = seconds;
    text = new Date(Math.min(seconds, LAST_SECOND) * 1000).toISOString().slice(0, 20);
  }
  return `${text}${String(nanoseconds).padStart(9, '0')}Z`;
}

/** The text of a second up to its decimal point, as bytes; they change with the next call. */
export function secondBytes(seconds: number): Uint8Array {
  if (seconds !== bytesOf) {
    bytesOf = seconds;
    const iso = isoTime(seconds, 0);
    for (let i = 0; i < SECOND_BYTES; i++) bytes[i] = iso.charCodeAt(i);
  }
  return bytes;
}
