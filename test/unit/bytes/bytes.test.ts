import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integer, objectIdentifier, Tlv, tlvLength } from '../../../src/bytes/der.ts';
import { lastHex, sipHash } from '../../../src/bytes/hash.ts';
import { Intern } from '../../../src/bytes/intern.ts';
import { OK } from '../../../src/bytes/reason.ts';
import { hex, utf8, utf16le } from '../../../src/bytes/text.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('sipHash', () => {
  it('gives the vectors of the SipHash-2-4 paper (appendix A) and its reference implementation', () => {
    const key = new Uint32Array(Uint8Array.from({ length: 16 }, (_, i) => i).buffer);
    const message = Uint8Array.from({ length: 15 }, (_, i) => i);
    sipHash(key, message, 0, 15);
    expect(lastHex()).toBe('a129ca6149be45e5');
    sipHash(key, message, 0, 0);
    expect(lastHex()).toBe('726fdb47dd0e0e31');
    sipHash(key, message, 0, 8);
    expect(lastHex()).toBe('93f5f5799a932462');
  });
});

describe('text', () => {
  it('reads UTF-8 as the WHATWG decoder does, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(utf8(bytes, 0, bytes.length)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
    );
  });

  it('reads UTF-16 as the WHATWG decoder does, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(utf16le(bytes, 0, bytes.length)).toBe(new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes));
      }),
    );
  });

  it('writes hexadecimal digits', () => {
    expect(hex(Uint8Array.of(0, 0x0f, 0xf0, 0xff), 0, 4)).toBe('000ff0ff');
  });
});

describe('intern', () => {
  it('gives the text of the range, also when many ranges have passed through', () => {
    const intern = new Intern(8);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.constantFrom('utf8', 'latin1', 'utf16le'), (bytes, charset) => {
        const once = intern.text(charset as 'utf8', bytes, 0, bytes.length);
        expect(intern.text(charset as 'utf8', bytes, 0, bytes.length)).toBe(once);
        if (charset === 'utf8') expect(once).toBe(utf8(bytes, 0, bytes.length));
      }),
    );
  });
});

describe('DER', () => {
  it('reads short and long lengths (X.690 8.1.3)', () => {
    const tlv = new Tlv();
    expect(tlv.read(bytesOf('30 03 02 01 05'), 0, 5)).toBe(OK);
    expect([tlv.tag, tlv.from, tlv.until]).toEqual([0x30, 2, 5]);
    const long = Uint8Array.from([0x04, 0x82, 0x01, 0x00, ...new Array(256).fill(1)]);
    expect(tlv.read(long, 0, long.length)).toBe(OK);
    expect([tlv.from, tlv.until]).toEqual([4, 260]);
    expect(tlvLength(long, 0, 4, 1000)).toBe(260);
    expect(tlvLength(long, 0, 3, 1000)).toBe(0);
    expect(tlvLength(long, 0, 4, 259)).toBe(-1);
  });

  it('never leaves the range, whatever the bytes', () => {
    const tlv = new Tlv();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        if (tlv.read(bytes, 0, bytes.length) !== OK) return;
        expect(tlv.from).toBeLessThanOrEqual(tlv.until);
        expect(tlv.until).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('reads integers (X.690 8.3) and object identifiers (8.19)', () => {
    expect(integer(bytesOf('80'), 0, 1)).toBe(-128);
    expect(integer(bytesOf('00ff'), 0, 2)).toBe(255);
    expect(integer(bytesOf('7fffffff'), 0, 4)).toBe(0x7fff_ffff);
    expect(integer(bytesOf(''), 0, 0)).toBeNaN();
    expect(objectIdentifier(bytesOf('2b 06 01 05 05 02'), 0, 6)).toBe('1.3.6.1.5.5.2');
    expect(objectIdentifier(bytesOf('2a 86 48 86 f7 12 01 02 02'), 0, 9)).toBe('1.2.840.113554.1.2.2');
    expect(objectIdentifier(bytesOf('2a 86'), 0, 2)).toBe('');
  });
});
