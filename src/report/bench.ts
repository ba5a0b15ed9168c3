// What the bench measured, as tables. They need no plotting library, which is large: the page is a file of its own.
import type { BenchResult } from '../bench/bench.ts';
import {
  activitiesPerSecond,
  coresUsed,
  cpuPerMillion,
  lagAt,
  megabitsPerSecond,
  packetsPerSecond,
  protocolCosts,
} from '../bench/figures.ts';
import type { Garbage, GarbagePauses } from '../bench/garbage.ts';
import { failings } from '../bench/ladder.ts';
import type { Lag } from '../bench/messages.ts';
import { GIBIBYTE } from '../bytes/units.ts';
import { mdiRowName } from '../sizing/mdi-table.ts';
import { fixed, mebibytes, percent, short, type Table, textTable, whole } from './text.ts';

const SHARES = [0.5, 0.9, 0.99, 0.999, 1];
/** Others on the machine use so much that the figures are not adtap's alone. */
const DISTURBED_CORES = 0.2;

/** What must be said along with the figures. */
export function benchWarnings(result: BenchResult): string[] {
  const warnings: string[] = [];
  if (result.load.isCut) warnings.push('the capture is larger than what is kept in memory: only its first 256 MiB are the load');
  if (result.isQuick) warnings.push('--quick: the times are too short for figures to plan with');
  const { otherCores } = result.highest.measured;
  if (otherCores > DISTURBED_CORES)
    warnings.push(
      `other programs used ${fixed(otherCores, 1)} processors while the highest rate was held: an idle machine holds more`,
    );
  if (result.budget.kind === 'none') warnings.push(result.budget.words);
  const { budget, machine, highest, ladder } = result;
  if (budget.cores > machine.processors)
    warnings.push(
      `the budget has ${budget.cores} cores and this machine ${machine.processors}: the figures are those of ${machine.processors}`,
    );
  const rung = ladder.findLast(({ measured }) => failings(measured).length === 0)?.measured;
  if (rung !== undefined && rung.rate > highest.measured.rate)
    warnings.push(
      `${whole(rung.rate)} packets/s were held for a moment, more than the highest rate that was found: the machine was disturbed`,
    );
  return warnings;
}

export function ladderTable({ ladder }: BenchResult): Table {
  return {
    title: "MDI's ladder: is each row held in the row's cores and memory?",
    head: ['busy packets/s', 'MDI cores', 'MDI GB', 'adtap cores', 'adtap GiB', 'spare cores', 'spare memory', 'held'],
    rows: ladder.map(({ row, measured, cores, isHeld, reasons, spareCores, spareMemory }) => [
      mdiRowName(row),
      fixed(row.cores, 2),
      fixed(row.memoryGib, 2),
      fixed(cores, 2),
      fixed(measured.peakRssBytes / GIBIBYTE, 2),
      percent(spareCores),
      percent(spareMemory),
      isHeld ? 'yes' : `no: ${reasons.join(', ')}`,
    ]),
  };
}

export const lagText = (lag: Lag, share: number): string => {
  const value = lagAt(lag, share);
  return value === null ? '-' : short(value);
};

export function highestTable({ highest }: BenchResult): Table {
  const { measured, garbage } = highest;
  const rows: [string, string][] = [
    ['packets/s', whole(packetsPerSecond(measured))],
    ['held for, seconds', fixed(measured.seconds, 1)],
    ['Mbit/s', whole(megabitsPerSecond(measured))],
    ['activities/s', whole(activitiesPerSecond(measured))],
    ['dropped packets', whole(measured.dropped)],
    ['cores', fixed(coresUsed(measured), 2)],
    ['processor seconds per million packets', fixed(cpuPerMillion(measured), 2)],
    ['peak RSS, MiB', mebibytes(highest.peakRssBytes)],
    ['mean RSS while held, MiB', mebibytes(measured.meanRssBytes)],
    ...SHARES.map((share): [string, string] => [
      `lag from packet to activity, ${share === 1 ? 'longest' : `${+(share * 100).toFixed(1)}%`}, ms`,
      lagText(measured.lag, share),
    ]),
    ...garbageRows(garbage),
  ];
  const outcome = highest.isHeld ? '' : ` (not held: ${highest.reasons.join(', ')})`;
  return { title: `The highest rate without loss${outcome}`, head: ['figure', 'value'], rows };
}

