// Processors, their quotas and their time, on recorded machines.
import { describe, expect, it } from 'vitest';
import { controlGroup } from '../../../src/host/cgroup.ts';
import { cpuFacts, cpuQuota, cpuTimes, parallelism, parseList } from '../../../src/host/cpu.ts';
import { recordedMachine, under } from '../../support/recorded-machine.ts';
import { CGROUP2, CGROUP2_MOUNT, dockerV1, podV2, STAT_4 } from './recordings.ts';

const cores = (siblings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(siblings).map(([cpu, list]) => [
      `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`,
      `${list}\n`,
    ]),
  );

describe('the control group of this process', () => {
  it('is found in a container that sees a part of version 1 only', () => {
    expect(controlGroup(recordedMachine({ files: dockerV1 }), 'memory')).toEqual({
      version: 1,
      folders: ['/sys/fs/cgroup/memory'],
    });
  });

  it('is found with all groups above it in version 2, its own first', () => {
    expect(controlGroup(recordedMachine({ files: podV2 }), 'cpu')).toEqual({
      version: 2,
      folders: [
        '/sys/fs/cgroup/kubepods.slice/kubepods-pod7.slice/adtap.scope',
        '/sys/fs/cgroup/kubepods.slice/kubepods-pod7.slice',
        '/sys/fs/cgroup/kubepods.slice',
        '/sys/fs/cgroup',
      ],
    });
  });

  it('is not taken for a neighbour whose name only begins alike', () => {
    const files = {
      '/proc/self/cgroup': '4:memory:/docker/abcdef\n',
      '/proc/self/mountinfo': '35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1\n',
    };
    expect(controlGroup(recordedMachine({ files }), 'memory')?.folders).toEqual(['/sys/fs/cgroup/memory']);
  });

  it.each([
    ['no files', {}],
    ['files that say nothing', { '/proc/self/cgroup': '', '/proc/self/mountinfo': '' }],
    ['lines cut off', { '/proc/self/cgroup': '0:', '/proc/self/mountinfo': '31 23' }],
  ])('is none with %s', (_, files: Record<string, string>) => {
    expect(controlGroup(recordedMachine({ files }), 'cpu')).toBeNull();
  });
});

describe('the quota', () => {
  it('is the tightest on the way up', () => {
    expect(cpuQuota(recordedMachine({ files: podV2 }))).toBe(1.5);
  });

  it('is read in version 1', () => {
    expect(cpuQuota(recordedMachine({ files: dockerV1 }))).toBe(0.5);
  });

  it.each(['max 100000', '-1 100000', '0 100000', '150000 0', '150000', 'junk', ''])('is none where cpu.max says %j', (text) => {
    const files = { ...CGROUP2_MOUNT, '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/cpu.max': `${text}\n` };
    expect(cpuQuota(recordedMachine({ files }))).toBeNull();
  });
});

describe('processors', () => {
  it('are counted as cores, not as hyper-threads, among those allowed', async () => {
    const files = {
      '/proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-1,4\n',
      '/sys/devices/system/cpu/online': '0-7\n',
      ...cores({ 0: '0,4', 1: '1,5', 4: '0,4' }),
    };
    expect(await cpuFacts(recordedMachine({ files }))).toEqual({ online: 8, allowed: 3, physical: 2, quota: null, usable: 3 });
  });

  it('that are offline do not count', async () => {
    const files = {
      '/proc/self/status': 'Cpus_allowed_list:\t0-127\n',
      '/sys/devices/system/cpu/online': '0,2\n',
      ...cores({ 0: '0', 2: '2' }),
    };
    expect(await cpuFacts(recordedMachine({ files }))).toMatchObject({ online: 2, allowed: 2, physical: 2 });
  });

  it('keep as many threads busy as are allowed, online and granted, at least one', () => {
    const status = { '/proc/self/status': 'Cpus_allowed_list:\t0-5\n', '/sys/devices/system/cpu/online': '0-3\n' };
    expect(parallelism(recordedMachine({ files: status }))).toBe(4);
    expect(parallelism(recordedMachine({ files: { ...podV2, ...status } }))).toBe(2);
    expect(parallelism(recordedMachine({ files: { ...dockerV1, ...status } }))).toBe(1);
  });

  it('are as many as the quota grants', async () => {
    const files = { ...podV2, '/proc/self/status': 'Cpus_allowed_list:\t0-3\n', '/sys/devices/system/cpu/online': '0-3\n' };
    expect(await cpuFacts(recordedMachine({ files }))).toEqual({
      online: 4,
      allowed: 4,
      physical: null,
      quota: 1.5,
      usable: 1.5,
    });
  });

  it('are asked of sysctl on macOS and of CIM on Windows', async () => {
    const mac = recordedMachine({ platform: 'darwin', programs: { 'sysctl -n hw.physicalcpu': '1\n' } });
    expect((await cpuFacts(mac)).physical).toBe(1);
    const script =
      '(Get-CimInstance Win32_Processor | Measure-Object NumberOfCores -Sum).Sum | ConvertTo-Json -Compress -Depth 4';
    const windows = { [`powershell.exe -NoProfile -NonInteractive -Command ${script}`]: '1\r\n' };
    expect((await cpuFacts(recordedMachine({ platform: 'win32', programs: windows }))).physical).toBe(1);
  });
});

it.each([
  ['0', [0]],
  ['0-2,8', [0, 1, 2, 8]],
  ['3-1', []],
  ['', null],
  ['0-', null],
  ['a', null],
  [null, null],
])('reads the list %j', (text, expected) => {
  expect(parseList(text)).toEqual(expected);
});

describe('processor time', () => {
  it('is that of the machine and of the processors allowed', () => {
    const files = { '/proc/stat': STAT_4, '/proc/self/status': 'Cpus_allowed_list:\t1,3\n' };
    const times = cpuTimes(recordedMachine({ files }));
    // Hundredths of a second: all but idle and iowait is busy, guest time is in user already.
    expect(times.machine).toEqual({ busy: 10 * (400 + 8 + 200 + 4 + 12 + 20), total: 10 * (644 + 9000 + 60) });
    expect(times.allowed).toEqual({ busy: 10 * (2 * (100 + 2 + 50 + 1 + 3 + 5)), total: 10 * (2 * (161 + 2250 + 15)) });
    expect(times).toMatchObject({ processors: 2, group: null });
    expect(times.own).toBeGreaterThan(0);
  });

  it('of the group is read in both versions', () => {
    const v2 = {
      ...podV2,
      ...under(`${CGROUP2}/kubepods-pod7.slice/adtap.scope`, { 'cpu.stat': 'usage_usec 2500000\nuser_usec 1\n' }),
    };
    expect(cpuTimes(recordedMachine({ files: { ...v2, '/proc/stat': STAT_4 } })).group).toEqual({ quota: 1.5, used: 2500 });
    expect(cpuTimes(recordedMachine({ files: { ...dockerV1, '/proc/stat': STAT_4 } })).group).toEqual({ quota: 0.5, used: 700 });
  });

  it('comes from Node where there is no /proc', () => {
    const times = cpuTimes(recordedMachine({ platform: 'darwin' }));
    expect(times.machine.total).toBeGreaterThan(times.machine.busy);
    expect(times.machine.busy).toBeGreaterThan(0);
    expect(times.processors).toBeGreaterThan(0);
  });
});
