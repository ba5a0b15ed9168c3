// Counts, sizes and rows as commands say them on stderr: a replay and a generated capture read alike.

export const count = (n: number): string => n.toLocaleString('en-US');

/** Bytes in the largest unit that leaves at least one digit before the point. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `name count, …`, the highest count first. */
export const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([a, x], [b, y]) => y - x || a.localeCompare(b))
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ') || 'none';

/** A line a row: its name, then its text in one column. */
export const namedLines = (rows: readonly (readonly [string, string])[]): string =>
  `${rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join('\n')}\n`;
