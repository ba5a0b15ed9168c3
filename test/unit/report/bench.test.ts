// What the bench measured, as people read it: figures by hand, beside a result whose numbers are round.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../../src/bench/bench.ts';
import { benchText } from '../../../src/report/bench.ts';
import { benchPage } from '../../../src/report/bench-page.ts';
import { fixture } from '../../support/fixtures.ts';

const recorded = JSON.parse(readFileSync(fixture('capacity/bench.json'), 'utf8')) as BenchResult;
const MEBIBYTE = 2 ** 20;
const measured = {
  ...recorded.highest.measured,
  rate: 100_000,
  seconds: 18,
  packets: 1_800_000,
  dropped: 7,
  bytes: 225_000_000,
  activities: 36_000,
  cpuSeconds: 9,
  meanRssBytes: 100 * MEBIBYTE,
  lag: {
    samples: 10,
    percentiles: [
      [0.5, 1.5],
      [0.9, 20],
      [0.99, 300],
      [1, 4000],
    ] as [number, number][],
  },
};
const stage = (name: string, share: number) => ({ stage: name, seconds: 20 * share, share });
const result: BenchResult = {
  ...recorded,
  highest: { ...recorded.highest, measured, peakRssBytes: 200 * MEBIBYTE, isHeld: true, reasons: [] },
  stages: {
    ...recorded.stages,
    seconds: 20,
    packets: 4_000_000,
    stages: [
      stage('transport', 0.625),
      stage('protocols/dns', 0.36),
      stage('node', 0.01),
      stage('ip', 0.005),
      stage('link', 0.0049),
    ],
    activitiesByProtocol: { dns: 90_000 },
  },
};

/** Cells of the line that begins so, as many blanks as there are between them. */
const row = (text: string, name: string): string[] | undefined =>
  text
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.split(/ {2,}/);

describe('the text of a bench', () => {
  const text = benchText(result);

  it.each([
    ['packets/s', '100,000'],
    ['held for, seconds', '18.0'],
    ['Mbit/s', '100'],
    ['activities/s', '2,000'],
    ['dropped packets', '7'],
    ['cores', '0.50'],
    ['processor seconds per million packets', '5.00'],
    ['peak RSS, MiB', '200'],
    ['mean RSS while held, MiB', '100'],
    ['lag from packet to activity, 50%, ms', '1.50'],
    ['lag from packet to activity, 90%, ms', '20.0'],
    ['lag from packet to activity, 99%, ms', '300'],
    ['lag from packet to activity, 99.9%, ms', '4,000'],
    ['lag from packet to activity, longest, ms', '4,000'],
  ])('%s: %s', (name, value) => {
    expect(row(text, `${name}  `)).toEqual([name, value]);
  });

  it('lists stages from half a percent on, and what a protocol costs', () => {
    expect(row(text, 'transport ')).toEqual(['transport', '62.5%', '3.125']);
    expect(row(text, 'ip ')).toEqual(['ip', '0.5%', '0.025']);
    expect(row(text, 'link ')).toBeUndefined();
    // 7.2 s for 90,000 activities.
    expect(row(text, 'dns ')).toEqual(['dns', '90,000', '36.0%', '80.00']);
  });

  it('warns of nothing while all is well, and of each thing that is not', () => {
    expect(benchText({ ...result, budget: { ...result.budget, cores: 1 }, ladder: [] })).not.toContain('warning: ');
    const disturbed = benchText({
      ...result,
      load: { ...result.load, isCut: true },
      isQuick: true,
      budget: { ...result.budget, kind: 'none', words: 'nothing is enforced', cores: 64 },
      highest: { ...result.highest, measured: { ...measured, otherCores: 0.25 } },
    });
    for (const words of [
      'only its first 256 MiB',
      '--quick',
      'other programs used 0.3 processors',
      'nothing is enforced',
      '64 cores',
    ])
      expect(disturbed.split('\n').filter((line) => line.startsWith('warning: ') && line.includes(words))).toHaveLength(1);
  });
});

describe('the page of a bench', () => {
  it('says whether the highest rate was held', () => {
    expect(benchPage(result, '1')).toContain('packets/s without loss');
    const lost = { ...result, highest: { ...result.highest, isHeld: false, reasons: ['5 packets dropped'] } };
    expect(benchPage(lost, '1')).toContain('packets/s, not held');
    expect(benchPage(lost, '1')).not.toContain('packets/s without loss');
  });

  it('draws the shares that it lists, from one percent on', () => {
    const drawn = benchPage(result, '1')
      .match(/<svg[\s\S]*?<\/svg>/g)!
      .filter((svg) => svg.includes('% of processor time'));
    expect(drawn).toHaveLength(1);
    const shares = [...drawn[0]!.matchAll(/>([\d.]+)%</g)].map(([, share]) => share);
    expect(shares).toEqual(['62.5', '36.0', '1.0']);
  });
});
