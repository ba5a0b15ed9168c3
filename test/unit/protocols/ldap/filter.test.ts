// The examples of RFC 4515 section 4, encoded by hand-written BER helpers, must come back as they stand in the RFC.
import { afterEach, describe, expect, it } from 'vitest';
import { OK, TOO_DEEP, TOO_LONG, TOO_MANY } from '../../../../src/bytes/reason.ts';
import { FilterReader } from '../../../../src/protocols/ldap/filter.ts';
import { configureLimits } from '../../../../src/protocols/limits.ts';
import { octets, raw, tlv } from './build.ts';

afterEach(() => configureLimits({}));

const equal = (type: string, value: string): Buffer => tlv(0xa3, octets(type), octets(value));
const substrings = (type: string, ...parts: (readonly [number, string])[]): Buffer =>
  tlv(0xa4, octets(type), tlv(0x30, ...parts.map(([tag, text]) => raw(tag, text))));

const read = (bytes: Uint8Array): { text: string; reason: number } => {
  const reader = new FilterReader();
  const text = reader.text(bytes, 0, bytes.length);
  return { text, reason: reader.reason };
};

describe('FilterReader', () => {
  it.each([
    ['(cn=Babs Jensen)', equal('cn', 'Babs Jensen')],
    ['(!(cn=Tim Howes))', tlv(0xa2, equal('cn', 'Tim Howes'))],
    [
      '(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))',
      tlv(0xa0, equal('objectClass', 'Person'), tlv(0xa1, equal('sn', 'Jensen'), substrings('cn', [0x80, 'Babs J']))),
    ],
    ['(o=univ*of*mich*)', substrings('o', [0x80, 'univ'], [0x81, 'of'], [0x81, 'mich'])],
    ['(o=*end)', substrings('o', [0x82, 'end'])],
    ['(seeAlso=)', equal('seeAlso', '')],
    [
      '(cn:caseExactMatch:=Fred Flintstone)',
      tlv(0xa9, raw(0x81, 'caseExactMatch'), raw(0x82, 'cn'), raw(0x83, 'Fred Flintstone')),
    ],
    [
      '(sn:dn:2.4.6.8.10:=Barney Rubble)',
      tlv(0xa9, raw(0x81, '2.4.6.8.10'), raw(0x82, 'sn'), raw(0x83, 'Barney Rubble'), tlv(0x84, [0xff])),
    ],
    ['(o:dn:=Ace Industry)', tlv(0xa9, raw(0x82, 'o'), raw(0x83, 'Ace Industry'), tlv(0x84, [0xff]))],
    ['(:1.2.3:=Wilma Flintstone)', tlv(0xa9, raw(0x81, '1.2.3'), raw(0x83, 'Wilma Flintstone'))],
    ['(o=Parens R Us \\28for all your parenthetical needs\\29)', equal('o', 'Parens R Us (for all your parenthetical needs)')],
    ['(cn=*\\2a*)', substrings('cn', [0x81, '*'])],
    ['(filename=C:\\5cMyFile)', equal('filename', 'C:\\MyFile')],
    ['(bin=\\00\\00\\00\\04)', equal('bin', '\0\0\0\u0004')],
    ['(sn=Lučić)', equal('sn', 'Lučić')],
    ['(objectClass=*)', raw(0x87, 'objectClass')],
    ['(uid>=5)', tlv(0xa5, octets('uid'), octets('5'))],
    ['(uid<=5)', tlv(0xa6, octets('uid'), octets('5'))],
    ['(cn~=babs)', tlv(0xa8, octets('cn'), octets('babs'))],
  ])('%s', (text, bytes) => {
    expect(read(bytes)).toEqual({ text, reason: OK });
  });

  const nested = (depth: number): Buffer => (depth === 0 ? equal('a', 'b') : tlv(0xa2, nested(depth - 1)));
  const wide = (terms: number): Buffer => tlv(0xa0, ...Array.from({ length: terms - 1 }, () => equal('a', 'b')));

  it.each([
    ['ldap.filterDepth', 5, nested, TOO_DEEP],
    ['ldap.filterTerms', 5, wide, TOO_MANY],
    ['ldap.filterBytes', 20, (size: number) => equal('a', 'x'.repeat(size - 4)), TOO_LONG],
  ] as const)('%s bounds it: one below and at the limit pass, one above is refused', (key, value, make, reason) => {
    configureLimits({ [key]: value });
    expect(read(make(value - 1)).reason).toBe(OK);
    expect(read(make(value)).reason).toBe(OK);
    expect(read(make(value + 1))).toEqual({ text: '', reason });
  });
});
