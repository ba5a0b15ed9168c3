// Readers of amounts on the command line: bytes such as 6G, times such as 24h.
import { InvalidArgumentError } from 'commander';
import { GIBIBYTE } from '../bytes/units.ts';

const BYTES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: GIBIBYTE, T: 2 ** 40 };
/** Node itself does not start with less; more is a slip of the finger. */
const LEAST_MEMORY = '64M';
const MOST_MEMORY = '64T';
const SECONDS: Readonly<Record<string, number>> = { '': 1, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Bytes of a machine's memory from a number with K, M, G or T (of 1024) behind it: a bare 16 may mean 16 GiB. */
export function bytes(text: string): number {
  const value = bytesOf(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be an amount of memory with its unit, such as 6G or 512M.');
  if (value < bytesOf(LEAST_MEMORY)) throw new InvalidArgumentError(`It must be at least ${LEAST_MEMORY}.`);
  if (value > bytesOf(MOST_MEMORY)) throw new InvalidArgumentError(`It must be at most ${MOST_MEMORY}.`);
  return Math.round(value);
}

function bytesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT])(?:i?B)?$/i.exec(text.trim()) ?? [];
  return Number(amount) * (BYTES[unit.toUpperCase()] ?? Number.NaN);
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
