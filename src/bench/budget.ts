// The budget that the measured process runs in: a cgroup (v2) where one may be made, else an affinity to processors and a limit
// of data, else none; and words that say which it was and why.
import { accessSync, constants, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unifiedGroup } from '../host/cgroup.ts';
import { allowedCpus } from '../host/cpu.ts';
import { thisMachine as host, type Machine } from '../host/machine.ts';

export interface BudgetWish {
  /** Processors; a cgroup takes fractions. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface Budget {
  readonly kind: 'cgroup' | 'affinity' | 'none';
  /** What holds the process back, for the report. */
  readonly words: string;
  /** Command and arguments to put before the program's. */
  readonly prefix: readonly string[];
  /** Takes the process in before it does anything. */
  admit(pid: number): void;
  /** Gives back what was made; the process must have ended. */
  release(): void;
}

/** A machine that is changed as well; tests hand in their own. */
export interface BudgetMachine extends Machine {
  readonly processId: number;
  /** Throws when it may not. */
  write(path: string, text: string): void;
  makeFolder(path: string): void;
  removeFolder(path: string): void;
  /** Whether there is such a program. */
  has(program: string): boolean;
}

/** cpu.max: microseconds of processor time a period (kernel.org, cgroup-v2, "CPU Interface Files"). */
const PERIOD = 100_000;

/** Makes the budget, as strict a one as is permitted. */
export function makeBudget(wish: BudgetWish, machine: BudgetMachine = thisMachine): Budget {
  if (machine.platform !== 'linux') return none(`${machine.platform} has neither; the budget is compared with, not enforced`);
  const reasons: string[] = [];
  const cgroup = tryCgroups(wish, machine, reasons);
  if (cgroup !== null) return cgroup;
  const affinity = tryAffinity(wish, machine, reasons);
  return affinity ?? none(`${reasons.join('; ')}; the budget is compared with, not enforced`);
}

const none = (why: string): Budget => ({
  kind: 'none',
  words: `no cgroup and no affinity: ${why}`,
  prefix: [],
  admit() {},
  release() {},
});

function tryCgroups(wish: BudgetWish, machine: BudgetMachine, reasons: string[]): Budget | null {
  const folders = unifiedGroup(machine);
  if (folders === null || folders.length === 0) {
    reasons.push(folders === null ? 'cgroup v2 is not mounted' : 'the folders of cgroup v2 cannot be read');
    return null;
  }
  let problem = '';
  // A group with processes in it may not have limited children (the rule of no internal processes), one above it may.
  for (const parent of folders) {
    const made = tryCgroup(parent, wish, machine);
    if (typeof made !== 'string') return made;
    problem ||= made;
  }
  reasons.push(`cgroup v2 is not permitted: ${problem}`);
  return null;
}

function tryCgroup(parent: string, wish: BudgetWish, machine: BudgetMachine): Budget | string {
  const controllers = (machine.read(join(parent, 'cgroup.controllers')) ?? '').split(/\s+/);
  const missing = ['cpu', 'memory'].filter((one) => !controllers.includes(one));
  if (missing.length > 0) return `${parent} has no controller for ${missing.join(' and ')}`;
  const path = join(parent, `adtap-bench-${machine.processId}`);
  try {
    const handedDown = (machine.read(join(parent, 'cgroup.subtree_control')) ?? '').split(/\s+/);
    if (!handedDown.includes('cpu') || !handedDown.includes('memory'))
      machine.write(join(parent, 'cgroup.subtree_control'), '+cpu +memory');
    machine.makeFolder(path);
  } catch (error) {
    return `${parent}: ${(error as Error).message}`;
  }
  try {
    machine.write(join(path, 'cpu.max'), `${Math.round(wish.cores * PERIOD)} ${PERIOD}`);
    machine.write(join(path, 'memory.max'), String(wish.memoryBytes));
    // Where there is no swap accounting there is no such file.
    if (machine.read(join(path, 'memory.swap.max')) !== null) machine.write(join(path, 'memory.swap.max'), '0');
  } catch (error) {
    machine.removeFolder(path);
    return `${path}: ${(error as Error).message}`;
  }
  return {
    kind: 'cgroup',
    words: `cgroup v2 ${path}: cpu.max ${wish.cores} cores, memory.max ${wish.memoryBytes} bytes, no swap`,
    prefix: [],
    admit: (pid) => machine.write(join(path, 'cgroup.procs'), String(pid)),
    release: () => machine.removeFolder(path),
  };
}

function tryAffinity(wish: BudgetWish, machine: BudgetMachine, reasons: string[]): Budget | null {
  const absent = ['taskset', 'prlimit'].filter((one) => !machine.has(one));
  if (absent.length > 0) {
    reasons.push(`affinity needs ${absent.join(' and ')} (util-linux)`);
    return null;
  }
  const allowed = allowedCpus(machine) ?? [];
  if (allowed.length === 0) {
    reasons.push('affinity: /proc/self/status does not say which processors there are');
    return null;
  }
  const chosen = allowed.slice(0, Math.max(1, Math.ceil(wish.cores)));
  const fewer = chosen.length < wish.cores ? ` (there are no more)` : '';
  return {
    kind: 'affinity',
    words: `affinity to processors ${chosen.join(',')}${fewer} and RLIMIT_DATA of ${wish.memoryBytes} bytes, because ${reasons.join('; ')}`,
    // RLIMIT_AS would count what V8 reserves and never touches.
    prefix: ['prlimit', `--data=${wish.memoryBytes}`, 'taskset', '--cpu-list', chosen.join(',')],
    admit() {},
    release() {},
  };
}

const thisMachine: BudgetMachine = {
  ...host,
  processId: process.pid,
  write: (path, text) => writeFileSync(path, text),
  makeFolder: (path) => {
    mkdirSync(path);
  },
  removeFolder: (path) => rmdirSync(path),
  has: (program) =>
    (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
};
