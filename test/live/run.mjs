// Runs the live tests in a network and a mount namespace of their own: they may do there what they like, and nothing of it is
// left when they end. Needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN); without it this fails, it never skips.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const prepare = [
  'set -e',
  // sysfs shows the adapters of the namespace it was mounted in.
  'mount -t sysfs none /sys',
  'mkdir -p /run/netns',
  'mount -t tmpfs none /run/netns',
  'ip link set lo up',
  'exec "$@"',
].join('\n');
const command = ['--net', '--mount', '--', 'sh', '-c', prepare, 'sh', process.execPath, vitest, 'run', '--project', 'live'];
const { status, error } = spawnSync('unshare', [...command, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ADTAP_LIVE: '1' },
});
if (error) process.stderr.write(`adtap: unshare cannot be started: ${error.message}\n`);
if (status !== 0) process.stderr.write('adtap: the live tests failed; they need root, iproute2, util-linux and libpcap.\n');
process.exitCode = status ?? 1;
