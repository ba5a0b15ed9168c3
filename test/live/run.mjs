// Runs the live tests in a network of their own, which needs root; without it this fails, it never skips.
import { fileURLToPath } from 'node:url';
import { runInOwnNetwork } from '../../scripts/own-network.mjs';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const command = [process.execPath, vitest, 'run', '--project', 'live', ...process.argv.slice(2)];
const status = runInOwnNetwork(command, { ADTAP_LIVE: '1' });
if (status !== 0) process.stderr.write('adtap: the live tests failed; they need root, iproute2, util-linux and libpcap.\n');
process.exitCode = status;
