// Readers of amounts on the command line: bytes such as 6G, times such as 24h.
import { InvalidArgumentError } from 'commander';
import { GIBIBYTE } from '../bytes/units.ts';

const BYTES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: GIBIBYTE, T: 2 ** 40 };
const SECONDS: Readonly<Record<string, number>> = { '': 1, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Bytes from a number with K, M, G or T (of 1024) behind it. */
export function bytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const value = Number(amount) * (BYTES[(unit ?? '').toUpperCase()] ?? Number.NaN);
  if (!(value >= 1)) throw new InvalidArgumentError('It must be an amount of memory such as 6G or 512M.');
  return Math.round(value);
}

/**
 * A reader of seconds from a number with ms, s, m, h or d behind it, at most as many as `most` says in the same form and at least as
 * many as `least` does.
 */
export function duration(most: string, least = '0'): (text: string) => number {
  const bound = seconds(most);
  const floor = seconds(least);
  return (text) => {
    const value = seconds(text);
    if (!(value > 0)) throw new InvalidArgumentError('It must be a time such as 90s, 15m or 24h.');
    if (value < floor) throw new InvalidArgumentError(`It must be at least ${least}.`);
    if (value > bound) throw new InvalidArgumentError(`It must be at most ${most}.`);
    return value;
  };
}

function seconds(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|[smhd])?$/.exec(text.trim()) ?? [];
  return Number(amount) * (SECONDS[unit ?? ''] ?? Number.NaN);
}
