import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonWriter } from '../../../src/activity/json-writer.ts';
import { Piece } from '../../../src/bytes/piece.ts';

it('writes any text as it is, at any offset, into whatever room there is', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 20 }), fc.nat(64), (texts, room) => {
      const json = new JsonWriter();
      json.into(new Uint8Array(room + 1));
      for (const text of texts) json.raw(new Piece(text));
      expect(Buffer.from(json.buffer.subarray(0, json.at)).toString('hex')).toBe(
        Buffer.from(texts.map((text) => Buffer.from(text, 'utf8').toString('utf8')).join(''), 'utf8').toString('hex'),
      );
    }),
  );
});

it('keeps every bit of what is UTF-8, which is never NaN', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 8, maxLength: 64 }), (text) => {
      expect(new Piece(text).words.some(Number.isNaN)).toBe(false);
    }),
  );
});
