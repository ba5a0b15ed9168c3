// What a record of SASL's security layer holds: sealed bytes, or LDAP that is only signed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEALED, SIGNED, UNKNOWN, Wrapped } from '../../../../src/protocols/ldap/wrap.ts';
import { tlv } from './build.ts';

/** NTLM's signature (MS-NLMP 2.2.2.9): version 1, checksum, sequence number. */
const SIGNATURE = Buffer.from('0100000058a85b9a694c4fed01000000', 'hex');
const kindOf = (...parts: readonly Uint8Array[]): number => {
  const record = Buffer.concat(parts);
  return new Wrapped().bind(record, 0, record.length);
};

describe('a record of NTLM', () => {
  // tshark: sealed, each. Their ciphertext begins like a sequence that fits; what follows is random, here as there.
  it.each([
    ['3037cd2479d7e1d9ae4be2f1c04b1746beb9640749466d00f9efbbdda8', 303],
    ['30480bf0419e978461b0a2b97b85705a22ca1857b404a6aa7f4553095b', 192],
    ['3066bc93504e3e273229c357664f1603db63ad352b1e986b6da54bc928', 192],
    ['3030495fb1ff60925272dfe44150d4de2b468b4ccd6a5758b32fc1095a', 463],
    ['30823f38b443cced507fb3c4248b3d00f43a191011df74636864990826', 248],
    ['3004ec3c75e13a3e3e88471377c01b2a8582ddb2eefd5664905ec68644', 463],
  ])('is sealed when its bytes begin with %s by chance', (beginning, length) => {
    expect(kindOf(SIGNATURE, Buffer.alloc(length, Buffer.from(beginning, 'hex')))).toBe(SEALED);
  });

  it.each([
    ['unbind', tlv(0x30, tlv(0x02, [5]), [0x42, 0])],
    ['a search for nothing', tlv(0x30, tlv(0x02, [1, 2]), tlv(0x63))],
    [
      'a result whose lengths take four bytes, as Windows writes them',
      Buffer.from('308400000010020103658400000007 0a010004000400'.replace(' ', ''), 'hex'),
    ],
    [
      'a message of which only the beginning is in this record',
      tlv(0x30, tlv(0x02, [9]), tlv(0x64, new Uint8Array(90))).subarray(0, 40),
    ],
  ])('is signed when it holds %s', (_what, ldap) => {
    expect(kindOf(SIGNATURE, ldap)).toBe(SIGNED);
  });

  it('is next to never taken for signed by what a cipher makes (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 300 }), (noise) => {
        noise[0] = 0x30;
        // Whatever a cipher makes, but not what all messages have in common.
        fc.pre(!noise.subarray(1, 8).includes(0x02));
        expect(kindOf(SIGNATURE, noise)).toBe(SEALED);
      }),
    );
  });

  it('is nothing that is known without a signature', () => {
    expect(kindOf(Uint8Array.of(2, 0, 0, 0), new Uint8Array(20))).toBe(UNKNOWN);
  });
});
