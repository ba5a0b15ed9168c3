// Logs of Performance Monitor, typeperf and relog (PDH-CSV, PDH-TSV): a row a time, a column a counter.
import { utcSeconds } from '../bytes/rfc3339.ts';
import type { Log } from './join.ts';
import { median } from './median.ts';
import { amount, fault, quoted, type Table } from './table.ts';

/** `\\DC01\Network Interface(Ethernet 2)\Packets/sec` and its newer sister, Network Adapter; and their names in German. */
const COUNTER =
  /^\\\\([^\\]+)\\(?:Network (?:Adapter|Interface)\((.*)\)\\Packets\/sec|Netzwerk(?:adapter|schnittstelle)\((.*)\)\\Pakete\/s)$/i;
const TIME = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d(?:\.\d{1,3})?)$/;
/** `(PDH-CSV 4.0) (W. Europe Standard Time)(-60)`: minutes from the machine's time to UTC. */
const ZONE = /\(([+-]?\d{1,4})\)$/;
/** What clocks are changed by in spring and autumn. */
const HOUR = 3600;
/** Rows that are missing when they are: beyond so many the step is something else. */
const MISSING = 3;
/** When clocks go forward, north and south, counted from 0 as Date does; on a Sunday, and never later than this hour. */
const SPRING: ReadonlySet<number> = new Set([2, 3, 8, 9]);
const SUNDAY = 0;
const LAST_HOUR = 4;

/** Times become UTC by the zone of the header. Throws ADTAP_E_COUNTERS with the line of what is wrong. */
export function performanceLogs(path: string, { header, rows }: Table): readonly Log[] {
  const notes: string[] = [];
  const columns = header.cells.flatMap((cell, index): { readonly index: number; readonly log: Log }[] => {
    const [, machine, english, german] = COUNTER.exec(cell) ?? [];
    const adapter = english ?? german;
    if (machine === undefined || adapter === undefined) return [];
    return [{ index, log: { path, machine, adapter, kind: 'rate', isNamed: true, times: [], values: [], notes } }];
  });
  const [, other] = header.cells;
  if (columns.length === 0)
    throw fault(
      path,
      header.line,
      `no column is a counter such as \\\\DC01\\Network Interface(Ethernet)\\Packets/sec, which counts both directions${other === undefined ? '' : `; the first is ${quoted(other)}`}. Where Windows speaks another language, give this counter its English name in the first line`,
    );
  for (const { log } of columns)
    if (columns.filter((one) => sameCounter(one.log, log)).length > 1)
      throw fault(path, header.line, `${log.machine}, ${log.adapter} has two columns: leave out one of them`);
  const [, zone] = ZONE.exec(header.cells[0] ?? '') ?? [];
  const local = rows.map(({ line, cells }) => localTime(path, line, cells[0] ?? ''));
  const { times, changed } = steady(
    path,
    rows.map(({ line }) => line),
    local,
  );
  for (const [row, { line, cells }] of rows.entries())
    for (const { index, log } of columns) {
      log.times.push(times[row]! + Number(zone ?? 0) * 60);
      log.values.push(amount(path, line, quoted(header.cells[index] ?? ''), cells[index] ?? '') ?? Number.NaN);
    }
  if (zone === undefined) notes.push(`${path}: its first cell names no time zone; its times were taken for UTC`);
  if (changed !== null)
    notes.push(
      `${path}: line ${changed.line}: the clock went ${changed.by > 0 ? 'back' : 'forward'} an hour; what follows counts on`,
    );
  return columns.map(({ log }) => log);
}

const sameCounter = (a: Log, b: Log): boolean => a.machine.toLowerCase() === b.machine.toLowerCase() && a.adapter === b.adapter;

/** Seconds since 1970 as if the machine's time were UTC. */
function localTime(path: string, line: number, text: string): number {
  const [, month, day, year, hour, minute, second] = TIME.exec(text) ?? [];
  const time = utcSeconds(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  if (!Number.isNaN(time)) return time;
  if (Number(month) > 12 && Number(day) <= 12)
    throw fault(
      path,
      line,
      `${quoted(text)} has the day first; Performance Monitor writes the month first: 11/20/2026 09:00:05.000`,
    );
  throw fault(path, line, `${quoted(text)} is no time such as 11/20/2026 09:00:05.000`);
}

interface Change {
  readonly line: number;
  /** Added to the times from that line on. */
  readonly by: number;
}

/** Times that go on as they did before when the clock is changed, which they do once in a log at most. */
function steady(
  path: string,
  lines: readonly number[],
  local: readonly number[],
): { readonly times: readonly number[]; readonly changed: Change | null } {
  const usual = median(local.map((time, index) => time - (local[index - 1] ?? Number.NaN)));
  const times: number[] = [];
  let changed: Change | null = null;
  for (const [index, time] of local.entries()) {
    const before = times.at(-1) ?? Number.NaN;
    const line = lines[index]!;
    if (changed === null && isBack(before, time, usual)) changed = { line, by: HOUR };
    else if (changed === null && isForward(before, time, usual)) changed = { line, by: -HOUR };
    const now = time + (changed?.by ?? 0);
    if (now <= before) throw fault(path, line, 'its time is not after the one before it');
    times.push(now);
  }
  return { times, changed };
}

const isBack = (before: number, time: number, usual: number): boolean =>
  time <= before && time + HOUR > before && time + HOUR - before <= MISSING * usual;

/** An hour without a row may be a gap as well: it is the clock's only in a night in which clocks go, and if all of one hour is missing. */
function isForward(before: number, time: number, usual: number): boolean {
  const date = new Date(time * 1000);
  const isNight = SPRING.has(date.getUTCMonth()) && date.getUTCDay() === SUNDAY && date.getUTCHours() <= LAST_HOUR;
  const missing = Math.floor(time / HOUR) * HOUR - HOUR;
  return isNight && before < missing && time - HOUR - before <= MISSING * usual;
}
