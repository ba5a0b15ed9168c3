// Where NetBIOS datagrams are cut (RFC 1002 4.4): what is refused is counted by its reason.
import { expect, it } from 'vitest';
import { BAD_TAG, BAD_VALUE, OK, SHORT } from '../../../src/bytes/reason.ts';
import { Datagram } from '../../../src/protocols/nbdgm/wire.ts';

/** A name in letters (RFC 1001 14.1), with its length before and no scope behind. */
const name = (text: string): Buffer => {
  const letters = [...Buffer.from(text.padEnd(16))].flatMap((byte) => [0x41 + (byte >> 4), 0x41 + (byte & 15)]);
  return Buffer.from([32, ...letters, 0]);
};
/** Type, flags, identification, source, port, length, offset: 14 bytes, and two names. */
const whole = Buffer.concat([Buffer.from('11020001c0a80001008a00440000', 'hex'), name('WS1'), name('LAB')]);

it.each([
  [whole.length, OK],
  [whole.length - 1, BAD_VALUE],
  [14, BAD_VALUE],
  [13, SHORT],
  [0, SHORT],
])('cut at %i', (length, reason) => {
  // Packets stand anywhere in a slot.
  for (const start of [0, 64]) {
    const slot = Buffer.alloc(256, 0x11);
    whole.copy(slot, start, 0, length);
    expect(new Datagram().bind(slot, start, start + length)).toBe(reason);
  }
});

it('is none of a type that carries no data', () => {
  const error = Buffer.from(whole);
  error[0] = 0x13;
  expect(new Datagram().bind(error, 0, error.length)).toBe(BAD_TAG);
});
