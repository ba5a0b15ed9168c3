// Readers of amounts on the command line: bytes such as 6G, times such as 24h.
import { InvalidArgumentError } from 'commander';

const BYTES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Bytes from a number with K, M, G or T (of 1024) behind it. */
export function bytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const value = Number(amount) * (BYTES[(unit ?? '').toUpperCase()] ?? Number.NaN);
  if (!(value >= 1)) throw new InvalidArgumentError('It must be an amount of memory such as 6G or 512M.');
  return Math.round(value);
}

/** Seconds from a number with s, m, h or d behind it. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text.trim()) ?? [];
  const value = Number(amount) * (SECONDS[unit ?? ''] ?? Number.NaN);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a time such as 90s, 15m or 24h.');
  return value;
}
