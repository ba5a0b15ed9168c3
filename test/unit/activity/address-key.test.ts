// Keys of addresses: the same from packets and from text, IPv4 never among IPv6.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressHashKey, addressKey, addressKeys } from '../../../src/activity/address-key.ts';
import { formatAddress } from '../../../src/ip/address.ts';

const runKey = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

it.each([4, 16] as const)('is the same for the %i bytes of an address and for its text', (length) => {
  const keyOf = addressKeys(runKey);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (bytes) => {
      const key = addressKey(addressHashKey(runKey), bytes, 0, length);
      expect(keyOf(formatAddress(bytes, 0, length))).toBe(key);
      expect(key >= 2 ** 32).toBe(length === 16);
    }),
  );
});

it('depends on the run for IPv6, and knows what is no address', () => {
  expect(addressKeys(runKey)('fd00::1')).not.toBe(addressKeys(new Uint8Array(16))('fd00::1'));
  expect(addressKeys(runKey)('10.0.0.1')).toBe(0x0a000001);
  expect(addressKeys(runKey)('ws1')).toBe(-1);
});
