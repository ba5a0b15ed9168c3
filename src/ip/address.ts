// IP addresses as text: dotted decimal, and RFC 5952 for IPv6.
import { u16be, u32be } from '../bytes/read.ts';
import { Address6Cache, AddressCache } from './address-cache.ts';

const texts = new AddressCache((address) =>
  [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff].join('.'),
);

const texts6 = new Address6Cache(compressed);

/** Text of an IPv4 address, given as a number. */
export const dottedDecimal = (address: number): string => texts.of(address);

/** Text of the 4 or 16 bytes at `at`. */
export function formatAddress(bytes: Uint8Array, at: number, length: 4 | 16): string {
  return length === 4 ? dottedDecimal(u32be(bytes, at)) : texts6.of(bytes, at);
}

function compressed(bytes: Uint8Array, at: number): string {
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
