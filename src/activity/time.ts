// RFC 3339 times with nanoseconds. The text of a second is made once and kept: activities come in order of time.
import { Piece } from '../bytes/piece.ts';

/** The last second of the year 9999: captures with damaged clocks say later times, RFC 3339 cannot. */
const LAST_SECOND = 253_402_300_799;

let second = -1;
let text = '';
let pieceOf = -1;
let piece = new Piece('');

/** `2026-11-20T21:26:45.` */
function secondText(seconds: number): string {
  if (seconds !== second) {
    second = seconds;
    text = new Date(Math.min(seconds, LAST_SECOND) * 1000).toISOString().slice(0, 20);
  }
  return text;
}

/** `2026-11-20T21:26:45.511989000Z`. */
export const isoTime = (seconds: number, nanoseconds: number): string =>
  `${secondText(seconds)}${String(nanoseconds).padStart(9, '0')}Z`;

/** What a quoted time begins with, up to its decimal point: `"2026-11-20T21:26:45.`. */
export function quotedSecond(seconds: number): Piece {
  if (seconds !== pieceOf) {
    pieceOf = seconds;
    piece = new Piece(`"${secondText(seconds)}`);
  }
  return piece;
}
