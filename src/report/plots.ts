// Plots as SVG text, drawn here rather than in the reader's browser: a page needs no script and prints as it looks.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { MDI_TABLE } from '../sizing/mdi-table.ts';

export const ADTAP = 'var(--adtap)';
export const MDI = 'var(--mdi)';
export const OTHER = 'var(--other)';

const WIDTH = 520;
const HEIGHT = 300;

/** Draws a plot. */
export function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const plot = Plot.plot({ width: WIDTH, height: HEIGHT, marginLeft: 55, ...options, document });
  return plot.outerHTML;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A measured curve over the rate, with the figures of Microsoft's table as steps beside it. */
export function rateAgainst(label: string, points: readonly Point[], of: (row: (typeof MDI_TABLE)[number]) => number): string {
  const steps = MDI_TABLE.flatMap((row) => [
    { x: Math.max(row.above, RATE_LEAST), y: of(row) },
    { x: row.upTo, y: of(row) },
  ]);
  return draw({
    x: {
      type: 'log',
      label: 'packets/s',
      grid: true,
      tickFormat: '~s',
      domain: [RATE_LEAST, Math.max(100_000, ...points.map(({ x }) => x))],
    },
    y: { label, grid: true, zero: true },
    marks: [
      Plot.ruleY([0]),
      Plot.lineY(steps, { x: 'x', y: 'y', stroke: MDI, strokeWidth: 2, strokeDasharray: '5,3' }),
      Plot.lineY(points, { x: 'x', y: 'y', stroke: ADTAP, strokeWidth: 2 }),
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        fill: ADTAP,
        r: 4,
        title: ({ x, y }: Point) => `${Math.round(x)} packets/s: ${y.toFixed(2)}`,
      }),
      Plot.text([{ ...steps.at(-1)!, text: 'MDI' }], {
        x: 'x',
        y: 'y',
        text: 'text',
        fill: MDI,
        dy: -8,
        textAnchor: 'end',
        fontWeight: 'bold',
      }),
      Plot.text(
        points.slice(-1).map((point) => ({ ...point, text: 'adtap' })),
        {
          x: 'x',
          y: 'y',
          text: 'text',
          fill: ADTAP,
          dy: -10,
          textAnchor: 'end',
          fontWeight: 'bold',
        },
      ),
    ],
  });
}

const RATE_LEAST = 500;

/** Bars, longest first as given. */
export function bars(
  label: string,
  values: readonly { readonly name: string; readonly value: number }[],
  format: (value: number) => string,
): string {
  return draw({
    marginLeft: 120,
    // Room for the longest figure behind the longest bar.
    marginRight: 16 + 7 * Math.max(0, ...values.map(({ value }) => format(value).length)),
    height: 45 + values.length * 20,
    x: { label, grid: true, zero: true },
    y: { label: null, domain: values.map(({ name }) => name) },
    marks: [
      Plot.barX(values, { x: 'value', y: 'name', fill: ADTAP }),
      Plot.text(values, {
        x: 'value',
        y: 'name',
        text: ({ value }: { value: number }) => format(value),
        dx: 4,
        textAnchor: 'start',
      }),
      Plot.ruleX([0]),
    ],
  });
}

/** Curves over time or another linear or logarithmic axis. */
export function curve(
  x: { readonly label: string; readonly isLog: boolean },
  y: { readonly label: string; readonly isPercent?: boolean },
  series: readonly { readonly name: string; readonly colour: string; readonly points: readonly Point[] }[],
): string {
  return draw({
    x: { label: x.label, grid: true, ...(x.isLog ? { type: 'log', tickFormat: '~s' } : {}) },
    y: { label: y.label, grid: true, zero: true, ...(y.isPercent ? { percent: true, domain: [0, 100] } : {}) },
    marks: [
      Plot.ruleY([0]),
      ...series.flatMap(({ name, colour, points }) => [
        Plot.lineY(points, { x: 'x', y: 'y', stroke: colour, strokeWidth: 2 }),
        ...(points.length <= 12 ? [Plot.dot(points, { x: 'x', y: 'y', fill: colour, r: 3 })] : []),
        Plot.text(points.slice(-1), {
          x: 'x',
          y: 'y',
          text: () => name,
          fill: colour,
          dy: -8,
          textAnchor: 'end',
          fontWeight: 'bold',
        }),
      ]),
    ],
  });
}
