// Texts of /proc and /sys as kernels write them: names and layout from real machines, numbers made round.
import { under } from '../../support/recorded-machine.ts';

export const CGROUP2 = '/sys/fs/cgroup/kubepods.slice';

export const CGROUP2_MOUNT = {
  '/proc/self/mountinfo':
    '22 27 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n' +
    '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n',
};

/** A pod seen from its node: systemd's unified hierarchy, limits at two levels, none at the root. */
export const podV2 = {
  ...CGROUP2_MOUNT,
  '/proc/self/cgroup': '0::/kubepods.slice/kubepods-pod7.slice/adtap.scope\n',
  '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  ...under(CGROUP2, {
    'cpu.max': 'max 100000\n',
    'memory.max': '17179869184\n',
    'memory.high': 'max\n',
    'memory.current': '9000000000\n',
  }),
  ...under(`${CGROUP2}/kubepods-pod7.slice`, {
    'cpu.max': '150000 100000\n',
    'memory.max': '8589934592\n',
    'memory.high': '6442450944\n',
    'memory.current': '3221225472\n',
    'memory.stat': 'anon 2147483648\nfile 1073741824\ninactive_file 1073741824\nactive_file 0\n',
  }),
  ...under(`${CGROUP2}/kubepods-pod7.slice/adtap.scope`, {
    'cpu.max': '400000 100000\n',
    'memory.max': 'max\n',
    'memory.high': 'max\n',
    'memory.current': '3221225472\n',
  }),
};

/** Inside a container of version 1 without a namespace of its own: the path is the host's, the mount its part. */
export const dockerV1 = {
  '/proc/self/cgroup':
    '5:memory:/docker/0123456789ab\n4:cpu,cpuacct:/docker/0123456789ab\n1:name=systemd:/docker/0123456789ab\n0::/\n',
  '/proc/self/mountinfo':
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n' +
    '33 31 0:30 /docker/0123456789ab /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:11 - cgroup cgroup rw,cpu,cpuacct\n' +
    '35 31 0:32 /docker/0123456789ab /sys/fs/cgroup/memory ro,nosuid master:14 - cgroup cgroup rw,memory\n',
  ...under('/sys/fs/cgroup/cpu,cpuacct', {
    'cpu.cfs_quota_us': '50000\n',
    'cpu.cfs_period_us': '100000\n',
    'cpuacct.usage': '700000000\n',
  }),
  ...under('/sys/fs/cgroup/memory', {
    'memory.limit_in_bytes': '4294967296\n',
    'memory.usage_in_bytes': '3221225472\n',
    'memory.stat': 'cache 1\ninactive_file 4096\ntotal_inactive_file 1073741824\n',
  }),
};

/** Four processors that did the same. */
export const STAT_4 =
  'cpu  400 8 200 9000 60 4 12 20 40 0\n' +
  [0, 1, 2, 3].map((n) => `cpu${n} 100 2 50 2250 15 1 3 5 10 0\n`).join('') +
  'intr 1 2 3\nctxt 1\nbtime 1795248000\n';

/** A machine of 16 GiB, 10 GiB of which can be had. */
export const MEMINFO_16 =
  'MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:   10485760 kB\nBuffers:          524288 kB\nCached:          8388608 kB\n';
