// The ladder: the rows of Microsoft's table one by one, and whether adtap holds each within what the table gives the sensor.
import { GIBIBYTE } from '../bytes/units.ts';
import type { MdiRow } from '../sizing/mdi-table.ts';
import { coresUsed } from './figures.ts';
import type { Measured } from './messages.ts';

/** How much later packets may be taken at the end of a phase than at its start: milliseconds, or a share of its time. */
const GROWTH_MS = 20;
const GROWTH_SHARE = 0.01;

/** Why a rate was not held; empty when it was. */
export function failings(measured: Measured): string[] {
  const found: string[] = [];
  const { seconds, dropped, backlogFirstMs, backlogLastMs } = measured;
  if (dropped > 0) found.push(`${dropped} packets dropped`);
  const growth = backlogLastMs - backlogFirstMs;
  if (growth > Math.max(GROWTH_MS, seconds * 1000 * GROWTH_SHARE)) found.push(`fell behind by ${growth.toFixed(0)} ms`);
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
