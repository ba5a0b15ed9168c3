// Times as text, held to the calendar: Date rolls what does not exist over to what does, and takes "foo 1" for a day in 2001.

/** RFC 3339 section 5.6; a blank may stand for the T. */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d(?:\.\d+)?)(?:[Zz]|([+-])(\d\d):(\d\d))$/;
/** Eleven digits are the year 5138; thirteen would be milliseconds. */
const SECONDS = /^\d{1,11}(?:\.\d+)?$/;

/** Seconds since 1970 of a time in UTC; NaN when there is no such time from 1970 on. `second` may have a fraction. */
export function utcSeconds(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second >= 60) return Number.NaN;
  // Day 0 is the last one of the month before.
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return Number.NaN;
  return Date.UTC(year, month - 1, day, hour, minute) / 1000 + second;
}

/** Seconds since 1970 from an RFC 3339 time or from a number of seconds; NaN for anything else. */
export function secondsOf(text: string): number {
  if (SECONDS.test(text)) return Number(text);
  const [, year, month, day, hour, minute, second, sign, zoneHours = '0', zoneMinutes = '0'] = RFC3339.exec(text) ?? [];
  if (year === undefined || Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return Number.NaN;
  const ahead = (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60) * (sign === '-' ? -1 : 1);
  return utcSeconds(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)) - ahead;
}
