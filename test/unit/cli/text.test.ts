// Counts, sizes and rows as commands say them.
import { expect, it } from 'vitest';
import { columns } from '../../../src/cli/table.ts';
import { count, list, namedLines, size } from '../../../src/cli/text.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [5 * 2 ** 20, '5.0 MiB'],
  [2 ** 30, '1.0 GiB'],
  [1.25 * 2 ** 40, '1.3 TiB'],
  [2048 * 2 ** 40, '2048.0 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

it('counts in thousands, the most first, those of one count by name', () => {
  expect(count(1_234_567)).toBe('1,234,567');
  expect(list({ b: 2, c: 1000, a: 2 })).toBe('c 1,000, a 2, b 2');
  expect(list({})).toBe('none');
});

it('aligns names and columns, without blanks at the end', () => {
  expect(
    namedLines([
      ['domain', 'a'],
      ['a longer name', 'b'],
    ]),
  ).toBe('domain      a\na longer name b\n');
  expect(
    columns([
      ['A', 'LONG', 'C'],
      ['longer', 'b', ''],
      ['x', 'y', 'as long as it likes'],
    ]),
  ).toBe('A       LONG  C\nlonger  b\nx       y     as long as it likes\n');
});
