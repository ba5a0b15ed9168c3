// Lines in front of a slow sink: bounded, whole, and each either written or counted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedLines } from '../../../src/runtime/live/output.ts';
import { LineBuffer } from '../../../src/sink/line-buffer.ts';

/** A sink that takes a piece when the test lets it. */
class SlowSink {
  text = '';
  #resume: (() => void) | null = null;
  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
    this.text += Buffer.from(bytes).toString();
  }
  go(): void {
    this.#resume?.();
  }
  close = (): Promise<void> => Promise.resolve();
}

function append(lines: BoundedLines, text: string, pieces = 1): void {
  const bytes = Buffer.from(`..${text}\n..`);
  const size = Math.ceil((text.length + 1) / pieces);
  for (let at = 2; at < bytes.length - 2; at += size) lines.append(bytes, at, Math.min(at + size, bytes.length - 2));
  lines.endLine();
}

describe('BoundedLines', () => {
  it('throws whole lines away once more than the bound waits, and takes them again when there is room', async () => {
    const sink = new SlowSink();
    const buffer = new LineBuffer(sink);
    const lines = new BoundedLines(buffer, 20);
    const written = buffer.flush(true);
    await written;
    for (const text of ['aaaaaaaaa', 'bbbbbbbbb', 'c', 'dropped', 'dropped']) append(lines, text, 3);
    expect([buffer.pending, buffer.lines, lines.dropped]).toEqual([22, 3, 2]);
    const flushed = buffer.flush(true);
    append(lines, 'd');
    sink.go();
    await flushed;
    const last = buffer.flush(true);
    sink.go();
    await last;
    expect(sink.text).toBe('aaaaaaaaa\nbbbbbbbbb\nc\nd\n');
    expect([buffer.lines, lines.dropped]).toEqual([4, 2]);
  });

  it('never holds more than the bound and a line, and counts every line (property)', () => {
    const texts = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 5 })), { maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 500 }), (all, bound) => {
        const buffer = new LineBuffer(new SlowSink());
        const lines = new BoundedLines(buffer, bound);
        for (const [length, pieces] of all) append(lines, 'x'.repeat(length), pieces);
        expect(buffer.pending).toBeLessThanOrEqual(bound + 61);
        expect(buffer.lines + lines.dropped).toBe(all.length);
      }),
    );
  });
});
