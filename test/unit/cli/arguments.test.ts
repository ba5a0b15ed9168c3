// Values on the command line: what is taken, and what a slip of the finger is told.
import { describe, expect, it } from 'vitest';
import { moment, numberWithin, time } from '../../../src/cli/arguments.ts';

describe('moment', () => {
  it.each([
    ['0', 0],
    ['1700000000.25', 1_700_000_000.25],
    ['2023-11-14T22:13:20Z', 1_700_000_000],
    ['2023-11-14t23:13:20.5+01:00', 1_700_000_000.5],
    ['2023-11-14 16:43:20-05:30', 1_700_000_000],
    // 2024 has a 29th of February: 59 days after New Year's, 1704067200.
    ['2024-02-29T00:00:00Z', 1_704_067_200 + 59 * 86_400],
  ])('takes %s', (text, seconds) => expect(moment(text)).toBe(seconds));

  it.each([
    '',
    'foo 1',
    '-5',
    '1e9',
    '2026-11-20',
    '2026-11-20T09:00Z',
    '2026-11-20T09:00:00',
    '2026-11-31T09:00:00Z',
    '2023-02-29T09:00:00Z',
    '2026-13-01T09:00:00Z',
    '2026-00-01T09:00:00Z',
    '2026-11-00T09:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T23:60:00Z',
    '2026-11-20T23:59:60Z',
    '2026-11-20T09:00:00+24:00',
    '1969-12-31T23:59:59Z',
    // Milliseconds.
    '1700000000000',
  ])('refuses %j', (text) => expect(() => moment(text)).toThrow(/must be a time such as .*RFC 3339/));
});

describe('time', () => {
  it('is whole seconds that fit into pcap, with 100 days to go on', () => {
    // 2^32 - 1 is 2106-02-07T06:28:15Z; 100 days before that is 2105-10-30.
    expect(time('2105-10-30T06:28:15Z')).toBe(2 ** 32 - 1 - 100 * 86_400);
    expect(() => time('2105-10-30T06:28:16Z')).toThrow(/from 1970 to 2105-10-30: a pcap ends in February 2106/);
    expect(() => time('99999999999')).toThrow(/2106/);
    expect(() => time('1700000000.5')).toThrow(/whole seconds/);
    expect(() => time('1970-01-01T00:00:00+01:00')).toThrow(/from 1970/);
  });
});

it('numberWithin takes its bounds and nothing beyond', () => {
  const cores = numberWithin(0.1, 1024);
  expect([cores('0.1'), cores('1024')]).toEqual([0.1, 1024]);
  for (const text of ['-3', '0', '1e99', 'two', '']) expect(() => cores(text)).toThrow(/must be a number/);
});
