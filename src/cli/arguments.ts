// Readers of command-line values: what they refuse, they refuse with the value that is allowed.
import { InvalidArgumentError } from 'commander';
import { allLimits } from '../worker/catalogue.ts';

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

export function positive(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

/** A reader of whole numbers from 1 to `most`. */
export function positiveUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = positive(text);
    if (value > most) throw new InvalidArgumentError(`It must be at most ${most}.`);
    return value;
  };
}

/** Seconds since 1970 from an RFC 3339 time or a number of seconds. */
export function time(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (!Number.isFinite(value))
    throw new InvalidArgumentError('It must be a time such as 2026-11-20T21:26:45Z, or seconds since 1970.');
  return value;
}

const MAX_SEED = 0xffff_ffff;

/** A seed of made-up traffic. */
export function seed(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= MAX_SEED)) throw new InvalidArgumentError(`It must be a whole number from 0 to ${MAX_SEED}.`);
  return value;
}

/** One value more of an option that may be repeated. */
export const more = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** One `limit=value` more. */
export function limitSettings(text: string, before: Readonly<Record<string, number>>): Record<string, number> {
  const [name = '', value = ''] = text.split('=', 2);
  const limit = allLimits.find((one) => one.key === name);
  if (limit === undefined) throw new InvalidArgumentError(`There is no limit ${name}; docs/limits.md lists them.`);
  const wanted = positive(value);
  if (wanted > limit.max) throw new InvalidArgumentError(`${name} is at most ${limit.max} ${limit.unit}.`);
  return { ...before, [name]: wanted };
}
