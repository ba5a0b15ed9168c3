import { describe, expect, it } from 'vitest';
import { JsonWriter } from '../../../src/activity/json-writer.ts';
import { COLUMNS, Rows } from '../../../src/activity/rows.ts';
import { moreMemory } from '../../../src/bytes/memory.ts';

describe('memory that takes the place of other memory', () => {
  it('is shared where that was, and only there', () => {
    expect(moreMemory(new SharedArrayBuffer(8), 16)).toBeInstanceOf(SharedArrayBuffer);
    expect(moreMemory(new ArrayBuffer(8), 16)).toBeInstanceOf(ArrayBuffer);
    expect(moreMemory(new ArrayBuffer(8), 16).byteLength).toBe(16);
  });

  it('is what lines and rows go on in when their room is full, with all that was written', () => {
    const json = new JsonWriter();
    const room = new Uint8Array(new SharedArrayBuffer(64));
    json.into(room);
    const text = 'x'.repeat(40);
    for (let i = 0; i < 5; i++) json.string(text);
    expect(json.buffer).not.toBe(room);
    expect(json.buffer.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.from(json.buffer.subarray(0, json.at)).toString()).toBe(JSON.stringify(text).repeat(5));

    const rows = new Rows();
    rows.values = new Float64Array(new SharedArrayBuffer(2 * COLUMNS * 8));
    for (let row = 1; row <= 5; row++) {
      const at = rows.add();
      rows.values[at] = row;
    }
    expect(rows.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([1, 2, 3, 4, 5].map((row) => rows.values[(row - 1) * COLUMNS])).toEqual([1, 2, 3, 4, 5]);
  });
});
