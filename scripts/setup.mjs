// Sets up what `npm start` and `npm test` need: packages as locked, and a build. Does nothing when both are up to date.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (error) console.error(`adtap: ${command} cannot be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`adtap: Node ${process.versions.node} is too old; 20.19 or newer is needed.`);
  process.exit(1);
}

if (time(join(root, 'node_modules', '.package-lock.json')) < time(join(root, 'package-lock.json'))) {
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

let newest = Math.max(time(join(root, 'tsconfig.json')), time(join(root, 'package-lock.json')));
for (const file of readdirSync(join(root, 'src'), { recursive: true })) newest = Math.max(newest, time(join(root, 'src', file)));
if (time(join(root, 'dist', 'cli', 'main.js')) < newest) {
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', '--force']);
}

// Replays need no addon: where there is no compiler, its one line says so and the rest goes on.
run(process.execPath, [join(root, 'native-bindings', 'build.mjs'), '--if-needed']);
