// Figures that people ask for, made of what was measured: for the table, the page and the JSON alike.
import type { Lag, Measured } from './messages.ts';
import type { StageShares } from './profile.ts';

export const packetsPerSecond = ({ packets, seconds }: Measured): number => packets / seconds;
export const megabitsPerSecond = ({ bytes, seconds }: Measured): number => (bytes * 8) / 1e6 / seconds;
export const activitiesPerSecond = ({ activities, seconds }: Measured): number => activities / seconds;
export const coresUsed = ({ cpuSeconds, seconds }: Measured): number => cpuSeconds / seconds;
/** Processor seconds a million packets. */
export const cpuPerMillion = ({ cpuSeconds, packets }: Measured): number => (packets === 0 ? 0 : (cpuSeconds / packets) * 1e6);

/** Milliseconds under which the share `q` of all activities was; null when there was none. */
export const lagAt = (lag: Lag, q: number): number | null =>
  lag.percentiles.find(([share]) => share >= q)?.[1] ?? lag.percentiles.at(-1)?.[1] ?? null;

/** Of fewer activities than this the samples of a profile say nothing. */
const LEAST_ACTIVITIES = 100;

export interface ProtocolCost {
  readonly protocol: string;
  readonly activities: number;
  /** Of all processor time in the profile. */
  readonly share: number;
  /** null where there were too few to tell. */
  readonly microsecondsPerActivity: number | null;
}

/** Shares of a profile, and what was said while it was taken. */
type ProfiledStages = StageShares & { readonly activitiesByProtocol: Readonly<Record<string, number>> };

/** What each protocol's own code costs; time in rooms that all share is not split. */
export function protocolCosts({ stages }: { readonly stages: ProfiledStages }): ProtocolCost[] {
  return stages.stages
    .filter(({ stage }) => stage.startsWith('protocols/'))
    .map(({ stage, share, seconds }) => {
      const protocol = stage.slice('protocols/'.length);
      const activities = stages.activitiesByProtocol[protocol] ?? 0;
      const microsecondsPerActivity = activities < LEAST_ACTIVITIES ? null : (seconds / activities) * 1e6;
      return { protocol, activities, share, microsecondsPerActivity };
    });
}
