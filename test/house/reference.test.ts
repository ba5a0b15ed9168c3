// docs/ cannot drift: the reference pages that are committed are the ones that the tables give.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { referencePages } from '../../src/reference/pages.ts';
import { root } from '../support/fixtures.ts';

it.each(Object.entries(referencePages()))('docs/%s is up to date (npm run docs makes it)', (name, page) => {
  expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(page);
});
