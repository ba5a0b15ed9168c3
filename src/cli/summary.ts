// The closing words of a replay, on stderr: what came in, what came of it, and where every packet went.
import type { ReplaySummary } from '../runtime/replay.ts';

const count = (n: number): string => n.toLocaleString('en-US');

/** Bytes in the largest unit that leaves at least one digit before the point. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([a, x], [b, y]) => y - x || a.localeCompare(b))
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ') || 'none';

/** The summary as lines of text. */
export function summaryText(summary: ReplaySummary): string {
  const { packets, bytes, seconds } = summary;
  const span = Math.max(0, summary.lastTime - summary.firstTime);
  const rate = seconds > 0 ? packets / seconds : 0;
  const of = (end: string): string =>
    list(Object.fromEntries(summary.ends.filter((one) => one.end === end).map((one) => [one.reason, one.packets])));
  const rows: [string, string][] = [
    ['packets', `${count(packets)} (${size(bytes)}), ${span.toFixed(1)} s of capture time`],
    ['took', `${seconds.toFixed(2)} s with ${summary.workers} workers, ${count(Math.round(rate))} packets/s`],
    ['decoded', `${count(summary.decoded)} packets`],
    ['ignored', `${count(summary.ignored)}: ${of('ignored')}`],
    ['dropped', `${count(summary.dropped)}: ${of('dropped')}`],
  ];
  if (Object.keys(summary.messages).length > 0) rows.push(['messages', list(summary.messages)]);
  if (Object.keys(summary.activities).length > 0) rows.push(['activities', list(summary.activities)]);
  if (Object.keys(summary.entities).length > 0) rows.push(['entities', list(summary.entities)]);
  if (Object.keys(summary.refusals).length > 0) rows.push(['refused', list(summary.refusals)]);
  if (Object.keys(summary.limits).length > 0) rows.push(['limits', list(summary.limits)]);
  rows.push(['flows', list(summary.flows)]);
  return `${rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join('\n')}\n`;
}
