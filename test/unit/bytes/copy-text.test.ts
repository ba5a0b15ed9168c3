import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyText } from '../../../src/bytes/copy-text.ts';

it('copies any range of UTF-8 to any place, and nothing beside it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(240), fc.nat(240), fc.nat(20), (text, a, b, at) => {
      const bytes = new TextEncoder().encode(text);
      const from = new Uint8Array(new SharedArrayBuffer(bytes.length));
      from.set(bytes);
      const start = Math.min(a, b) % (bytes.length + 1);
      const end = Math.max(start, Math.max(a, b) % (bytes.length + 1));
      const to = new Uint8Array(300).fill(0xee);
      copyText(new DataView(from.buffer), start, new DataView(to.buffer), at, end - start);
      const expected = new Uint8Array(300).fill(0xee);
      expected.set(bytes.subarray(start, end), at);
      expect(Buffer.from(to).equals(Buffer.from(expected))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
