// Plain tables of counters: columns `time`, `packets_per_second` or `packets_total`, and where there are several `dc` and `adapter`.
import { secondsOf } from '../bytes/rfc3339.ts';
import type { Log } from './join.ts';
import { amount, fault, quoted, type Table } from './table.ts';

/** `unnamed` is the machine where there is no column dc. Throws ADTAP_E_COUNTERS with the line of what is wrong. */
export function plainLogs(path: string, { header, rows }: Table, unnamed: string): readonly Log[] {
  const names = header.cells.map((cell) => cell.toLowerCase());
  const [time, rate, total, dc, nic] = ['time', 'packets_per_second', 'packets_total', 'dc', 'adapter'].map((name) =>
    names.indexOf(name),
  ) as [number, number, number, number, number];
  if (time < 0) throw fault(path, header.line, 'there is no column time');
  if (rate < 0 === total < 0)
    throw fault(path, header.line, 'there must be a column packets_per_second or packets_total, and one only');
  const kind = rate < 0 ? 'total' : 'rate';
  const logs = new Map<string, Log>();
  for (const { line, cells } of rows) {
    const text = cells[time] ?? '';
    const moment = secondsOf(text);
    if (Number.isNaN(moment))
      throw fault(path, line, `time is ${quoted(text)}, which is neither RFC 3339 (2026-11-20T09:00:05Z) nor seconds since 1970`);
    const machine = dc < 0 ? unnamed : (cells[dc] ?? '');
    const adapter = nic < 0 ? '' : (cells[nic] ?? '');
    const key = `${machine.toLowerCase()}\n${adapter}`;
    const log: Log = logs.get(key) ?? { path, machine, adapter, kind, isNamed: dc >= 0, times: [], values: [], notes: [] };
    logs.set(key, log);
    if (moment <= (log.times.at(-1) ?? Number.NEGATIVE_INFINITY))
      throw fault(path, line, 'its time is not after the one before it');
    log.times.push(moment);
    log.values.push(amount(path, line, names[Math.max(rate, total)] ?? '', cells[Math.max(rate, total)] ?? '') ?? Number.NaN);
  }
  return [...logs.values()];
}
