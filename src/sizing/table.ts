// Tables in text: separated by commas, semicolons or tabs, in UTF-8 or UTF-16.
import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { AdtapError } from '../errors.ts';

export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface Table {
  readonly header: Row;
  readonly rows: readonly Row[];
}

const MAX_BYTES = 512 << 20;
const MAX_QUOTED = 60;
const MAX_MESSAGE = 200;
/** How much of a file is looked at to see whether it is text. */
const LOOK = 4096;
const FIRST_PRINTABLE = 32;
const WHITE = new Set(['\t', '\n', '\v', '\f', '\r']);
/** The first cell of what Performance Monitor, typeperf and relog write. */
const PDH = /^\(PDH-[CT]SV/;

export const isPdh = ({ cells }: Row): boolean => PDH.test(cells[0] ?? '');

/** The table's header and rows with their lines. Throws ADTAP_E_COUNTERS. */
export function readTable(path: string): Table {
  const text = readText(path);
  const delimiter = delimiterOf(text);
  try {
    const records = parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as {
      readonly record: string[];
      readonly info: { readonly lines: number };
    }[];
    // Where semicolons part cells, the comma is the decimal point.
    const cellsOf = (record: string[]): string[] =>
      delimiter === ';' ? record.map((cell) => cell.replace(/^(\d+),(\d+)$/, '$1.$2')) : record;
    const [header, ...rows] = records.map(({ record, info }): Row => ({ line: info.lines, cells: cellsOf(record) }));
    if (header === undefined) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: is empty`);
    // typeperf takes its leave behind the last row, in the words of its language: "Exiting, please wait...".
    if (isPdh(header)) while (rows.length > 0 && !/\d/.test(rows.at(-1)?.cells.join('') ?? '')) rows.pop();
    for (const { line, cells } of rows)
      if (cells.length !== header.cells.length)
        throw fault(path, line, `${cells.length} cells, the header has ${header.cells.length}`);
    return { header, rows };
  } catch (cause) {
    if (cause instanceof CsvError) {
      const { lines } = cause as unknown as { readonly lines?: number };
      throw new AdtapError('ADTAP_E_COUNTERS', `${path}: line ${lines ?? '?'}: ${cut(cause.message, MAX_MESSAGE)}`, { cause });
    }
    throw cause;
  }
}

export const fault = (path: string, line: number, what: string): AdtapError =>
  new AdtapError('ADTAP_E_COUNTERS', `${path}: line ${line}: ${what}`);

/** What was found, for a message: whatever it is, it neither fills nor steers a terminal. */
export const quoted = (text: string): string => `"${cut(text, MAX_QUOTED)}"`;

/** A number of 0 or more; null for an empty cell. Throws with the line. */
export function amount(path: string, line: number, column: string, text: string): number | null {
  // Performance Monitor writes a space, in quotes, where there is no value.
  if (text.trim() === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw fault(path, line, `${column} is ${quoted(text)}, which is no amount`);
  return value;
}

function cut(text: string, most: number): string {
  const shown = text.replace(/\p{Cc}/gu, '?');
  return shown.length > most ? `${shown.slice(0, most)}...` : shown;
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new AdtapError('ADTAP_E_NOT_FOUND', `${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length > MAX_BYTES) throw new AdtapError('ADTAP_E_COUNTERS', `${path}: larger than ${MAX_BYTES} bytes; split it`);
  const text = decode(bytes);
  for (const character of text.slice(0, LOOK))
    if (character.charCodeAt(0) < FIRST_PRINTABLE && !WHITE.has(character))
      throw new AdtapError(
        'ADTAP_E_COUNTERS',
        `${path}: is no text; relog F.blg -f csv -o F.csv makes a table of a binary log, and a capture goes with --capture`,
      );
  return text;
}

/** relog and PowerShell write UTF-16 when asked to, with a byte order mark. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8');
}

/** What stands most often between the cells of the first line. */
function delimiterOf(text: string): string {
  const [, line = ''] = /^\s*([^\r\n]*)/.exec(text) ?? [];
  const between = line.replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => between.split(delimiter).length;
  return [',', ';', '\t'].reduce((most, one) => (count(one) > count(most) ? one : most));
}
