// The reports as a browser shows them: everything drawn, nothing fetched, nothing complained of, in light, dark and print.
// Needs Chromium (Debian: apt-get install chromium), or another path in CHROMIUM.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../src/bench/bench.ts';
import { benchPage } from '../../src/report/bench-page.ts';
import { sizingPage } from '../../src/report/sizing-page.ts';
import { readCounters } from '../../src/sizing/counters-csv.ts';
import { readHosts } from '../../src/sizing/hosts.ts';
import { MDI_TABLE } from '../../src/sizing/mdi-table.ts';
import { referenceModel } from '../../src/sizing/reference-model.ts';
import { hostOf, size } from '../../src/sizing/sizing.ts';
import { fixture } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
const bench = JSON.parse(readFileSync(fixture('capacity/bench.json'), 'utf8')) as BenchResult;
const observed = readCounters([fixture('capacity/day.csv')]).machines.map((series) => ({ ...series, mix: null }));
const sized = size(observed, readHosts(fixture('capacity/hosts.csv')), hostOf(null, null), referenceModel);
let browser: Browser;

beforeAll(async () => {
  // A sandbox cannot be made inside many containers; the page is our own.
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  rmSync(scratch, { recursive: true });
});

interface Shown {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

async function show(name: string, html: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Shown> {
  const path = join(scratch, `${name}.html`);
  writeFileSync(path, html);
  const complaints: string[] = [];
  const requests: string[] = [];
  const page = await browser.newPage({ colorScheme, viewport: { width: 1200, height: 900 } });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  await page.waitForLoadState('networkidle');
  return { page, complaints, requests };
}

/** Texts of the axes' labels of each figure. */
const axisLabels = (page: Page): Promise<string[][]> =>
  page.$$eval('figure', (figures) =>
    figures.map((figure) => [...figure.querySelectorAll('[aria-label$="axis label"]')].map((label) => label.textContent ?? '')),
  );

/** Texts of plots that reach beyond their plot. */
const cutTexts = (page: Page): Promise<(string | null)[]> =>
  page.$$eval('figure svg', (drawings) =>
    drawings.flatMap((drawing) => {
      const { left, right } = drawing.getBoundingClientRect();
      return [...drawing.querySelectorAll('text')]
        .filter((text) => text.getBoundingClientRect().right > right + 1 || text.getBoundingClientRect().left < left - 1)
        .map((text) => text.textContent);
    }),
  );

/** Relative luminance of an `rgb(...)` colour, near enough to tell ink from paper. */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
};

const pages = [
  ['bench', benchPage(bench, '0.0.0')],
  ['sizing', sizingPage(sized, '0.0.0')],
] as const;

describe.each(pages)('the page of %s', (name, html) => {
  it('is shown without a word in the console and without a request of its own', async () => {
    const { page, complaints, requests } = await show(name, html);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([page.url()]);
    await page.close();
  });

  it('has figures that are drawn where they can be seen, none over another or beyond the page', async () => {
    const { page } = await show(name, html);
    const boxes = await page.$$eval('figure svg', (drawings) =>
      drawings.map((drawing) => {
        const { left, right, top, bottom } = drawing.getBoundingClientRect();
        return { left, right, top, bottom };
      }),
    );
    expect(boxes.length).toBeGreaterThan(2);
    for (const [index, box] of boxes.entries()) {
      expect(box.right - box.left).toBeGreaterThan(250);
      expect(box.bottom - box.top).toBeGreaterThan(40);
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.right).toBeLessThanOrEqual(1200);
      for (const other of boxes.slice(index + 1))
        expect(box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top).toBe(
          true,
        );
    }
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.close();
  });

  it('fits a narrow window too, but for tables, which scroll by themselves', async () => {
    const { page } = await show(`${name}-narrow`, html);
    await page.setViewportSize({ width: 400, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    for (const svg of await page.locator('figure svg').all()) expect((await svg.boundingBox())?.width).toBeLessThanOrEqual(400);
    await page.close();
  });

  it('cuts no text of its plots', async () => {
    const { page } = await show(`${name}-texts`, html);
    expect(await cutTexts(page)).toEqual([]);
    await page.close();
  });

  it('can be read in light and in dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await show(`${name}-${scheme}`, html, scheme);
      const [ink, paper, label, line] = (await page.evaluate(`[
        getComputedStyle(document.body).color,
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('figure svg text')).fill,
        getComputedStyle(document.querySelector('figure svg [aria-label="line"] path, figure svg [aria-label="bar"] rect')).stroke,
      ]`)) as [string, string, string, string];
      const isDark = scheme === 'dark';
      expect(luminance(paper) < 0.2).toBe(isDark);
      expect(Math.abs(luminance(ink) - luminance(paper))).toBeGreaterThan(0.6);
      expect(Math.abs(luminance(label) - luminance(paper))).toBeGreaterThan(0.6);
      expect(line).not.toBe('');
      await page.close();
    }
  });

  it('prints on a few pages', async () => {
    const { page } = await show(name, html);
    const pdf = await page.pdf({ format: 'A4', printBackground: true });
    const count = Number(
      /\/Type\s*\/Pages[^>]*?\/Count (\d+)|\/Count (\d+)[^>]*?\/Type\s*\/Pages/
        .exec(pdf.toString('latin1'))
        ?.slice(1)
        .find(Boolean),
    );
    expect(count).toBeGreaterThanOrEqual(2);
    expect(count).toBeLessThanOrEqual(9);
    await page.close();
  });
});

