// What a check says: one line each, and what to do about it.

export type Level = 'pass' | 'warn' | 'fail';

export interface Verdict {
  readonly level: Level;
  /** What was found, with the numbers. */
  readonly says: string;
  /** What to do; null where all is well. */
  readonly remedy: string | null;
}

export interface Finding extends Verdict {
  readonly check: string;
}

export const pass = (says: string): Verdict => ({ level: 'pass', says, remedy: null });
export const warn = (says: string, remedy: string): Verdict => ({ level: 'warn', says, remedy });
export const fail = (says: string, remedy: string): Verdict => ({ level: 'fail', says, remedy });

/** The gravest level among findings; `pass` where there are none. */
export function gravest(findings: readonly Verdict[]): Level {
  return (['fail', 'warn'] as const).find((level) => findings.some((one) => one.level === level)) ?? 'pass';
}
