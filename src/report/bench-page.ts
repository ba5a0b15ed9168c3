// What the bench measured, as a page with plots.
import type { BenchResult } from '../bench/bench.ts';
import {
  activitiesPerSecond,
  coresUsed,
  cpuPerMillion,
  megabitsPerSecond,
  packetsPerSecond,
  protocolCosts,
} from '../bench/figures.ts';
import type { Lag } from '../bench/messages.ts';
import { GIBIBYTE } from '../bytes/units.ts';
import {
  benchWarnings,
  flowTable,
  highestTable,
  ladderTable,
  lagText,
  protocolTable,
  scalingTable,
  stageTable,
  workersOf,
} from './bench.ts';
import { renderPage } from './page.ts';
import { ADTAP, bars, curve, OTHER, type Point, rateAgainst } from './plots.ts';
import { fixed, mebibytes, whole } from './text.ts';

const lagPoints = (lag: Lag): Point[] => lag.percentiles.filter(([, ms]) => ms > 0).map(([share, ms]) => ({ x: ms, y: share }));

export function benchPage(result: BenchResult, version: string): string {
  const { machine, load, budget, ladder, highest, stages, scaling, flows } = result;
  const { measured } = highest;
  const points = [...ladder.map((rung) => rung.measured), measured].sort((a, b) => a.rate - b.rate);
  const rung = ladder.find(({ row }) => row.upTo === 20_000)?.measured;
  const series = (of: (moment: (typeof measured.moments)[number]) => number): Point[] =>
    measured.moments.map((moment) => ({ x: moment.seconds, y: of(moment) }));
  const costs = protocolCosts(result).filter(({ microsecondsPerActivity }) => microsecondsPerActivity !== null);
  return renderPage({
    title: `adtap ${version}: what this machine holds`,
    figures: [
      [whole(packetsPerSecond(measured)), highest.isHeld ? 'packets/s without loss' : 'packets/s, not held'],
      [whole(megabitsPerSecond(measured)), 'Mbit/s'],
      [whole(activitiesPerSecond(measured)), 'activities/s'],
      [fixed(cpuPerMillion(measured), 2), 'processor s per million packets'],
      [mebibytes(highest.peakRssBytes), 'peak RSS, MiB'],
      [lagText(measured.lag, 0.99), 'lag of 99%, ms'],
      [`${ladder.filter(({ isHeld }) => isHeld).length} of ${ladder.length}`, "rows of MDI's table held"],
    ],
    sections: [
      {
        title: "Beside Microsoft's table",
        text: benchWarnings(result).map((warning) => `Note: ${warning}.`),
        figures: [
          {
            svg: rateAgainst(
              'processor cores',
              points.map((one) => ({ x: one.rate, y: coresUsed(one) })),
              (row) => row.cores,
            ),
            caption: 'Processor cores against the rate: adtap measured, the MDI sensor as published (dashed).',
          },
          {
            svg: rateAgainst(
              'memory, GiB',
              points.map((one) => ({ x: one.rate, y: one.peakRssBytes / GIBIBYTE })),
              (row) => row.memoryGib,
            ),
            caption: 'Memory against the rate: peak RSS of adtap, RAM of the MDI sensor as published (dashed).',
          },
        ],
        tables: [ladderTable(result)],
      },
      {
        title: 'The highest rate',
        figures: [
          {
            svg: curve({ label: 'lag, ms', isLog: true }, { label: '% of activities', isPercent: true }, [
              ...(rung === undefined || rung.lag.samples === 0
                ? []
                : [{ name: '20k packets/s', colour: OTHER, points: lagPoints(rung.lag) }]),
              { name: 'highest rate', colour: ADTAP, points: lagPoints(measured.lag) },
            ]),
            caption: 'Lag: share of activities that were written so long after the packet that finished them was due.',
          },
          {
            svg: curve({ label: 'seconds', isLog: false }, { label: 'RSS, MiB' }, [
              { name: 'RSS', colour: ADTAP, points: series(({ rssBytes }) => rssBytes / 2 ** 20) },
            ]),
            caption: 'Memory while the highest rate was held.',
          },
          {
            svg: curve({ label: 'seconds', isLog: false }, { label: 'packets waiting, ms' }, [
              { name: 'waiting', colour: ADTAP, points: series(({ backlogMs }) => backlogMs) },
            ]),
            caption: 'How long packets waited to be taken while the highest rate was held.',
          },
        ],
        tables: [highestTable(result)],
      },
      {
        title: 'Cost',
        figures: [
          {
            svg: bars(
              '% of processor time',
              stages.stages.filter(({ share }) => share >= 0.01).map(({ stage, share }) => ({ name: stage, value: share * 100 })),
              (value) => `${fixed(value, 1)}%`,
            ),
            caption: 'Processor time by stage.',
          },
          {
            svg: bars(
              'µs an activity',
              costs.map(({ protocol, microsecondsPerActivity }) => ({ name: protocol, value: microsecondsPerActivity ?? 0 })),
              (value) => fixed(value, 2),
            ),
            caption: "Cost of each protocol: its decoder's own time for an activity.",
          },
          {
            svg: bars(
              'packets/s',
              scaling.map(({ workers, measured: one }) => ({
                name: workers === 1 ? '1 worker' : `${workers} workers`,
                value: packetsPerSecond(one),
              })),
              whole,
            ),
            caption: 'As fast as it goes, by workers.',
          },
          {
            svg: curve({ label: 'flows', isLog: true }, { label: 'processor µs a packet' }, [
              { name: 'cost', colour: ADTAP, points: flows.map(({ flows: x, measured: one }) => ({ x, y: cpuPerMillion(one) })) },
            ]),
            caption: 'Cost of a packet as flows grow.',
          },
        ],
        tables: [stageTable(result), protocolTable(result), scalingTable(result), flowTable(result)],
      },
    ],
    footer: `${machine.processor}, ${machine.processors} processors, ${mebibytes(machine.memoryBytes)} MiB, ${machine.platform}, Node ${machine.node}. Load: ${load.captures.length > 3 ? `${load.captures.length} captures` : load.captures.join(', ')}, ${whole(load.packets)} packets of ${Math.round(load.meanBytes)} bytes on average, repeated with other addresses. Budget: ${budget.cores} cores, ${mebibytes(budget.memoryBytes)} MiB, ${workersOf(result)}; ${budget.words}. MDI's figures: https://learn.microsoft.com/en-us/defender-for-identity/deploy/capacity-planning`,
  });
}