describe('what the page of bench draws', () => {
  it("names its axes, and draws a dot for each rate and Microsoft's table as steps", async () => {
    const { page } = await show('bench-marks', benchPage(bench, '0.0.0'));
    const labels = await axisLabels(page);
    expect(labels[0]?.join(' ')).toMatch(/processor cores.*packets\/s|packets\/s.*processor cores/);
    expect(labels[1]?.join(' ')).toMatch(/memory, GiB/);
    expect(labels.every((texts) => texts.length >= 1)).toBe(true);
    const first = page.locator('figure').first();
    expect(await first.locator('[aria-label="dot"] circle').count()).toBe(bench.ladder.length + 1);
    const dashed = first.locator('[aria-label="line"][stroke-dasharray] path');
    // Two corners a row.
    expect(((await dashed.getAttribute('d')) ?? '').match(/[ML]/g)).toHaveLength(MDI_TABLE.length * 2);
    const bars = page.locator('figure', { hasText: 'Processor time by stage' }).locator('[aria-label="bar"] rect');
    expect(await bars.count()).toBe(bench.stages.stages.filter(({ share }) => share >= 0.01).length);
    expect(await page.locator('table', { hasText: "MDI's ladder" }).locator('tbody tr').count()).toBe(MDI_TABLE.length);
    await page.close();
  });

  it('has room for large figures', async () => {
    const stages = [{ stage: 'protocols/ntlm', seconds: 2000, share: 1 }];
    const slow: BenchResult = { ...bench, stages: { ...bench.stages, stages, activitiesByProtocol: { ntlm: 100 } } };
    const { page } = await show('bench-slow', benchPage(slow, '0.0.0'));
    expect(await page.locator('figure svg text', { hasText: '20,000,000.00' }).count()).toBe(1);
    expect(await cutTexts(page)).toEqual([]);
    await page.close();
  });

  it('stays a page when nothing was held', async () => {
    const nothing: BenchResult = {
      ...bench,
      highest: {
        ...bench.highest,
        isHeld: false,
        reasons: ['<b>lost</b>'],
        measured: { ...bench.highest.measured, packets: 0, activities: 0, lag: { samples: 0, percentiles: [] } },
      },
    };
    const { page, complaints } = await show('bench-nothing', benchPage(nothing, '0.0.0'));
    expect(complaints).toEqual([]);
    expect(await page.locator('caption', { hasText: '<b>lost</b>' }).count()).toBe(1);
    expect(await page.locator('caption b').count()).toBe(0);
    await page.close();
  });
});

describe('what the page of sizing draws', () => {
  it('has a bar and two rows for each domain controller', async () => {
    const { page } = await show('sizing-marks', sizingPage(sized, '0.0.0'));
    expect(await page.locator('figure').first().locator('[aria-label="bar"] rect').count()).toBe(3);
    for (const table of ['Verdicts', 'Why, and what would change it'])
      expect(await page.locator('table', { hasText: table }).locator('tbody tr').count()).toBe(3);
    await page.close();
  });

  it('shows names as they are, whatever they hold', async () => {
    const hostile = '<img src=x onerror=alert(1)>"&';
    const odd = size([{ ...observed[0]!, name: hostile }], new Map(), hostOf(4, 16), referenceModel);
    const { page, complaints } = await show('sizing-hostile', sizingPage(odd, '0.0.0'));
    expect(complaints).toEqual([]);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('td', { hasText: hostile }).count()).toBeGreaterThan(0);
    await page.close();
  });
});
