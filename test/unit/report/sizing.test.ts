// Verdicts as text: which domain controllers are too much for one machine, and a text that ends with its last line.
import { expect, it } from 'vitest';
import { sizingText } from '../../../src/report/sizing.ts';
import { referenceModel } from '../../../src/sizing/reference-model.ts';
import { hostOf, size } from '../../../src/sizing/sizing.ts';

const text = (rates: Readonly<Record<string, number>>): string => {
  const observed = Object.entries(rates).map(([name, rate]) => ({
    name,
    adapters: new Map([['', [{ from: 0, to: 86_400, packets: 86_400 * rate }]]]),
    restarts: 0,
    mix: null,
  }));
  return sizingText(size(observed, new Map(), hostOf(4, 16), referenceModel));
};

it('names what is too busy for one machine, and says nothing of it when there is none', () => {
  // The table of Microsoft ends at 100,000 packets a second.
  expect(text({ A: 150_000, B: 1000 })).toMatch(
    /MDI: 1 of up to 100,000 packets\/s each \(B: 1,000\); too busy for one machine: A\./,
  );
  expect(text({ A: 50_000, B: 1000 })).toContain('MDI: 1 of up to 100,000 packets/s each (A + B: 51,000). ');
  expect(text({ A: 50_000, B: 1000 })).not.toContain('too busy');
});

it('ends with a whole line', () => {
  expect(text({ A: 1000 })).toMatch(/; highest rate held [\d,]+ packets\/s\.\n$/);
});
