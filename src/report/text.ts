// Numbers and tables as people read them: in terminals and on pages alike.

export type Cell = string | number;

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const fixed = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const percent = (share: number): string => `${Math.round(share * 100)}%`;
/** Enough digits to tell small values apart. */
export const short = (value: number): string => (value >= 100 ? whole(value) : fixed(value, value >= 10 ? 1 : 2));
export const mebibytes = (bytes: number): string => whole(bytes / 2 ** 20);
export const moment = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 16);

/** The table as lines of text, numbers to the right. */
export function textTable({ title, head, rows }: Table): string {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isRight = head.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isRight[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [
    title,
    line(head),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows.map((row) => line(row.map(String))),
    '',
  ].join('\n');
}

/** Whether a cell is to stand to the right. */
export const isNumber = (cell: Cell | undefined): boolean =>
  typeof cell === 'number' || (typeof cell === 'string' && /^(-|-?[\d,.]+( ?[%×])?)$/.test(cell));

/** A cell of CSV (RFC 4180), kept from being read as a formula. */
export function csvCell(value: Cell): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
