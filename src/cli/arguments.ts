// Readers of command-line values: what they refuse, they refuse with the value that is allowed.
import { InvalidArgumentError } from 'commander';
import { secondsOf } from '../bytes/rfc3339.ts';
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

/** A reader of numbers from `least` to `most`. */
export function numberWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (value < least || value > most) throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

/** Seconds since 1970 from an RFC 3339 time or a number of seconds. */
export function moment(text: string): number {
  const value = secondsOf(text);
  if (Number.isNaN(value))
    throw new InvalidArgumentError('It must be a time such as 2026-11-20T21:26:45Z (RFC 3339), or seconds since 1970.');
  return value;
}

/** The seconds of a packet in pcap have 32 bits; what begins now may go on for 100 days. */
const LAST_START = 0xffff_ffff - 100 * 86_400;

/** The time at which made-up packets begin: whole seconds, early enough for those of the last packet to fit into pcap. */
export function time(text: string): number {
  const value = moment(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a time in whole seconds.');
  if (value < 0 || value > LAST_START)
    throw new InvalidArgumentError(
      `It must be a time from 1970 to ${new Date(LAST_START * 1000).toISOString().slice(0, 10)}: a pcap ends in February 2106.`,
    );
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
