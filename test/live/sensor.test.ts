// `adtap sensor` on real wires: what it says of a capture played to it, and how it lives through what goes wrong.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adapterCount, ip, Wire } from './support/net.ts';
import { type Closing, type Counts, Player, play, SensorProcess } from './support/sensor.ts';

const FILE = 'fixtures/lab/first-look.pcap';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'adtap-live-'));
  // For the sensor that runs as another user.
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Line = Record<string, unknown> & { readonly kind: string };
const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Everything that a closing line must add up to, whatever happened. */
function expectAccounted(closing: Closing): void {
  const { adapters, packets, decoded, ignored, dropped } = closing;
  const all: Counts[] = Object.values(adapters);
  for (const { received, delivered, noSlot, tooLong } of all) expect(received).toBe(delivered + noSlot + tooLong);
  expect(sum(all.map(({ delivered }) => delivered))).toBe(packets);
  expect(decoded + ignored + dropped).toBe(packets);
}

/** Packets that the kernel saw: received or counted as lost. */
const seenBy = (counts: Counts): number => counts.received + counts.kernelDropped + counts.left;

it('says of a capture on the wire what it says of the file', async () => {
  using wire = new Wire();
  const out = join(folder, 'same.ndjson');
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', out, '--set', 'sensor.name=adtap']);
  const sent = await play(FILE, wire.far, '--rate', '5000');
  await sensor.until(async () => (await sensor.status()).adapters[0]?.counts.kernelReceived !== 0);
  expect(await sensor.metrics()).toMatch(/^adtap_build_info\{[^}]*backend="native"[^}]*\} 1$/m);
  const { code, closing } = await sensor.stop();
  expect(code).toBe(0);
  expect(closing.drained).toBe(true);
  expectAccounted(closing);
  const counts = closing.adapters[wire.tap]!;
  expect(counts).toMatchObject({ noSlot: 0, kernelDropped: 0, left: 0 });
  expect(counts.received).toBeLessThanOrEqual(sent);

  const file = join(folder, 'file.ndjson');
  execFileSync(process.execPath, ['dist/cli/main.js', 'replay', FILE, '-q', '-o', file, '-e', 'activities']);
  // Times are those of the wire, frames count what the kernel let in, and tickets' ids are keyed by the run.
  const strip = (line: Line): unknown => {
    const { time: _time, frame: _frame, durationMs: _duration, id: _id, ...rest } = line;
    const { firstFrame: _first, ...details } = rest['details'] as Record<string, unknown>;
    return JSON.parse(JSON.stringify({ ...rest, details }).replaceAll(/"[0-9a-f]{13}"/g, '"-"'));
  };
  const byText = (lines: Line[]): string[] =>
    lines
      .filter(({ kind }) => kind === 'activity')
      .map((line) => JSON.stringify(strip(line)))
      .sort();
  const expected = byText(linesOf(file));
  expect(expected.length).toBeGreaterThan(250);
  expect(byText(linesOf(out))).toEqual(expected);
});

it('follows an adapter that goes down, comes back, vanishes and returns', async () => {
  using wire = new Wire();
  using other = new Wire();
  const out = join(folder, 'adapters.ndjson');
  using sensor = await SensorProcess.start(['-i', wire.tap, '-i', other.tap, '-o', out]);
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await sensor.status()).adapters.find((adapter) => adapter.name === name)?.state;
  const hasIssue = async (): Promise<boolean> =>
    (await sensor.status()).issues.some(({ key, subject }) => key === 'adapterUnavailable' && subject === wire.tap);
  const hears = async (): Promise<void> => {
    const before = (await sensor.status()).packets.packets;
    await play(FILE, wire.far, '--rate', '5000');
    await sensor.until(async () => (await sensor.status()).packets.packets > before);
  };
  await hears();
  ip('link', 'set', wire.tap, 'down');
  await sensor.until(async () => (await stateOf(wire.tap)) === 'unavailable');
  await sensor.until(hasIssue);
  expect(await stateOf(other.tap)).toBe('capturing');
  ip('link', 'set', wire.tap, 'up');
  await sensor.until(async () => (await stateOf(wire.tap)) === 'capturing');
  await hears();
  await sensor.until(async () => !(await hasIssue()));
  wire.remove();
  await sensor.until(async () => (await stateOf(wire.tap)) === 'unavailable');
  wire.create();
  await sensor.until(async () => (await stateOf(wire.tap)) === 'capturing');
  await hears();
  const opened = (await sensor.status()).adapters.find(({ name }) => name === wire.tap)?.opened;
  expect(opened).toBeGreaterThanOrEqual(2);
  const { code, closing } = await sensor.stop('SIGINT');
  expect(code).toBe(0);
  expectAccounted(closing);
});

