// Counters in CSV: what Performance Monitor, typeperf and relog write, or a plain table with a line a sample.
import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { AdtapError } from '../errors.ts';
import type { Sample } from './traffic.ts';

/** Samples of one machine, by adapter. */
export interface CounterSeries {
  readonly name: string;
  readonly adapters: ReadonlyMap<string, readonly Sample[]>;
  /** Counters that began again, such as after a restart: the time between was left out. */
  readonly restarts: number;
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

const MAX_BYTES = 512 << 20;

/** `\\DC01\Network Interface(Ethernet 2)\Packets/sec` and its older name, Network Adapter. */
const PDH_COUNTER = /^\\\\([^\\]+)\\Network (?:Adapter|Interface)\((.*)\)\\Packets\/sec$/i;
const PDH_TIME = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?$/;

/** The table's header and rows with their lines. Throws ADTAP_E_COUNTERS. */
export function readTable(path: string): { readonly header: Row; readonly rows: readonly Row[] } {
  let text: string;
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_BYTES) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: larger than ${MAX_BYTES} bytes; split it`);
    // relog writes UTF-16 when asked to.
    text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le', 2) : bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof AdtapError) throw cause;
    throw new AdtapError('ADTAP_E_NOT_FOUND', `${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as {
      readonly record: string[];
      readonly info: { readonly lines: number };
    }[];
    const [header, ...rows] = records.map(({ record, info }): Row => ({ line: info.lines, cells: record }));
    if (header === undefined) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: is empty`);
    for (const { line, cells } of rows)
      if (cells.length !== header.cells.length)
        throw fault(path, line, `${cells.length} cells, the header has ${header.cells.length}`);
    return { header, rows };
  } catch (cause) {
    if (cause instanceof CsvError) {
      const { lines } = cause as unknown as { readonly lines?: number };
      throw new AdtapError('ADTAP_E_COUNTERS', `${path}: line ${lines ?? '?'}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** What was counted, by machine. Throws ADTAP_E_COUNTERS with the line of what is wrong. */
export function readCounters(path: string): CounterSeries[] {
  const { header, rows } = readTable(path);
  const collected = header.cells[0]?.startsWith('(PDH-CSV') ? performanceMonitor(path, header, rows) : plain(path, header, rows);
  if (collected.size === 0) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: there is no sample in it`);
  return [...collected.values()].map(({ name, adapters, restarts }) => ({
    name,
    restarts,
    adapters: new Map([...adapters].map(([adapter, { samples }]) => [adapter, samples])),
  }));
}

export const fault = (path: string, line: number, what: string): AdtapError =>
  new AdtapError('ADTAP_E_COUNTERS', `${path}: line ${line}: ${what}`);

/** A number of 0 or more; null for an empty cell. Throws with the line. */
export function amount(path: string, line: number, column: string, text: string): number | null {
  // Performance Monitor writes a space, in quotes, where there is no value.
  if (text.trim() === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw fault(path, line, `${column} is ${JSON.stringify(text)}, which is no amount`);
  return value;
}

interface Counter {
  readonly samples: Sample[];
  time: number;
  total: number;
}

class Collected extends Map<string, { readonly name: string; readonly adapters: Map<string, Counter>; restarts: number }> {
  of(name: string, adapter: string): { readonly counter: Counter; restarted(): void } {
    let machine = this.get(name.toLowerCase());
    if (machine === undefined) {
      machine = { name, adapters: new Map(), restarts: 0 };
      this.set(name.toLowerCase(), machine);
    }
    let counter = machine.adapters.get(adapter);
    if (counter === undefined) {
      counter = { samples: [], time: Number.NaN, total: Number.NaN };
      machine.adapters.set(adapter, counter);
    }
    const found = machine;
    return {
      counter,
      restarted() {
        found.restarts++;
      },
    };
  }
}

/** The first cell of a PDH header names format and time zone; times are the machine's local ones, and stay so. */
function performanceMonitor(path: string, header: Row, rows: readonly Row[]): Collected {
  const collected = new Collected();
  const columns = header.cells.flatMap((cell, index) => {
    const [, machine, adapter] = PDH_COUNTER.exec(cell) ?? [];
    return machine === undefined || adapter === undefined ? [] : [{ index, machine, adapter }];
  });
  if (columns.length === 0)
    throw fault(path, header.line, 'no column is a counter such as \\\\DC01\\Network Interface(Ethernet)\\Packets/sec');
  for (const { line, cells } of rows) {
    const [, month, day, year, hour, minute, second, milliseconds = '0'] = PDH_TIME.exec(cells[0] ?? '') ?? [];
    if (year === undefined) throw fault(path, line, `${JSON.stringify(cells[0])} is no time such as 11/20/2026 09:00:05.000`);
    const time =
      Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000 +
      Number(milliseconds.padEnd(3, '0')) / 1000;
    for (const { index, machine, adapter } of columns) {
      const { counter } = collected.of(machine, adapter);
      const rate = amount(path, line, header.cells[index] ?? '', cells[index] ?? '');
      const before = counter.time;
      if (time <= before) throw fault(path, line, 'its time is not after the one before it');
      counter.time = time;
      // A rate is the mean since the row before; the first row begins the time.
      if (rate !== null && !Number.isNaN(before))
        counter.samples.push({ from: before, to: time, packets: rate * (time - before) });
    }
  }
  return collected;
}

/** Columns `time`, `packets_per_second` or `packets_total`, and where there are several `dc` and `adapter`. */
function plain(path: string, header: Row, rows: readonly Row[]): Collected {
  const names = header.cells.map((cell) => cell.toLowerCase());
  const column = (name: string): number => names.indexOf(name);
  const [time, rate, total, machine, adapter] = ['time', 'packets_per_second', 'packets_total', 'dc', 'adapter'].map(column) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (time < 0) throw fault(path, header.line, 'there is no column time');
  if (rate < 0 === total < 0)
    throw fault(path, header.line, 'there must be a column packets_per_second or packets_total, and one only');
  const collected = new Collected();
  for (const { line, cells } of rows) {
    const text = cells[time] ?? '';
    const moment = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
    if (!Number.isFinite(moment))
      throw fault(path, line, `time is ${JSON.stringify(text)}, not an RFC 3339 time or seconds since 1970`);
    const { counter, restarted } = collected.of(
      machine < 0 ? 'dc' : (cells[machine] ?? ''),
      adapter < 0 ? '' : (cells[adapter] ?? ''),
    );
    const before = counter.time;
    if (moment <= before) throw fault(path, line, 'its time is not after the one before it');
    const value = amount(path, line, rate >= 0 ? 'packets_per_second' : 'packets_total', cells[Math.max(rate, total)] ?? '');
    if (value === null) {
      // Nothing is known until the next sample; a count goes on from the one before.
      if (rate >= 0) counter.time = moment;
      continue;
    }
    counter.time = moment;
    const packets = rate >= 0 ? value * (moment - before) : value - counter.total;
    counter.total = value;
    if (Number.isNaN(before)) continue;
    if (packets < 0) restarted();
    else counter.samples.push({ from: before, to: moment, packets });
  }
  return collected;
}
