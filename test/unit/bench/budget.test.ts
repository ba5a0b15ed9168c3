// Which budget is chosen on which machine: made-up file systems, and this one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type BudgetMachine, makeBudget } from '../../../src/bench/budget.ts';
import { recordedMachine } from '../../support/recorded-machine.ts';

const WISH = { cores: 1.5, memoryBytes: 6 * 2 ** 30 };
const MOUNT = '35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';

interface Fake extends BudgetMachine {
  readonly written: Map<string, string>;
  readonly folders: Set<string>;
}

function machine(
  files: Readonly<Record<string, string>>,
  refused: RegExp = /^$/,
  programs = ['taskset', 'prlimit'],
  platform: NodeJS.Platform = 'linux',
): Fake {
  const written = new Map<string, string>();
  const folders = new Set<string>();
  const refuse = (path: string): void => {
    if (refused.test(path)) throw new Error('EACCES: permission denied');
  };
  return {
    ...recordedMachine({ platform, files }),
    processId: 42,
    written,
    folders,
    read: (path) => written.get(path) ?? files[path] ?? null,
    write(path, text) {
      refuse(path);
      written.set(path, text);
    },
    makeFolder(path) {
      refuse(path);
      folders.add(path);
    },
    removeFolder: (path) => void folders.delete(path),
    has: (program) => programs.includes(program),
  };
}

const status = 'Name:\tnode\nCpus_allowed_list:\t2-4,8\n';
const cgroupFiles = {
  '/proc/self/mountinfo': MOUNT,
  '/proc/self/cgroup': '0::/user.slice/session.scope\n',
  '/proc/self/status': status,
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  '/sys/fs/cgroup/cgroup.subtree_control': 'cpu memory\n',
  '/sys/fs/cgroup/user.slice/cgroup.controllers': 'cpu memory\n',
  '/sys/fs/cgroup/user.slice/cgroup.subtree_control': '\n',
  '/sys/fs/cgroup/user.slice/session.scope/cgroup.controllers': 'memory\n',
};

describe('makeBudget', () => {
  it('makes a cgroup in the nearest group that may hand both controllers down', () => {
    const fake = machine(cgroupFiles);
    const budget = makeBudget(WISH, fake);
    const path = '/sys/fs/cgroup/user.slice/adtap-bench-42';
    expect(budget.kind).toBe('cgroup');
    expect(budget.prefix).toEqual([]);
    expect(Object.fromEntries(fake.written)).toEqual({
      '/sys/fs/cgroup/user.slice/cgroup.subtree_control': '+cpu +memory',
      [`${path}/cpu.max`]: '150000 100000',
      [`${path}/memory.max`]: String(6 * 2 ** 30),
    });
    budget.admit(4711);
    expect(fake.written.get(`${path}/cgroup.procs`)).toBe('4711');
    expect(fake.folders).toEqual(new Set([path]));
    budget.release();
    expect(fake.folders).toEqual(new Set());
  });

  it('goes up when the nearest group may not', () => {
    const fake = machine(cgroupFiles, /user\.slice\/cgroup\.subtree_control/);
    expect(makeBudget(WISH, fake).words).toContain('/sys/fs/cgroup/adtap-bench-42');
    expect(fake.folders).toEqual(new Set(['/sys/fs/cgroup/adtap-bench-42']));
  });

  it('leaves no group behind when its limits may not be set', () => {
    const fake = machine(cgroupFiles, /cpu\.max/);
    expect(makeBudget(WISH, fake).kind).toBe('affinity');
    expect(fake.folders).toEqual(new Set());
  });

  it.each([
    ['cgroup v2 is not mounted', { '/proc/self/status': status }],
    [
      'no controller for cpu and memory',
      {
        '/proc/self/status': status,
        '/proc/self/mountinfo': MOUNT,
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/cgroup.controllers': '\n',
      },
    ],
  ])('falls back to affinity and says why: %s', (why, files) => {
    const budget = makeBudget(WISH, machine(files));
    expect(budget.kind).toBe('affinity');
    expect(budget.words).toContain(why);
    expect(budget.prefix).toEqual(['prlimit', `--data=${6 * 2 ** 30}`, 'taskset', '--cpu-list', '2,3']);
  });

  it('finds its group in a container that sees a part of the tree only', () => {
    const files = {
      '/proc/self/mountinfo': '35 24 0:30 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
      '/proc/self/cgroup': '0::/docker/abc/job\n',
      '/sys/fs/cgroup/cgroup.subtree_control': 'cpu memory\n',
      '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      '/sys/fs/cgroup/job/cgroup.controllers': 'cpu memory\n',
    };
    expect(makeBudget(WISH, machine(files)).words).toContain('/sys/fs/cgroup/job/adtap-bench-42');
  });

  it('says when there are fewer processors than wished for', () => {
    const budget = makeBudget({ cores: 8, memoryBytes: 1 }, machine({ '/proc/self/status': status }));
    expect(budget.prefix.at(-1)).toBe('2,3,4,8');
    expect(budget.words).toContain('there are no more');
  });

  it.each([
    ['taskset', machine({ '/proc/self/status': status }, /^$/, ['prlimit'])],
    ['win32', machine({}, /^$/, [], 'win32')],
  ])('enforces nothing without %s, and says so', (why, fake) => {
    const budget = makeBudget(WISH, fake);
    expect(budget.kind).toBe('none');
    expect(budget.words).toContain(why);
    expect(budget.words).toContain('not enforced');
  });

  it('holds a real process to its processors and memory on this machine', async () => {
    const budget = makeBudget({ cores: 1, memoryBytes: 1024 * 2 ** 20 });
    expect(budget.kind).not.toBe('none');
    try {
      // Does nothing before it is told to, so that it is in the budget by then.
      const run = async (program: string): Promise<{ readonly code: number | null; readonly stdout: string }> => {
        const gate = `process.stdin.once('data', () => { ${program}; process.stdin.destroy(); })`;
        const [command = '', ...rest] = [...budget.prefix, process.execPath, '-e', gate];
        const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
        let stdout = '';
        child.stdout.on('data', (piece: Buffer) => {
          stdout += piece.toString();
        });
        budget.admit(child.pid!);
        child.stdin.write('go');
        const [code] = (await once(child, 'close')) as [number | null];
        return { code, stdout };
      };
      if (budget.kind === 'affinity')
        expect((await run('console.log(require("node:os").availableParallelism())')).stdout).toBe('1\n');
      expect((await run('Buffer.alloc(64 << 20, 1)')).code).toBe(0);
      expect((await run('Buffer.alloc(2048 * 2 ** 20, 1)')).code).not.toBe(0);
    } finally {
      budget.release();
    }
  });
});