it('captures from what is up when nothing is named, and takes in what appears', async () => {
  using first = new Wire();
  using sensor = await SensorProcess.start(['-o', join(folder, 'all.ndjson')]);
  const names = async (): Promise<string[]> => (await sensor.status()).adapters.map(({ name }) => name);
  expect((await names()).sort()).toEqual([first.far, first.tap].sort());
  using second = new Wire();
  await sensor.until(async () => (await names()).includes(second.tap));
  expect((await sensor.stop()).code).toBe(0);
});

it('goes on when the disk is full, counts what it lost, and writes again when there is room', async () => {
  using wire = new Wire();
  const disk = join(folder, 'disk');
  execFileSync('mkdir', [disk]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', disk]);
  try {
    const out = join(disk, 'out.ndjson');
    const health = join(folder, 'health.ndjson');
    using sensor = await SensorProcess.start(['-i', wire.tap, '-o', out, '--set', `health.path=${health}`]);
    await play(FILE, wire.far, '--times', '3', '--rate', '10000');
    await sensor.until(async () => (await sensor.status()).issues.some(({ key }) => key === 'outputNotWritable'));
    expect((await sensor.status()).lines.lost).toBeGreaterThan(0);
    const before = (await sensor.status()).packets.packets;
    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    await play(FILE, wire.far, '--times', '2', '--rate', '10000');
    await sensor.until(async () => (await sensor.status()).packets.packets > before);
    const { written } = (await sensor.status()).lines;
    await play(FILE, wire.far, '--rate', '10000');
    await sensor.until(async () => (await sensor.status()).lines.written > written);
    await sensor.until(async () => !(await sensor.status()).issues.some(({ key }) => key === 'outputNotWritable'));
    const { code, closing } = await sensor.stop();
    expect(code).toBe(0);
    expectAccounted(closing);
    // Whole lines only, as many as it says.
    expect(linesOf(out).length).toBe(closing.lines.written);
    const told = linesOf(health).filter(({ key }) => key === 'outputNotWritable');
    expect(told.map(({ key, state }) => [key, state])).toEqual([
      ['outputNotWritable', 'open'],
      ['outputNotWritable', 'closed'],
    ]);
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

it('ends in good order under load', async () => {
  using wire = new Wire();
  const out = join(folder, 'load.ndjson');
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', out, '--filter', 'greater 1']);
  using player = new Player(FILE, wire.far, '--rate', '50000', '--seconds', '60');
  await sensor.until(async () => (await sensor.status()).packets.packets > 50_000);
  const { code, closing } = await sensor.stop();
  // What comes after it was told to stop does not keep it.
  expect(player.isPlaying).toBe(true);
  expect(code).toBe(0);
  expect(closing.drained).toBe(true);
  expectAccounted(closing);
  expect(linesOf(out).length).toBe(closing.lines.written);
});

it('accounts for every packet of 50,000 a second over 60 seconds', async () => {
  using wire = new Wire();
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', '/dev/null', '--filter', 'greater 1']);
  // All of 60 seconds' worth, however long a busy machine takes to send it.
  const frames = 1108;
  const times = Math.ceil((50_000 * 60) / frames);
  const sent = await play(FILE, wire.far, '--rate', '50000', '--times', String(times));
  const { code, closing } = await sensor.stop();
  expect(code).toBe(0);
  expect(sent).toBe(times * frames);
  expect(seenBy(closing.adapters[wire.tap]!)).toBe(sent);
  expectAccounted(closing);
}, 300_000);

it('keeps its memory budget when every packet is a flow of its own', async () => {
  using wire = new Wire();
  const flood = join(folder, 'flood.pcap');
  execFileSync(process.execPath, ['test/live/support/flood.mjs', flood, '400000']);
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', '/dev/null', '--memory', '512']);
  const playing = play(flood, wire.far, '--seconds', '15');
  let peak = 0;
  const watch = setInterval(() => {
    sensor
      .status()
      .then(({ residentBytes }) => {
        peak = Math.max(peak, residentBytes);
      })
      .catch(() => undefined);
  }, 200);
  await playing;
  clearInterval(watch);
  const { code, closing } = await sensor.stop();
  expect(code).toBe(0);
  expectAccounted(closing);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(512 * 1024 * 1024);
});

it('only listens on a mirror port, and tells the domain controllers apart', async () => {
  using mirror = new Wire();
  using management = new Wire();
  ip('addr', 'add', '198.51.100.2/24', 'dev', management.tap);
  const out = join(folder, 'standalone.ndjson');
  const controllers = ['--domain-controller', '10.77.0.10', '--domain-controller', '10.77.0.250'];
  const before = adapterCount(mirror.tap, 'tx_packets');
  const args = ['--standalone', '-i', mirror.tap, '--management-adapter', management.tap, ...controllers, '-o', out];
  using sensor = await SensorProcess.start([...args, '--set', 'health.silenceSeconds=1']);
  await play(FILE, mirror.far, '--rate', '5000');
  await sensor.until(async () =>
    (await sensor.status()).issues.some(({ key, subject }) => key === 'noTraffic' && subject === '10.77.0.250'),
  );
  const status = await sensor.status();
  expect(status.controllers.find(({ address }) => address === '10.77.0.10')?.packets).toBeGreaterThan(500);
  expect(status.controllers.find(({ address }) => address === '10.77.0.250')?.packets).toBe(0);
  const { code } = await sensor.stop();
  expect(code).toBe(0);
  expect(linesOf(out).length).toBeGreaterThan(250);
  expect(adapterCount(mirror.tap, 'tx_packets')).toBe(before);
});

it('refuses to stand where it must not', async () => {
  using mirror = new Wire();
  using management = new Wire();
  const same = await SensorProcess.fails(['--standalone', '-i', mirror.tap, '--management-adapter', mirror.tap]);
  expect(same).toMatchObject({ code: 2, errors: expect.stringContaining('they must differ') as string });
  ip('addr', 'add', '203.0.113.2/24', 'dev', mirror.tap);
  ip('route', 'add', 'default', 'via', '203.0.113.1', 'dev', mirror.tap);
  const routed = await SensorProcess.fails(['--standalone', '-i', mirror.tap, '--management-adapter', management.tap]);
  expect(routed).toMatchObject({ code: 2, errors: expect.stringContaining('default gateway') as string });
});

it('runs without root when it has the two capabilities, and says what is missing when not', async () => {
  using wire = new Wire();
  const nobody = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
  const able = [...nobody, '--inh-caps', '+net_raw,+net_admin', '--ambient-caps', '+net_raw,+net_admin', '--no-new-privs'];
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', '/dev/null'], {}, able);
  await play(FILE, wire.far, '--rate', '5000');
  await sensor.until(async () => (await sensor.status()).packets.packets > 500);
  expect((await sensor.stop()).code).toBe(0);
  const unable = await SensorProcess.fails(['-i', wire.tap, '-o', '/dev/null'], nobody);
  expect(unable.errors).toMatch(/CAP_NET_RAW/);
  expect(unable.code).not.toBe(0);
});

it('becomes another user once its adapters are open', async () => {
  using wire = new Wire();
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', '/dev/null', '--set', 'life.user=nobody']);
  const uids = /^Uid:\t(\d+)\t(\d+)/m.exec(readFileSync(`/proc/${sensor.child.pid}/status`, 'utf8'));
  expect(Number(uids?.[1])).toBe(Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })));
  await play(FILE, wire.far, '--rate', '5000');
  await sensor.until(async () => (await sensor.status()).packets.packets > 500);
  expect((await sensor.stop()).code).toBe(0);
});

it('reads its configuration again on SIGHUP and says what needs a restart', async () => {
  using wire = new Wire();
  const config = join(folder, 'adtap.yaml');
  const write = (text: string): void =>
    execFileSync('tee', [config], { input: text, stdio: ['pipe', 'ignore', 'inherit'] }) as never;
  write('log: { level: info }\n');
  using sensor = await SensorProcess.start(['--config', config, '-i', wire.tap, '-o', '/dev/null']);
  write('log: { level: debug }\noutput: { rotateMegabytes: 7 }\n');
  sensor.child.kill('SIGHUP');
  await sensor.until(() => sensor.log.some(({ needRestart }) => JSON.stringify(needRestart) === '["output.rotateMegabytes"]'));
  write('log: { level: loud }\n');
  sensor.child.kill('SIGHUP');
  await sensor.until(() => sensor.errors.includes('the configuration stays as it was'));
  expect((await sensor.stop()).code).toBe(0);
});

it('ends when its reader does', async () => {
  using wire = new Wire();
  const child = spawn('sh', [
    '-c',
    `${process.execPath} dist/cli/main.js sensor -i ${wire.tap} --set metrics.listen=off | head -n 5 >/dev/null`,
  ]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  for (let round = 0; round < 5; round++) await play(FILE, wire.far, '--rate', '5000');
  await ended;
});

it('says without starting what it would capture and how', () => {
  const dryRun = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['dist/cli/main.js', 'sensor', '--dry-run', ...args], { encoding: 'utf8' });
  const { stdout, stderr } = dryRun('--workers', '3', '--filter', 'tcp port 88', '--filter-add', 'udp', '-i', 'eth9');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^workers: +3$/m);
  expect(stdout).toMatch(/^adapters: +eth9$/m);
  expect(stdout).toMatch(/^filter: +\(tcp port 88\) or \(udp\)$/m);
  expect(dryRun('-i', 'eth9').stdout).toMatch(/^filter: .*\bport 88\b.*\bvlan and\b/m);
  expect(dryRun('--filter', 'tcp porf 88', '-i', 'eth9')).toMatchObject({ status: 2 });
});

