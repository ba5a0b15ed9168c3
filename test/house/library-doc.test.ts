// The example in docs/library.md is the test that runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/fixtures.ts';

it('docs/library.md shows test/system/library-example.test.ts', () => {
  const example = readFileSync(join(root, 'test/system/library-example.test.ts'), 'utf8').split('\n').slice(1).join('\n');
  expect(readFileSync(join(root, 'docs/library.md'), 'utf8')).toContain(example);
});
