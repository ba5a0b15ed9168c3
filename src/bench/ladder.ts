// The ladder: the rows of Microsoft's table one by one, and whether adtap holds each within what the table gives the sensor.
import { GIBIBYTE } from '../bytes/units.ts';
import type { MdiRow } from '../sizing/mdi-table.ts';
import { coresUsed, lagAt } from './figures.ts';
import type { Measured } from './messages.ts';

/** How much later packets may be taken at the end of a phase than at its start: milliseconds, or a share of its time. */
const GROWTH_MS = 20;
const GROWTH_SHARE = 0.01;
/** How much fewer packets may have been taken than were due: a share of them, and what is due in some milliseconds. */
const SHORT_SHARE = 0.05;
const SHORT_MS = 20;
/** Later than that half of the activities must not be: what waits inside is behind too. */
const LATE_MS = 1000;

/** Why a rate was not held; empty when it was. */
export function failings(measured: Measured): string[] {
  const found: string[] = [];
  const { rate, seconds, packets, dropped, backlogFirstMs, backlogLastMs, lag } = measured;
  if (dropped > 0) found.push(`${dropped} packets dropped`);
  const growth = backlogLastMs - backlogFirstMs;
  if (growth > Math.max(GROWTH_MS, seconds * 1000 * GROWTH_SHARE)) found.push(`fell behind by ${growth.toFixed(0)} ms`);
  const due = rate * seconds;
  if (Number.isFinite(due) && packets + dropped < due - due * SHORT_SHARE - rate * (SHORT_MS / 1000))
    found.push(`took ${packets} of ${Math.round(due)} packets`);
  const late = lagAt(lag, 0.5);
  if (late !== null && late > LATE_MS) found.push(`half of the activities were over ${(late / 1000).toFixed(1)} s late`);
  return found;
}

export interface Rung {
  readonly row: MdiRow;
  readonly measured: Measured;
  /** Processors in use on average. */
  readonly cores: number;
  readonly isHeld: boolean;
  /** Why not; empty when it is held. */
  readonly reasons: readonly string[];
  /** Shares of the row's figures that were not used; negative when there was not enough. */
  readonly spareCores: number;
  readonly spareMemory: number;
}

/** Judges one row: held without loss, in the row's cores and memory. */
export function judge(row: MdiRow, measured: Measured): Rung {
  const cores = coresUsed(measured);
  const spareCores = 1 - cores / row.cores;
  const spareMemory = 1 - measured.peakRssBytes / (row.memoryGib * GIBIBYTE);
  const reasons = failings(measured);
  if (spareCores < 0) reasons.push(`${cores.toFixed(2)} cores, the row has ${row.cores}`);
  if (spareMemory < 0) reasons.push(`${(measured.peakRssBytes / GIBIBYTE).toFixed(2)} GiB, the row has ${row.memoryGib}`);
  return { row, measured, cores, isHeld: reasons.length === 0, reasons, spareCores, spareMemory };
}