const garbageRows = (garbage: Garbage): [string, string][] =>
  (
    [
      ['main thread', garbage.main],
      ['workers', garbage.workers],
    ] as const
  ).map(([name, { count, totalMs, medianMs, longestMs }]: readonly [string, GarbagePauses]) => [
    `garbage collection, ${name}: pauses, total ms, median ms, longest ms`,
    `${count}, ${short(totalMs)}, ${short(medianMs)}, ${short(longestMs)}`,
  ]);

export const scalingTable = ({ scaling }: BenchResult): Table => ({
  title: 'As fast as it goes, by workers',
  head: ['workers', 'packets/s', 'cores', 'processor s per million', 'times one worker'],
  rows: scaling.map(({ workers, measured }) => [
    workers,
    whole(packetsPerSecond(measured)),
    fixed(coresUsed(measured), 2),
    fixed(cpuPerMillion(measured), 2),
    fixed(packetsPerSecond(measured) / packetsPerSecond(scaling[0]!.measured), 2),
  ]),
});

export const flowTable = ({ flows }: BenchResult): Table => ({
  title: 'As flows grow: one conversation held by so many pairs of addresses at once',
  head: ['flows', 'open in the table', 'packets/s', 'processor µs a packet', 'times the fewest', 'peak RSS, MiB'],
  rows: flows.map(({ flows: count, measured }) => [
    whole(count),
    whole(measured.activeFlows),
    whole(packetsPerSecond(measured)),
    fixed(cpuPerMillion(measured), 2),
    fixed(cpuPerMillion(measured) / cpuPerMillion(flows[0]!.measured), 2),
    mebibytes(measured.peakRssBytes),
  ]),
});

export const stageTable = ({ stages }: BenchResult): Table => ({
  title: 'Where processor time goes (sampled, own time by folder of src/)',
  head: ['stage', 'share', 'processor s per million packets'],
  rows: stages.stages
    .filter(({ share }) => share >= 0.005)
    .map(({ stage, share, seconds }) => [
      stage,
      `${fixed(share * 100, 1)}%`,
      stages.packets === 0 ? '-' : fixed((seconds / stages.packets) * 1e6, 3),
    ]),
});

export const protocolTable = (result: BenchResult): Table => ({
  title: "Protocols: their decoders' own time",
  head: ['protocol', 'activities', 'share', 'µs an activity'],
  rows: protocolCosts(result).map(({ protocol, activities, share, microsecondsPerActivity }) => [
    protocol,
    whole(activities),
    `${fixed(share * 100, 1)}%`,
    microsecondsPerActivity === null ? '-' : fixed(microsecondsPerActivity, 2),
  ]),
});

export const workersOf = ({ budget: { workers } }: BenchResult): string => (workers === 1 ? '1 worker' : `${workers} workers`);

const tables = (result: BenchResult): Table[] => [
  ladderTable(result),
  highestTable(result),
  scalingTable(result),
  flowTable(result),
  stageTable(result),
  protocolTable(result),
];

export function benchText(result: BenchResult): string {
  const { machine, load, budget } = result;
  return [
    `${machine.processor}, ${machine.processors} processors, ${mebibytes(machine.memoryBytes)} MiB, ${machine.platform}, Node ${machine.node}`,
    `load: ${whole(load.packets)} packets of ${Math.round(load.meanBytes)} bytes on average, repeated with other addresses`,
    `budget: ${budget.cores} cores, ${mebibytes(budget.memoryBytes)} MiB, ${workersOf(result)}; ${budget.words}`,
    '',
    ...tables(result).map(textTable),
    ...benchWarnings(result).map((warning) => `warning: ${warning}`),
  ].join('\n');
}
