// Addresses as text. The examples of the second table are those of RFC 5952 sections 1 to 5; what is no address was checked
// with inet_pton(3).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/ip/address.ts';
import { parseAddress } from '../../../src/ip/parse-address.ts';

const format = (address: Uint8Array): string => formatAddress(address, 0, address.length === 4 ? 4 : 16);

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['1:0:0:2:0:0:0:0', '1:0:0:2::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is written %s', (text, expected) => {
    expect(format(parseAddress(text)!)).toBe(expected);
  });

  it.each([
    ...['', '10.0.0', '10.0.0.0.1', '10.0.0.256', '10.0.0.01', '1e1.0.0.0', ' 10.0.0.1', '10.0.0.1/8', 'localhost'],
    ...[':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', ':1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:'],
    ...['1.2.3.4::', '::1.2.3', '::1.2.3.4:5', '1:2:3:4:5:6:7::8:9', 'fe80::1%eth0'],
  ])('"%s" is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('are the same after writing and reading', () => {
    // Zeros often, as in real addresses.
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const address = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
        // Twice: the second time it is what was kept.
        for (let time = 0; time < 2; time++) expect(parseAddress(format(address))).toEqual(address);
      }),
    );
  });

  it('are not taken for those that differ in one bit', () => {
    const address = Uint8Array.from({ length: 16 }, (_, at) => 0x10 + at);
    for (let bit = 0; bit < 128; bit++) {
      const other = address.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      for (const one of [address, other]) expect(parseAddress(format(one))).toEqual(one);
    }
  });

  it.each([0, 4, 8, 12])('are not taken for others among what is kept that differ from byte %i on', (at) => {
    const addresses = Array.from({ length: 20_000 }, (_, i) => {
      const address = new Uint8Array(16).fill(0x11);
      // Any four bytes, so that many share the place where they are kept.
      new DataView(address.buffer).setInt32(at, Math.imul(i, 0x6c8e9cf5));
      return address;
    });
    for (const address of [...addresses, ...addresses.reverse()]) expect(parseAddress(format(address))).toEqual(address);
  });
});
