import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonWriter } from '../../../src/activity/json-writer.ts';
import { isoTime } from '../../../src/activity/time.ts';
import { defineFields, ITEM } from '../../../src/protocols/fields.ts';

const F = defineFields({ a: ['string', '', ''], b: ['integer', '', ''], c: ['object[]', '', ''] });

function written(write: (json: JsonWriter) => void): unknown {
  const json = new JsonWriter(16);
  json.openObject();
  write(json);
  json.endLine();
  return JSON.parse(Buffer.from(json.buffer.subarray(0, json.at)).toString('utf8'));
}

describe('JsonWriter', () => {
  it('writes any string so that JSON.parse gives it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(written((json) => json.text(F.a, text))).toEqual({ a: Buffer.from(text, 'utf8').toString('utf8') });
      }),
    );
  });

  it('writes any number so that JSON.parse gives it back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
        expect(written((json) => json.int(F.b, value))).toEqual({ b: value === 0 ? 0 : value });
      }),
    );
  });

  it('writes byte ranges as the decoders read them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('utf8', 'utf16le') as fc.Arbitrary<'utf8' | 'utf16le'>,
        (bytes, charset) => {
          const label = charset === 'utf8' ? 'utf-8' : 'utf-16le';
          expect(written((json) => json.bytes(F.a, charset, bytes, 0, bytes.length))).toEqual({
            a: new TextDecoder(label, { ignoreBOM: true }).decode(bytes),
          });
        },
      ),
    );
  });

  it('nests objects and lists, with commas where they belong', () => {
    const value = written((json) => {
      json.list(F.c);
      json.open(ITEM);
      json.text(F.a, 'x');
      json.int(F.b, 1);
      json.close();
      json.open(ITEM);
      json.close();
      json.int(ITEM, 2);
      json.endList();
      json.hex(F.a, Uint8Array.of(0xab), 0, 1);
    });
    expect(value).toEqual({ c: [{ a: 'x', b: 1 }, {}, 2], a: 'ab' });
  });

  it('writes milliseconds exactly', () => {
    const ms = (seconds: number, nanoseconds: number): unknown =>
      (
        written((json) => {
          json.key(F.b);
          json.milliseconds(seconds, nanoseconds);
        }) as { b: number }
      ).b;
    expect(ms(0, 0)).toBe(0);
    expect(ms(1, 500_000)).toBe(1000.5);
    expect(ms(0, 1)).toBe(0.000001);
    expect(ms(0, 123_456_789)).toBe(123.456789);
  });
});

describe('isoTime', () => {
  it('gives RFC 3339 times', () => {
    expect(isoTime(0, 0)).toBe('1970-01-01T00:00:00.000000000Z');
    expect(isoTime(1_795_210_005, 511_989_000)).toBe('2026-11-20T21:26:45.511989000Z');
    expect(isoTime(1e12, 5)).toBe('9999-12-31T23:59:59.000000005Z');
  });
});
