// Amounts on the command line, with their units and bounds.
import { describe, expect, it } from 'vitest';
import { bytes, duration } from '../../../src/cli/amounts.ts';

describe('bytes', () => {
  it.each([
    ['64M', 67_108_864],
    ['1.5G', 1_610_612_736],
    ['6GiB', 6_442_450_944],
    ['64T', 70_368_744_177_664],
  ])('takes %s', (text, value) => expect(bytes(text)).toBe(value));

  it.each([
    ['16', /with its unit, such as 6G/],
    ['', /with its unit/],
    ['-6G', /with its unit/],
    ['6K', /at least 64M/],
    ['0G', /at least 64M/],
    ['65T', /at most 64T/],
  ])('refuses %j', (text, problem) => expect(() => bytes(text)).toThrow(problem));
});

it('duration says its bounds as they were given', () => {
  expect(duration('5m', '1s')('5m')).toBe(300);
  expect(() => duration('5m', '1s')('301s')).toThrow(/at most 5m/);
});
