// What a Defender for Identity sensor (2.x) needs, as Microsoft publishes it: the sensor's own consumption, in physical cores.
// Source: "Plan capacity for Microsoft Defender for Identity deployment", table "estimated sizing",
// https://learn.microsoft.com/en-us/defender-for-identity/deploy/capacity-planning

export interface MdiRow {
  /** Busy packets per second: more than `above`, up to and with `upTo`. */
  readonly above: number;
  readonly upTo: number;
  readonly cores: number;
  /** Gigabytes of RAM; taken as GiB, as Windows counts. */
  readonly memoryGib: number;
}

export const MDI_TABLE: readonly MdiRow[] = [
  { above: 0, upTo: 1_000, cores: 0.25, memoryGib: 2.5 },
  { above: 1_000, upTo: 5_000, cores: 0.75, memoryGib: 6 },
  { above: 5_000, upTo: 10_000, cores: 1, memoryGib: 6.5 },
  { above: 10_000, upTo: 20_000, cores: 2, memoryGib: 9 },
  { above: 20_000, upTo: 50_000, cores: 3.5, memoryGib: 9.5 },
  { above: 50_000, upTo: 75_000, cores: 5.5, memoryGib: 11.5 },
  { above: 75_000, upTo: 100_000, cores: 7.5, memoryGib: 13.5 },
];

/** The most that the table speaks of. */
export const MDI_MOST = 100_000;
/** Above this the sizing tool says Maybe (same page, "Common results include"). */
export const MDI_MAYBE = 60_000;

/** The row of a rate; null above the table. */
export const mdiRow = (packetsPerSecond: number): MdiRow | null => MDI_TABLE.find(({ upTo }) => packetsPerSecond <= upTo) ?? null;

/** `1k-5k`, as the table names its rows. */
export const mdiRowName = ({ above, upTo }: MdiRow): string => `${above / 1000}${above === 0 ? '' : 'k'}-${upTo / 1000}k`;
