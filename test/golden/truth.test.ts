// The lab's ground truth: what was done, by whom, and how it ended, against what was seen of it. The expectations are those of
// the lab's own scenario files, not of our output.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Action, compareWithTruth, sumsOf, type Verdict } from '../../scripts/ground-truth.mjs';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

it('sees at least 97% of what was done, attributes and judges 95% of it', async () => {
  const verdicts: Verdict[] = [];
  for (const name of captures) {
    const truth = fixture(name).replace(/\.pcap$/, '.truth.ndjson');
    if (!existsSync(truth)) continue;
    const actions = readFileSync(truth, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Action);
    verdicts.push(...compareWithTruth(actions, (await runFiles(fixture(name))).lines));
  }
  const { seen, attributed, judged } = sumsOf(verdicts);
  expect(seen.of).toBeGreaterThan(150);
  expect(seen.yes / seen.of).toBeGreaterThanOrEqual(0.97);
  expect(attributed.yes / attributed.of).toBeGreaterThanOrEqual(0.95);
  expect(judged.yes / judged.of).toBeGreaterThanOrEqual(0.95);
});
