// Counters in files: logs of Performance Monitor, or plain tables with a line a sample.
import { AdtapError } from '../errors.ts';
import { type CounterSeries, joinLogs, type Log } from './join.ts';
import { performanceLogs } from './performance-monitor.ts';
import { plainLogs } from './plain-table.ts';
import { isPdh, readTable } from './table.ts';

export interface Counters {
  readonly machines: readonly CounterSeries[];
  /** Every file says whose its counters are. */
  readonly isNamed: boolean;
}

/**
 * What was counted, by machine, through all files, whatever their order. `unnamed` is the machine of tables without a column dc.
 * Throws ADTAP_E_COUNTERS with the file, and where there is one the line, of what is wrong.
 */
export function readCounters(paths: readonly string[], unnamed = 'dc'): Counters {
  const logs = paths.flatMap((path): readonly Log[] => {
    const table = readTable(path);
    const found = isPdh(table.header) ? performanceLogs(path, table) : plainLogs(path, table, unnamed);
    if (table.rows.length === 0) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: there is no sample in it`);
    return found;
  });
  return { machines: joinLogs(logs), isNamed: logs.every(({ isNamed }) => isNamed) };
}
