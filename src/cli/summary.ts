// The closing words of a replay, on stderr: what came in, what came of it, and where every packet went.
import type { ReplaySummary } from '../runtime/replay.ts';
import { count, list, namedLines, size } from './text.ts';

/** The summary as lines of text. */
export function summaryText(summary: ReplaySummary): string {
  const { packets, bytes, seconds } = summary;
  const span = Math.max(0, summary.lastTime - summary.firstTime);
  const rate = seconds > 0 ? packets / seconds : 0;
  const of = (end: string): string =>
    list(Object.fromEntries(summary.ends.filter((one) => one.end === end).map((one) => [one.reason, one.packets])));
  const rows: [string, string][] = [
    ['packets', `${count(packets)} (${size(bytes)}), ${span.toFixed(1)} s of capture time`],
    [
      'took',
      `${seconds.toFixed(2)} s with ${summary.workers === 1 ? '1 worker' : `${summary.workers} workers`}, ${count(Math.round(rate))} packets/s`,
    ],
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
  return namedLines(rows);
}
