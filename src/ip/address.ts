// IP addresses as text: dotted decimal, and RFC 5952 for IPv6.
import { u8, u16be, u32be } from '../bytes/read.ts';

/** Texts of IPv4 addresses seen lately, each at the place that its hash gives: a newcomer takes the place over. */
const KEPT_BITS = 12;
const keptAddress = new Float64Array(1 << KEPT_BITS).fill(-1);
const keptText = new Array<string>(1 << KEPT_BITS).fill('');

/** Text of the 4 or 16 bytes at `at`. */
export function formatAddress(bytes: Uint8Array, at: number, length: 4 | 16): string {
  if (length === 4) return dottedDecimal(bytes, at);
  // The longest run of two or more zero groups becomes "::" (RFC 5952 4.2); of equal ones the first.
  let best = -1;
  let bestLength = 1;
  for (let group = 0; group < 8; ) {
    let run = 0;
    while (group + run < 8 && u16be(bytes, at + 2 * (group + run)) === 0) run++;
    if (run > bestLength) {
      best = group;
      bestLength = run;
    }
    group += run + 1;
  }
  if (best === 0 && bestLength === 5 && u16be(bytes, at + 10) === 0xffff) return `::ffff:${formatAddress(bytes, at + 12, 4)}`;
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === best) {
      text += '::';
      group += bestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += u16be(bytes, at + 2 * group).toString(16);
  }
  return text;
}

function dottedDecimal(bytes: Uint8Array, at: number): string {
  const address = u32be(bytes, at);
  const place = Math.imul(address, 0x9e3779b1) >>> (32 - KEPT_BITS);
  if (keptAddress[place] !== address) {
    keptAddress[place] = address;
    keptText[place] = `${u8(bytes, at)}.${u8(bytes, at + 1)}.${u8(bytes, at + 2)}.${u8(bytes, at + 3)}`;
  }
  return keptText[place]!;
}