it('goes on when standard output is a file on a full disk', async () => {
  using wire = new Wire();
  const disk = join(folder, 'stdout');
  execFileSync('mkdir', [disk]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk]);
  try {
    const out = join(disk, 'out.ndjson');
    using sensor = await SensorProcess.start(['-i', wire.tap], {}, ['sh', '-c', 'exec "$@" >"$0"', out]);
    await play(FILE, wire.far, '--times', '2', '--rate', '10000');
    await sensor.until(async () => (await sensor.status()).issues.some(({ key }) => key === 'outputNotWritable'));
    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    const { written } = (await sensor.status()).lines;
    await play(FILE, wire.far, '--rate', '10000');
    await sensor.until(async () => (await sensor.status()).lines.written > written + 100);
    const { code, closing } = await sensor.stop();
    expect(code).toBe(0);
    expect(closing.lines.lost).toBeGreaterThan(0);
    expect(linesOf(out).length).toBe(closing.lines.written);
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

it('ends within its limit when nobody reads its output', async () => {
  using wire = new Wire();
  const fifo = join(folder, 'stalled');
  execFileSync('mkfifo', [fifo]);
  // Held open and never read.
  const reader = spawn('sh', ['-c', `exec 3<${fifo}; sleep 60`]);
  try {
    const limits = ['--set', 'life.drainSeconds=2'];
    using sensor = await SensorProcess.start(['-i', wire.tap, ...limits], {}, ['sh', '-c', 'exec "$@" >"$0"', fifo]);
    await play(FILE, wire.far, '--times', '3', '--rate', '10000');
    const before = Date.now();
    const { code, closing } = await sensor.stop();
    expect(code).toBe(0);
    expect(Date.now() - before).toBeLessThan(15_000);
    expect(closing.drained).toBe(false);
    expectAccounted(closing);
    expect(closing.lines.dropped).toBeGreaterThan(0);
  } finally {
    reader.kill('SIGKILL');
  }
});

it('keeps its memory with many adapters, hears a bridge instead of its parts, and does not miss what is gone', async () => {
  const wires = Array.from({ length: 8 }, () => new Wire());
  const [first] = wires;
  const bridge = `br${process.pid % 100_000}`;
  try {
    using sensor = await SensorProcess.start(['-o', '/dev/null', '--memory', '512']);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const status = await sensor.status();
    expect(status.adapters.filter(({ state }) => state === 'capturing').length).toBe(16);
    expect(status.residentBytes).toBeLessThan(0.9 * 512 * 1024 * 1024);
    expect(status.issues.filter(({ key }) => key === 'memoryLimit')).toEqual([]);
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('link', 'set', bridge, 'up');
    ip('link', 'set', first!.tap, 'master', bridge);
    const stateOf = async (name: string): Promise<string | undefined> =>
      (await sensor.status()).adapters.find((adapter) => adapter.name === name)?.state;
    await sensor.until(async () => (await stateOf(bridge)) === 'capturing');
    await sensor.until(async () => (await stateOf(first!.tap)) !== 'capturing');
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect((await sensor.status()).issues.filter(({ subject }) => subject === first!.tap)).toEqual([]);
    expect((await sensor.stop()).code).toBe(0);
  } finally {
    for (const wire of wires) wire.remove();
    ip('link', 'del', bridge);
  }
});

it('writes to a named pipe, and ends in time when its reader stalls, or does not come', async () => {
  using wire = new Wire();
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const nobody = await SensorProcess.fails(['-i', wire.tap, '-o', pipe]);
  expect(nobody.code).not.toBe(0);
  expect(nobody.errors).toMatch(/pipe: nobody reads this pipe/);
  // A reader that takes some bytes and then sleeps.
  const reader = spawn('sh', ['-c', `exec 3<${pipe}; head -c 5000 <&3 >/dev/null; exec sleep 1000`], { stdio: 'ignore' });
  try {
    using sensor = await SensorProcess.start(['-i', wire.tap, '-o', pipe, '--set', 'life.drainSeconds=2']);
    await play(FILE, wire.far, '--times', '5', '--rate', '20000');
    const { code, closing } = await sensor.stop();
    expect(code).toBe(0);
    expect(closing.drained).toBe(false);
    expect(closing.lines.dropped).toBeGreaterThan(0);
    expectAccounted(closing);
  } finally {
    reader.kill('SIGKILL');
  }
});

it('ends with its exit code when it fails while nobody reads its output', async () => {
  using wire = new Wire();
  const reader = spawn('sleep', ['1000'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const args = [
    'sensor',
    '-i',
    wire.tap,
    '--set',
    'metrics.listen=off',
    '--set',
    'life.crashesPerMinute=0',
    '--set',
    'sensor.workers=1',
  ];
  const child = spawn(process.execPath, ['--import', './test/live/support/dying-worker.mjs', 'dist/cli/main.js', ...args], {
    stdio: ['ignore', reader.stdin, 'pipe'],
  });
  try {
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const deadline = Date.now() + 20_000;
    while (!errors.includes('"capturing"') && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    // More than a pipe holds: then the worker dies.
    await play(FILE, wire.far, '--times', '10', '--rate', '20000');
    expect(await exited).toBe(70);
    expect(errors).toMatch(/workers crashed 1 times/);
  } finally {
    child.kill('SIGKILL');
    reader.kill('SIGKILL');
  }
});
