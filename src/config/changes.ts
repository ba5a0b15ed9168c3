// What a configuration that is read again changes, and what of it needs a restart.
import type { Config } from './schema.ts';

/** Keys, or sections of keys, that a running sensor takes over. */
const RELOADABLE = [
  'restraint.enabled',
  'restraint.freeCpuPercent',
  'restraint.freeMemoryPercent',
  'health.clockServers',
  'health.path',
  'health.silenceSeconds',
  'health.lossPercent',
  'log.level',
];

/** Keys that were changed and stay as they were until the next start. */
export const needRestart = (before: Config, after: Config): string[] =>
  changed(before, after, '').filter((key) => !RELOADABLE.includes(key));

function changed(before: unknown, after: unknown, path: string): string[] {
  if (!isSection(before) || !isSection(after)) return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changed(before[name], after[name], path === '' ? name : `${path}.${name}`));
}

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
