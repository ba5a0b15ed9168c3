// Verdicts as a page with plots.
import { MDI_TABLE, mdiRowName } from '../sizing/mdi-table.ts';
import type { SizingResult } from '../sizing/sizing.ts';
import { renderPage } from './page.ts';
import { bars, rateAgainst } from './plots.ts';
import { mixTables, modelText, planTexts, reasonTable, verdictTable } from './sizing.ts';
import { fixed, whole } from './text.ts';

export function sizingPage(result: SizingResult, version: string): string {
  const { controllers, sensors, standalone, model } = result;
  const seen = controllers.flatMap(({ name, traffic }) => (traffic === null ? [] : [{ name, value: traffic.busy }]));
  return renderPage({
    title: `adtap ${version}: what these domain controllers need`,
    figures: [
      [String(controllers.length), 'domain controllers'],
      [whole(seen.reduce((sum, { value }) => sum + value, 0)), 'busy packets/s in all'],
      [`${sensors.mdi}`, "sensors by MDI's table, Yes or Maybe"],
      [`${sensors.adtap}`, "sensors by adtap's model, Yes"],
      [`${standalone.mdi.machines.length} / ${standalone.adtap.machines.length}`, 'standalone machines, MDI / adtap'],
    ],
    sections: [
      { title: 'Verdicts', tables: [verdictTable(result), reasonTable(result)] },
      {
        title: 'Traffic and what it needs',
        figures: [
          {
            svg: bars(
              'busy packets/s',
              [...seen].sort((a, b) => b.value - a.value),
              whole,
            ),
            caption: 'The busiest 15 minutes of each domain controller.',
          },
          {
            svg: rateAgainst(
              'processor cores',
              model.points.map(({ packetsPerSecond, cores }) => ({ x: packetsPerSecond, y: cores })),
              (row) => row.cores,
            ),
            caption: "Processor cores against the rate: adtap's model, the MDI sensor as published (dashed).",
          },
          {
            svg: rateAgainst(
              'memory, GiB',
              model.points.map(({ packetsPerSecond, memoryGib }) => ({ x: packetsPerSecond, y: memoryGib })),
              (row) => row.memoryGib,
            ),
            caption: "Memory against the rate: adtap's model, the MDI sensor as published (dashed).",
          },
        ],
        tables: mixTables(result),
      },
      {
        title: 'Sensors and machines',
        text: planTexts(result),
        tables: [
          {
            title: "Microsoft's table: what its sensor uses itself, in physical cores",
            head: ['busy packets/s', 'cores', 'GB'],
            rows: MDI_TABLE.map((row) => [mdiRowName(row), fixed(row.cores, 2), fixed(row.memoryGib, 2)]),
          },
        ],
      },
    ],
    footer: `${modelText(result)} MDI's figures and words: https://learn.microsoft.com/en-us/defender-for-identity/deploy/capacity-planning`,
  });
}
