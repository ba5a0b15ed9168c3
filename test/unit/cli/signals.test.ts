// The first signal asks, the second ends: a process of its own is told.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { root } from '../../support/fixtures.ts';

const room = pathToFileURL(join(root, 'dist/cli/signals.js')).href;

/** Says "ready", then "asked" each time that it is asked to end; by itself it ends when a test has long failed. */
function stubborn(more = ''): ChildProcessByStdio<null, Readable, null> {
  const program = `import { onStop } from '${room}'; setTimeout(() => 0, 20_000);
    const leave = onStop(() => console.log('asked')); ${more} console.log('ready');`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

const said = async (child: ChildProcessByStdio<null, Readable, null>): Promise<string> =>
  String((await once(child.stdout, 'data'))[0]).trim();

it.each(['SIGINT', 'SIGTERM'] as const)('%s asks a command to end, and ends it when it comes again', async (signal) => {
  const child = stubborn();
  expect(await said(child)).toBe('ready');
  child.kill(signal);
  expect(await said(child)).toBe('asked');
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([null, signal]);
});

it('ends at once when nobody listens any more', async () => {
  const child = stubborn('leave();');
  expect(await said(child)).toBe('ready');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
});
