// Lines arrive while a slow sink writes: what it was given must not change under it, and nothing may be lost.
import { describe, expect, it } from 'vitest';
import { LineBuffer } from '../../../src/sink/line-buffer.ts';

describe('LineBuffer', () => {
  it('leaves the bytes alone that a slow sink is writing', async () => {
    const written: string[] = [];
    const sink = {
      async write(bytes: Uint8Array): Promise<void> {
        // As a stream does it: the bytes are looked at later.
        await new Promise((resolve) => setTimeout(resolve, 2));
        written.push(Buffer.from(bytes).toString());
      },
      async close(): Promise<void> {},
    };
    const buffer = new LineBuffer(sink);
    const expected: string[] = [];
    let flushing: Promise<void> | null = null;
    for (let i = 0; i < 200; i++) {
      const line = `${i} ${'x'.repeat(i * 37)}\n`;
      expected.push(line);
      buffer.append(Buffer.from(line), 0, line.length);
      buffer.endLine();
      if (i % 7 === 6) {
        await flushing;
        flushing = buffer.flush(true);
      }
    }
    await flushing;
    await buffer.flush(true);
    expect(written.join('')).toBe(expected.join(''));
    expect(buffer.lines).toBe(200);
    expect(buffer.bytes).toBe(expected.join('').length);
  });

  it('takes pieces of any length, from one memory or many in turn', async () => {
    const written: Buffer[] = [];
    const buffer = new LineBuffer({ write: (bytes) => void written.push(Buffer.from(bytes)), close: async () => {} });
    const text = 'äöü€𝄞 0123456789 '.repeat(20);
    const bytes = Buffer.from(text);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const expected: Buffer[] = [];
    for (let length = 0; length < bytes.length; length += 31) {
      for (const from of [bytes, shared, Uint8Array.from(bytes)]) {
        buffer.append(from, bytes.length - length, bytes.length);
        expected.push(bytes.subarray(bytes.length - length));
      }
    }
    await buffer.flush(true);
    expect(Buffer.concat(written).equals(Buffer.concat(expected))).toBe(true);
  });
});
