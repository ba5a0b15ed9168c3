// The processors that this process can have, and how busy they are.
import { availableParallelism, cpus } from 'node:os';
import { controlGroup } from './cgroup.ts';
import { keyValues, type Machine, powerShell, readNumber, readWord, toNumber } from './machine.ts';

export interface CpuFacts {
  /** Logical processors of the machine that are online. */
  readonly online: number;
  /** Logical processors that this process may run on (affinity, cpuset). */
  readonly allowed: number;
  /** Physical cores among those; null when the machine does not tell. */
  readonly physical: number | null;
  /** Processors' worth of time that the tightest control group grants; null when it grants all. */
  readonly quota: number | null;
  /** The smaller of allowed and quota. */
  readonly usable: number;
}

const CPUS = '/sys/devices/system/cpu';

/** How many threads can be busy at once: one for each processor that is allowed, as far as the quota goes round. */
export function parallelism(machine: Machine): number {
  const allowed = presentCpus(machine, onlineCpus(machine))?.length || availableParallelism();
  // Node 20 does not mind quotas.
  return Math.max(1, Math.min(allowed, Math.ceil(cpuQuota(machine) ?? allowed)));
}

const onlineCpus = (machine: Machine): readonly number[] | null => parseList(readWord(machine, `${CPUS}/online`));

/** Processors that this process may run on and that are online; null where only their count is known. */
function presentCpus(machine: Machine, online: readonly number[] | null): readonly number[] | null {
  return allowedCpus(machine)?.filter((cpu) => online === null || online.includes(cpu)) ?? online;
}

export async function cpuFacts(machine: Machine): Promise<CpuFacts> {
  const online = onlineCpus(machine);
  const allowed = presentCpus(machine, online);
  const count = allowed?.length || availableParallelism();
  const quota = cpuQuota(machine);
  return {
    online: online?.length || cpus().length || count,
    allowed: count,
    physical: allowed === null ? await askedCores(machine, count) : cores(machine, allowed),
    quota,
    usable: Math.min(count, quota ?? count),
  };
}

/** Processors that this process may run on, by number; null where only their count is known. */
export function allowedCpus(machine: Machine): readonly number[] | null {
  return parseList(keyValues(machine.read('/proc/self/status'), ':').get('Cpus_allowed_list') ?? null);
}

/** Physical cores under some logical processors; hyper-threads of one core share its list of siblings. */
function cores(machine: Machine, among: readonly number[]): number | null {
  const seen = new Set<string>();
  for (const cpu of among) {
    const folder = `${CPUS}/cpu${cpu}/topology`;
    const siblings = readWord(machine, `${folder}/core_cpus_list`) ?? readWord(machine, `${folder}/thread_siblings_list`);
    if (siblings === null) return null;
    seen.add(siblings);
  }
  return seen.size;
}

/** Where no file tells: the system's own tools. More cores than processors that we may use would be of no use. */
async function askedCores(machine: Machine, allowed: number): Promise<number | null> {
  const answer =
    machine.platform === 'darwin'
      ? toNumber((await machine.run('sysctl', ['-n', 'hw.physicalcpu']))?.trim())
      : await powerShell(machine, '(Get-CimInstance Win32_Processor | Measure-Object NumberOfCores -Sum).Sum');
  return typeof answer === 'number' && answer > 0 ? Math.min(answer, allowed) : null;
}

/** The tightest quota along the control groups, in processors. */
export function cpuQuota(machine: Machine): number | null {
  const group = controlGroup(machine, 'cpu');
  let tightest: number | null = null;
  for (const folder of group?.folders ?? []) {
    const [quota, period] =
      group?.version === 2
        ? (readWord(machine, `${folder}/cpu.max`) ?? '').split(' ').map(toNumber)
        : [readNumber(machine, `${folder}/cpu.cfs_quota_us`), readNumber(machine, `${folder}/cpu.cfs_period_us`)];
    // "max" (version 2) and -1 (version 1) are no quota.
    if (quota == null || quota <= 0 || period == null || period <= 0) continue;
    tightest = Math.min(tightest ?? Number.POSITIVE_INFINITY, quota / period);
  }
  return tightest;
}

/** A list such as `0-3,8` (cpuset(7)), or null. */
export function parseList(text: string | null): readonly number[] | null {
  if (text === null || !/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/.test(text)) return null;
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
}

/** Counters of processor time, in milliseconds since some start. Only differences mean something. */
export interface CpuTimes {
  /** All processors of the machine. */
  readonly machine: Busy;
  /** The processors that this process may run on. */
  readonly allowed: Busy;
  /** How many those are. */
  readonly processors: number;
  /** Where a quota holds: what it grants, in processors, and what this process's group has used. */
  readonly group: { readonly quota: number; readonly used: number } | null;
  /** Used by this process, its threads included. */
  readonly own: number;
}

interface Busy {
  readonly busy: number;
  readonly total: number;
}

/** Jiffies of /proc/stat are hundredths of a second on every architecture (USER_HZ). */
const JIFFY = 10;

export function cpuTimes(machine: Machine): CpuTimes {
  const { user, system } = process.cpuUsage();
  const lines = keyValues(machine.read('/proc/stat'), ' ');
  const all = jiffies(lines.get('cpu'));
  const own = (user + system) / 1000;
  if (all === null) {
    const everything = systemTimes();
    return { machine: everything, allowed: everything, processors: availableParallelism(), group: null, own };
  }
  let busy = 0;
  let total = 0;
  let processors = 0;
  for (const cpu of allowedCpus(machine) ?? []) {
    const one = jiffies(lines.get(`cpu${cpu}`));
    if (one === null) continue;
    busy += one.busy;
    total += one.total;
    processors++;
  }
  return {
    machine: all,
    allowed: processors > 0 ? { busy, total } : all,
    processors: processors || availableParallelism(),
    group: groupTime(machine),
    own,
  };
}

/** A line of /proc/stat (proc_stat(5)). Stolen time is busy: another machine on the host has it. Guest time is in user. */
function jiffies(line: string | undefined): Busy | null {
  const values = (line ?? '').split(/\s+/).map(toNumber);
  const [user, nice, system, idle, iowait, irq, softirq, steal] = values;
  if (user == null || nice == null || system == null || idle == null) return null;
  const busy = user + nice + system + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0);
  return { busy: busy * JIFFY, total: (busy + idle + (iowait ?? 0)) * JIFFY };
}

function systemTimes(): Busy {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    total += used + times.idle;
  }
  return { busy, total };
}

/** Time used by this process's own group. Its quota may be an ancestor's, whose other children then count as others. */
function groupTime(machine: Machine): CpuTimes['group'] {
  const quota = cpuQuota(machine);
  const group = controlGroup(machine, 'cpu');
  if (quota === null || group === null) return null;
  if (group.version === 2) {
    const used = toNumber(keyValues(machine.read(`${group.folders[0]}/cpu.stat`), ' ').get('usage_usec'));
    return used === null ? null : { quota, used: used / 1000 };
  }
  const account = controlGroup(machine, 'cpuacct');
  const used = readNumber(machine, `${account?.folders[0]}/cpuacct.usage`);
  return used === null ? null : { quota, used: used / 1e6 };
}
