// docs/nnr.md tells of every method with the weight that the code gives it, and of every reason for certainty.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { METHODS } from '../../src/nnr/weights.ts';
import { root } from '../support/fixtures.ts';

const page = readFileSync(join(root, 'docs', 'nnr.md'), 'utf8');
/** Methods that ask: their weights are told in a sentence. */
const ASKING = ['ntlm-rpc', 'netbios', 'rdp', 'reverse-dns', 'reverse-dns-confirmed'];

it('tells every weight', () => {
  const told = new Map<string, number>();
  for (const [, methods = '', weight] of page.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|[^|]*\| (\d+) \|$/gm))
    for (const [, method = ''] of methods.matchAll(/`([a-z-]+)`/g)) told.set(method, Number(weight));
  const overheard = Object.entries(METHODS).filter(([name]) => !ASKING.includes(name));
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(overheard.map(([name, { weight }]) => [name, weight])));
  expect(page).toContain('`ntlm-rpc` and `netbios` 50, `rdp` 45, `reverse-dns` 20, or 30');
  expect(ASKING.map((name) => METHODS[name]?.weight)).toEqual([50, 50, 45, 20, 30]);
});
