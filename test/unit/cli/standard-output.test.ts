// Standard output that is full, and a reader that goes away: a process of its own is told.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { root } from '../../support/fixtures.ts';

const program = (text: string): readonly string[] => [
  '--input-type=module',
  '-e',
  `import { writeStandardOutput } from '${pathToFileURL(join(root, 'dist/cli/standard-output.js')).href}';
  try { await writeStandardOutput(${text}); } catch (error) { process.stderr.write(error.code); }`,
];

it('rejects when it is full', () => {
  const full = openSync('/dev/full', 'w');
  const ran = spawnSync(process.execPath, program("'text'"), { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  expect([ran.status, ran.stderr]).toEqual([0, 'ADTAP_E_OUTPUT']);
});

it('is quiet when nobody reads on', () => {
  const [flag = '', code = '', source = ''] = program("'text\\n'.repeat(1e6)");
  const ran = spawnSync('sh', ['-c', '"$0" "$1" "$2" "$3" | head -1', process.execPath, flag, code, source], {
    encoding: 'utf8',
  });
  expect([ran.stdout, ran.stderr]).toEqual(['text\n', '']);
});
