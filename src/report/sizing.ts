// Verdicts as tables and as CSV. They need no plotting library, which is large: the page is a file of its own.
import type { MachinePlan } from '../sizing/machines.ts';
import { mdiRowName } from '../sizing/mdi-table.ts';
import { highestOf } from '../sizing/model.ts';
import type { Sized, SizingResult } from '../sizing/sizing.ts';
import { csvCell, fixed, moment, percent, short, type Table, textTable, whole } from './text.ts';

export const verdictTable = ({ controllers }: SizingResult): Table => ({
  title: 'Verdicts',
  head: ['DC', 'busy packets/s', 'average', 'peak', 'cores', 'GiB', 'MDI row', 'MDI sensor', 'adtap cores', 'adtap GiB', 'adtap'],
  rows: controllers.map(({ name, traffic, host, mdi, adtap }) => [
    name,
    traffic === null ? '-' : whole(traffic.busy),
    traffic === null ? '-' : whole(traffic.average),
    traffic === null ? '-' : whole(traffic.peak),
    host.cores === null ? '-' : +host.cores.toFixed(2),
    host.memoryGib === null ? '-' : short(host.memoryGib),
    mdi.row === null ? 'none' : mdiRowName(mdi.row),
    mdi.words,
    adtap.cores === null ? '-' : fixed(adtap.cores, 2),
    adtap.memoryGib === null ? '-' : fixed(adtap.memoryGib, 2),
    adtap.words,
  ]),
});

/** Why each verdict is what it is, and what would change it. */
export const reasonTable = ({ controllers }: SizingResult): Table => ({
  title: 'Why, and what would change it',
  head: ['DC', 'busiest 15 minutes, UTC', 'MDI', 'adtap', 'note'],
  rows: controllers.map(({ name, traffic, mdi, adtap, warnings }) => [
    name,
    traffic === null ? '-' : `${moment(traffic.busyFrom)} to ${moment(traffic.busyTo).slice(11)}`,
    mdi.because.join('; '),
    adtap.because.join('; '),
    warnings.join('; ') || '-',
  ]),
});

function mixTable({ name, mix }: Sized): Table | null {
  if (mix === null) return null;
  const part = (count: number): string => percent(mix.packets === 0 ? 0 : count / mix.packets);
  const protocols = [
    ...new Set([...Object.keys(mix.messages), ...Object.keys(mix.activities).map((type) => type.split('.')[0] ?? type)]),
  ];
  const activities = (protocol: string): number =>
    Object.entries(mix.activities).reduce((sum, [type, count]) => sum + (type.split('.')[0] === protocol ? count : 0), 0);
  return {
    title: `${name}: ${whole(mix.packets)} packets, ${part(mix.decoded)} decoded, ${part(mix.ignored)} ignored, ${part(mix.dropped)} dropped`,
    head: ['protocol', 'messages', 'activities'],
    rows: protocols
      .map((protocol): [string, number, number] => [protocol, mix.messages[protocol] ?? 0, activities(protocol)])
      .sort((a, b) => b[1] - a[1])
      .map(([protocol, messages, acts]) => [protocol, whole(messages), whole(acts)]),
  };
}

const planText = (what: string, { capacity, machines, tooBusy }: MachinePlan): string =>
  `${what}: ${machines.length} of up to ${whole(capacity)} packets/s each (${machines
    .map(({ members, packetsPerSecond }) => `${members.join(' + ')}: ${whole(packetsPerSecond)}`)
    .join('; ')})${tooBusy.length === 0 ? '' : `; too busy for one machine: ${tooBusy.join(', ')}`}`;

/** What the counts of sensors count: they look better than they are to who takes them for plain Yes. */
function sensorText({ sensors, controllers }: SizingResult): string {
  const lacking = controllers.filter(({ mdi }) => mdi.words.endsWith('additional resources required')).length;
  const tight = controllers.filter(({ adtap }) => adtap.words === 'Yes, with less than 15% free').length;
  return `A sensor on each domain controller: ${sensors.mdi} of ${controllers.length} by MDI's table (Yes and Maybe; ${lacking} of them with additional resources only), ${sensors.adtap} by adtap's model (${tight} of them with less than 15% free).`;
}

export const planTexts = (result: SizingResult): string[] => [
  sensorText(result),
  `Standalone sensors instead, if the busiest times coincide: ${planText('MDI', result.standalone.mdi)}. ${planText('adtap', result.standalone.adtap)}.`,
];

export const modelText = ({ model }: SizingResult): string =>
  `adtap's figures come from a model measured on ${model.measuredOn}; budget ${model.budget.cores} cores and ${model.budget.memoryGib} GiB (${model.budget.words}); ${model.load}; highest rate held ${whole(highestOf(model))} packets/s.`;

export const mixTables = ({ controllers }: SizingResult): Table[] => controllers.flatMap((one) => mixTable(one) ?? []);

export const sizingText = (result: SizingResult): string =>
  [
    textTable(verdictTable(result)),
    ...result.controllers.map(
      ({ name, mdi, adtap, warnings }) =>
        `${name}\n  MDI: ${mdi.words}: ${mdi.because.join('; ')}\n  adtap: ${adtap.words}: ${adtap.because.join('; ')}\n${warnings.map((warning) => `  note: ${warning}\n`).join('')}`,
    ),
    ...mixTables(result).map(textTable),
    ...planTexts(result),
    modelText(result),
    '',
  ].join('\n');

/** One line a domain controller, with bare numbers. */
export function sizingCsv({ controllers }: SizingResult): string {
  const head =
    'dc,busy_packets_per_second,average_packets_per_second,peak_packets_per_second,busy_from,busy_to,cores,memory_gib,mdi_row,mdi_cores,mdi_memory_gb,mdi_verdict,adtap_cores,adtap_memory_gib,adtap_holds_up_to,adtap_verdict';
  const number = (value: number | null | undefined, digits: number): string =>
    value === null || value === undefined ? '' : value.toFixed(digits);
  const rows = controllers.map(({ name, traffic, host, mdi, adtap }) =>
    [
      csvCell(name),
      number(traffic?.busy, 1),
      number(traffic?.average, 1),
      number(traffic?.peak, 1),
      traffic === null ? '' : new Date(traffic.busyFrom * 1000).toISOString(),
      traffic === null ? '' : new Date(traffic.busyTo * 1000).toISOString(),
      host.cores ?? '',
      number(host.memoryGib, 2),
      mdi.row === null ? '' : mdiRowName(mdi.row),
      mdi.row?.cores ?? '',
      mdi.row?.memoryGib ?? '',
      csvCell(mdi.words),
      number(adtap.cores, 3),
      number(adtap.memoryGib, 3),
      adtap.holdsUpTo ?? '',
      csvCell(adtap.words),
    ].join(','),
  );
  return `${[head, ...rows].join('\r\n')}\r\n`;
}
