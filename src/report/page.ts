// One self-contained HTML page: no script, nothing fetched, light and dark, and fit to print.
import { isNumber, type Table } from './text.ts';

export interface Figure {
  readonly svg: string;
  readonly caption: string;
}

export interface Section {
  readonly title: string;
  readonly text?: readonly string[];
  readonly tables?: readonly Table[];
  readonly figures?: readonly Figure[];
}

export interface Page {
  readonly title: string;
  /** What matters most, in figures: [figure, what it is]. */
  readonly figures: readonly (readonly [string, string])[];
  readonly sections: readonly Section[];
  readonly footer: string;
}

/** Colours that tell what is adtap's and what is Microsoft's apart, in print and for colour-blind eyes too (Okabe and Ito). */
const STYLE = `
:root { color-scheme: light dark; --ink: #1d2129; --paper: #fff; --soft: #5b6472; --line: #d9dee5; --adtap: #0072b2; --mdi: #d55e00; --other: #009e73; --plot-background: var(--paper); }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #15181d; --soft: #9aa4b2; --line: #343b46; --adtap: #56b4e9; --mdi: #e69f00; --other: #2fbf95; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; border-bottom: 1px solid var(--line); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0; }
dl div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .75rem; } dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; margin: .75rem 0 1.25rem; } caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { text-align: left; padding: .2rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; } figure { margin: 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; } figcaption { color: var(--soft); font-size: .85rem; }
.key { font-size: .85rem; } .key i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; vertical-align: -.05em; } .key i.adtap { background: var(--adtap); margin-left: 0; } .key i.mdi { background: var(--mdi); }
.table { overflow-x: auto; } td:first-child { white-space: nowrap; }
footer { color: var(--soft); font-size: .8rem; margin-top: 2rem; overflow-wrap: anywhere; }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #444; --line: #bbb; --adtap: #0072b2; --mdi: #d55e00; --other: #009e73; } body { margin: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; } tr, dl div { break-inside: avoid; } .figures { grid-template-columns: 1fr 1fr; } @page { margin: 15mm; } }
`;

/** Text as HTML. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export function renderPage({ title, figures, sections, footer }: Page): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    // Browsers ask for an icon where none is named.
    '<link rel="icon" href="data:,">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${escapeHtml(title)}</h1>`,
    `<dl>${figures.map(([figure, what]) => `<div><dt>${escapeHtml(what)}</dt><dd>${escapeHtml(figure)}</dd></div>`).join('')}</dl>`,
    ...sections.map(section),
    `<footer>${escapeHtml(footer)}</footer>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function section({ title, text = [], tables = [], figures = [] }: Section): string {
  const drawn = figures.map(
    ({ svg, caption }) =>
      `<figure aria-label="${escapeHtml(caption)}">${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  );
  return [
    '<section>',
    `<h2>${escapeHtml(title)}</h2>`,
    ...text.map((one) => `<p>${escapeHtml(one)}</p>`),
    ...(drawn.length === 0 ? [] : [`<div class="figures">${drawn.join('\n')}</div>`]),
    ...tables.map(htmlTable),
    '</section>',
  ].join('\n');
}

function htmlTable({ title, head, rows }: Table): string {
  const isRight = head.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])));
  const cell = (tag: 'td' | 'th', text: string, column: number): string =>
    `<${tag}${isRight[column] ? ' class="n"' : ''}>${escapeHtml(text)}</${tag}>`;
  const line = (tag: 'td' | 'th', cells: readonly string[]): string =>
    `<tr>${cells.map((text, column) => cell(tag, text, column)).join('')}</tr>`;
  return `<div class="table"><table><caption>${escapeHtml(title)}</caption><thead>${line('th', head)}</thead><tbody>${rows
    .map((row) => line('td', row.map(String)))
    .join('')}</tbody></table></div>`;
}
