// Where this process stands in the control groups, version 1 or 2 or both side by side. Limits hold along the whole way up.
import type { Machine } from './machine.ts';

/** The folders of a controller that bind this process, its own first; empty where there are none. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/** Levels of groups that are walked; systemd and Kubernetes make about six. */
const MAX_DEPTH = 32;

/**
 * Finds the group of a controller (`cpu`, `memory`, `cpuacct`). A version 1 hierarchy of the controller wins, as in the kernel: a
 * controller that is mounted there is not available in version 2.
 * Sources: cgroups(7) for /proc/self/cgroup, proc_pid_mountinfo(5).
 */
export function controlGroup(machine: Machine, controller: string): ControlGroup | null {
  const groups = memberships(machine);
  const mounted = mounts(machine);
  const own = groups.find((one) => one.controllers.includes(controller));
  const mount = mounted.find((one) => one.type === 'cgroup' && one.options.includes(controller));
  if (own !== undefined && mount !== undefined) return { version: 1, folders: upwards(machine, mount, own.path) };
  const folders = unifiedGroup(machine, groups, mounted);
  return folders === null ? null : { version: 2, folders };
}

/** The folders of version 2, whichever controllers it has: this process's own first; null where it is not mounted. */
export function unifiedGroup(
  machine: Machine,
  groups: readonly Membership[] = memberships(machine),
  mounted: readonly Mount[] = mounts(machine),
): readonly string[] | null {
  const own = groups.find((one) => one.id === '0' && one.controllers[0] === '');
  const mount = mounted.find((one) => one.type === 'cgroup2');
  return own === undefined || mount === undefined ? null : upwards(machine, mount, own.path);
}

interface Membership {
  readonly id: string;
  readonly controllers: readonly string[];
  readonly path: string;
}

function memberships(machine: Machine): Membership[] {
  return (machine.read('/proc/self/cgroup') ?? '').split('\n').map((line) => {
    const [id = '', controllers = '', ...path] = line.split(':');
    return { id, controllers: controllers.split(','), path: path.join(':') };
  });
}

interface Mount {
  /** Of the tree, what the mount shows. */
  readonly root: string;
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

function mounts(machine: Machine): Mount[] {
  return (machine.read('/proc/self/mountinfo') ?? '').split('\n').map((line) => {
    // Optional fields end at a lone dash: "36 35 98:0 /root /mount rw shared:1 - type source super-options".
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , root = '', folder = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    return { root, folder, type, options: options.split(',') };
  });
}

function upwards(machine: Machine, mount: Mount, path: string): readonly string[] {
  // Inside a container the mount shows only a part of the tree, whose root is named in mountinfo.
  const inMount = mount.root === '/' ? path : `${path}/`.startsWith(`${mount.root}/`) ? path.slice(mount.root.length) : '';
  const parts = inMount.split('/').filter((part) => part !== '' && part !== '..');
  const all = Array.from({ length: Math.min(parts.length, MAX_DEPTH) + 1 }, (_, up) =>
    [mount.folder, ...parts.slice(0, parts.length - up)].join('/'),
  );
  return all.filter((folder) => machine.list(folder) !== null);
}
