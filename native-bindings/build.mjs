// Builds the addon with nothing but a C compiler: node native-bindings/build.mjs [--sanitize] [--if-needed] [--prebuild]
//   --sanitize   with AddressSanitizer and UndefinedBehaviorSanitizer, into build/Sanitize
//   --prebuild   into prebuilds/<platform>-<arch>/, where node-gyp-build finds it in a published package
//   --if-needed  as npm's install step does it: not when a prebuilt or newer one is there, and failing is no error, because
//                replays need no addon and `cap` can stand in for it
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const ifNeeded = process.argv.includes('--if-needed');
const prebuild = process.argv.includes('--prebuild');
const require = createRequire(import.meta.url);

const sources = readdirSync(join(here, 'src')).map((name) => join(here, 'src', name));
const output = prebuild
  ? join(here, 'prebuilds', `${process.platform}-${process.arch}`, 'adtap.napi.node')
  : join(here, 'build', sanitize ? 'Sanitize' : 'Release', 'adtap_capture.node');

const time = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
const newest = Math.max(...sources.map(time), time(fileURLToPath(import.meta.url)));

function isThere() {
  if (time(output) >= newest) return true;
  return existsSync(join(here, 'prebuilds', `${process.platform}-${process.arch}`));
}

function commands() {
  if (process.platform === 'win32') {
    // The import library of node.exe comes with node-gyp; see docs/platforms.md.
    return [['npx', ['--yes', 'node-gyp', 'rebuild', '--directory', here], true]];
  }
  const { include_dir: headers } = require('node-api-headers');
  const partial = `${output}.${process.pid}`;
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wpedantic'];
  if (sanitize)
    flags.push('-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined');
  else flags.push('-O2', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong');
  const link =
    process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-Wl,-z,relro,-z,now', '-ldl', '-lpthread'];
  const files = sources.filter((file) => file.endsWith('.c'));
  return [[process.env['CC'] ?? 'cc', [...flags, '-I', headers, '-o', partial, ...files, ...link], false, partial]];
}

function build() {
  mkdirSync(dirname(output), { recursive: true });
  for (const [command, args, shell, partial] of commands()) {
    const { status, error, stderr } = spawnSync(command, args, { shell, encoding: 'utf8' });
    if (error) return `${command} cannot be started (${error.code ?? error.message})`;
    if (status !== 0)
      return `${command} failed: ${stderr.split('\n').find((line) => /error/i.test(line)) ?? `exit code ${status}`}`;
    // In one step: another process may be loading the old one.
    if (partial !== undefined) renameSync(partial, output);
  }
  return '';
}

if (!(ifNeeded && isThere())) {
  const problem = build();
  if (problem !== '') {
    process.stderr.write(`adtap: the capture addon was not built: ${problem}.\n`);
    if (ifNeeded)
      process.stderr.write('adtap: replays need none; live capture then uses the package cap (see docs/platforms.md).\n');
    else process.exitCode = 1;
  }
}
