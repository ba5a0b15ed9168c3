// The addon's memory: what sanitizers say of everything it does, and what is left after doing it many times.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { loadBinding, STAT_WORDS } from '../../src/native/binding.ts';
import { Wire } from './support/net.ts';

const EXERCISE = 'test/live/support/addon-exercise.mjs';

it('does nothing that AddressSanitizer or UBSan object to', () => {
  using wire = new Wire();
  execFileSync(process.execPath, ['native-bindings/build.mjs', '--sanitize'], { stdio: 'inherit' });
  const library = (name: string): string => execFileSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  const { status, signal, stderr, stdout } = spawnSync(process.execPath, [EXERCISE, wire.tap, wire.far], {
    encoding: 'utf8',
    timeout: 100_000,
    env: {
      ...process.env,
      ADTAP_NATIVE_ADDON: resolve('native-bindings/build/Sanitize/adtap_capture.node'),
      LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
      // V8 keeps its own heap; what the addon leaks is counted below.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
      UBSAN_OPTIONS: 'halt_on_error=1:abort_on_error=1:print_stacktrace=1',
    },
  });
  expect(stderr).not.toMatch(/Sanitizer|runtime error/);
  expect({ status, signal, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  expect((JSON.parse(stdout) as { seen: number }).seen).toBeGreaterThan(0);
});

it('is found as a prebuilt binary where nothing was compiled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adtap-prebuild-'));
  try {
    cpSync('native-bindings', folder, { recursive: true, filter: (path) => !/native-bindings\/(build|prebuilds)$/.test(path) });
    const { NODE_PATH: _path, ...env } = process.env;
    const modules = resolve('node_modules');
    // Its headers come from a package, which it looks for beside itself.
    symlinkSync(modules, join(folder, 'node_modules'));
    execFileSync(process.execPath, [join(folder, 'build.mjs'), '--prebuild'], { stdio: 'inherit', env });
    expect(existsSync(join(folder, 'build'))).toBe(false);
    const load = `console.log(require(${JSON.stringify(join(modules, 'node-gyp-build'))})(${JSON.stringify(folder)}).load())`;
    expect(execFileSync(process.execPath, ['-e', load], { encoding: 'utf8' })).toMatch(/^libpcap version/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('leaves nothing behind when captures open and close in a loop', () => {
  using wire = new Wire();
  const loaded = loadBinding();
  if (!('binding' in loaded)) throw new Error(loaded.problem);
  const { binding } = loaded;
  const memory = new Uint8Array(new SharedArrayBuffer(1 << 20));
  const shape = { stride: 1 << 18, slots: 4, slotBytes: 1 << 17, slotPackets: 64 };
  const options = { snaplen: 65_535, isPromiscuous: 1, timeoutMs: 5, bufferBytes: 1 << 20, drainMs: 100 } as const;
  const counts = new Float64Array(STAT_WORDS);
  const round = (): void => {
    const pool = binding.createPool(memory, shape, () => undefined);
    binding.giveSlot(pool, 0);
    binding.openCapture(pool, 0, wire.tap, options, 'tcp port 88 or udp port 53');
    binding.startCapture(pool, 0);
    binding.closeCapture(pool, 0, counts);
    binding.closePool(pool);
    binding.closeHandle(binding.openFile('fixtures/lab/first-look.pcap'));
    binding.closeHandle(binding.openPlayer(wire.far));
    binding.devices();
    binding.compile('tcp port 88', 1, 65_535);
  };
  const left = (): { files: number; threads: number } => ({
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
  });
  for (let i = 0; i < 10; i++) round();
  const before = { ...left(), rss: process.memoryUsage.rss() };
  for (let i = 0; i < 100; i++) round();
  expect(left()).toEqual({ files: before.files, threads: before.threads });
  // A leak of one struct pcap a round would be 100 MiB: its ring alone has one.
  expect(process.memoryUsage.rss() - before.rss).toBeLessThan(10 << 20);
});
