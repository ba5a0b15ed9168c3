// The command line as users get it: the build, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { root } from './fixtures.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function adtap(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const command = [join(root, 'dist/cli/main.js'), ...args];
    execFile(process.execPath, command, { maxBuffer: 1 << 28, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}
