// The highest rate that is held: stepped up until one is not, then bisected.

export interface SearchSettings {
  /** Packets per second to begin with; at least 1000. */
  readonly start: number;
  /** No higher is tried. */
  readonly most: number;
  /** Factor of a step up, above 1. */
  readonly step: number;
  /** How near the bounds must come: 0.05 for 5%. */
  readonly precision: number;
}

export interface Tried {
  readonly rate: number;
  readonly isHeld: boolean;
}

export interface Found {
  /** The highest rate held; 0 when none was. */
  readonly rate: number;
  /** The lowest that was not; infinite when all were. */
  readonly failed: number;
  readonly tried: readonly Tried[];
}

/** Below this nothing is looked for. */
const LEAST = 1000;

/** `probe` says whether a rate is held. Asks it a bounded number of times, whatever it answers. */
export async function highestRate(settings: SearchSettings, probe: (rate: number) => Promise<boolean>): Promise<Found> {
  const { most, step, precision } = settings;
  const tried: Tried[] = [];
  const holds = async (rate: number): Promise<boolean> => {
    const isHeld = await probe(rate);
    tried.push({ rate, isHeld });
    return isHeld;
  };
  let held = 0;
  let failed = Number.POSITIVE_INFINITY;
  for (let rate = Math.min(Math.max(Math.round(settings.start), LEAST), most); ; ) {
    if (await holds(rate)) held = rate;
    else failed = rate;
    if (failed < Number.POSITIVE_INFINITY && held > 0) break;
    if (held === most) return { rate: held, failed, tried };
    rate = failed === Number.POSITIVE_INFINITY ? Math.min(most, Math.round(rate * step)) : Math.round(rate / step);
    if (rate < LEAST) return { rate: 0, failed, tried };
  }
  while (failed / held > 1 + precision) {
    const middle = Math.round(Math.sqrt(held * failed));
    if (middle <= held || middle >= failed) break;
    if (await holds(middle)) held = middle;
    else failed = middle;
  }
  return { rate: held, failed, tried };
}

/** What a rate that was held for a moment is held for long at, one after the other: shares of it, down to `least` and that once. */
export function holdRates(highest: number, shares: readonly number[], least: number): number[] {
  return [...new Set(shares.map((share) => Math.max(Math.round(highest * share), least)))];
}
