// Runs a command in a network and a mount namespace of its own: it may do there what it likes, and nothing of it is left when it
// ends. Needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN), iproute2 and util-linux.
import { spawnSync } from 'node:child_process';

const PREPARE = [
  'set -e',
  // sysfs shows the adapters of the namespace it was mounted in.
  'mount -t sysfs none /sys',
  // Named namespaces that the command makes are its own too.
  'mkdir -p /run/netns',
  'mount -t tmpfs none /run/netns',
  'ip link set lo up',
  'exec "$@"',
].join('\n');

/** The exit code of the command, which has `variables` besides this environment; 1 when it has none. */
export function runInOwnNetwork(command, variables = {}) {
  const { status, error } = spawnSync('unshare', ['--net', '--mount', '--', 'sh', '-c', PREPARE, 'sh', ...command], {
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  if (error) process.stderr.write(`adtap: unshare cannot be started: ${error.message}\n`);
  return status ?? 1;
}
