// Live capture beside others, on a virtual wire of this machine: node bench/live/run.mjs [CAPTURE] [--seconds S] [--only NAME]
// [--suricata ROOT] [--mtu BYTES] [--json]. For each program: the highest rate that it takes without loss, the sender being on the same
// processors, and what that costs; adtap also idle. Root; works in a network namespace of its own. ROOT is a folder tree with
// Suricata 8 in it, such as debootstrap makes.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runInOwnNetwork } from '../../scripts/own-network.mjs';
import { refuse } from '../measure.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    mtu: { type: 'string', default: '1500' },
    only: { type: 'string' },
    suricata: { type: 'string' },
    workers: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const capture = positionals[0] ?? join(root, 'fixtures/lab/first-look.pcap');
const seconds = Number(values.seconds);
if (!existsSync(capture)) refuse(`${capture}: there is no such file`);
if (!(seconds > 0)) refuse(`--seconds must be a number above 0, not ${values.seconds}`);
/** Rates are told apart to a tenth. */
const PRECISION = 1.1;
const HERTZ = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

if (process.env.ADTAP_BENCH_NAMESPACE !== '1')
  process.exit(runInOwnNetwork([process.execPath, ...process.argv.slice(1)], { ADTAP_BENCH_NAMESPACE: '1' }));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ip = (...words) => execFileSync('ip', words);
const work = mkdtempSync(join(tmpdir(), 'adtap-bench-'));
ip('link', 'add', 'tap0', 'mtu', values.mtu, 'type', 'veth', 'peer', 'name', 'far0', 'mtu', values.mtu);
for (const name of ['tap0', 'far0']) {
  writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
  ip('link', 'set', name, 'up');
}

/** Processor seconds of a process and its ended children, and its peak memory in MiB. */
function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  return { cpu: (user + system) / HERTZ, peak };
}

const lines = (path) => {
  try {
    return Number(execFileSync('wc', ['-l', path], { encoding: 'utf8' }).split(' ')[0]);
  } catch {
    return null;
  }
};

/** How a program is started, when it is ready, and what it says it received and lost. */
const adtap = (backend) => ({
  name: `adtap (${backend})`,
  events: join(work, 'adtap.ndjson'),
  command: [
    process.execPath,
    join(root, 'dist/cli/main.js'),
    ...['sensor', '-i', 'tap0', '-o', join(work, 'adtap.ndjson'), '--filter', 'greater 1'],
    ...['--set', `capture.backend=${backend}`, '--set', 'metrics.listen=off', '--set', 'restraint.enabled=false'],
    ...['--set', 'output.rotateMegabytes=0', '--set', `sensor.workers=${values.workers}`],
  ],
  isReady: (text) => text.includes('"capturing"'),
  counts: (text) => {
    const closing = text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .find(({ msg }) => msg === 'ended');
    const { received, delivered, noSlot, tooLong, kernelDropped, left } = closing.adapters.tap0;
    // What cap does not know is what the sender sent and it did not receive.
    return { received: delivered, lost: kernelDropped === null ? null : noSlot + tooLong + kernelDropped + left, all: received };
  },
});
const programs = [
  {
    name: 'tcpdump -w /dev/null',
    events: null,
    command: ['tcpdump', '-i', 'tap0', '-B', '65536', '-w', '/dev/null'],
    isReady: (text) => text.includes('listening on'),
    counts: (text) => ({
      received: Number(/(\d+) packets? captured/.exec(text)?.[1]),
      lost: Number(/(\d+) packets? dropped by kernel/.exec(text)?.[1]),
    }),
  },
  adtap('native'),
  adtap('cap'),
];
if (values.suricata !== undefined) {
  copyFileSync(join(root, 'bench/live/suricata.yaml'), join(values.suricata, 'tmp/adtap-bench.yaml'));
  const options = ['--af-packet=tap0', '--runmode', 'workers', '-k', 'none', '-S', '/dev/null', '-l', '/tmp'];
  programs.push({
    name: 'Suricata 8 af-packet',
    events: join(values.suricata, 'tmp/eve.json'),
    command: ['chroot', values.suricata, 'suricata', '-c', '/tmp/adtap-bench.yaml', ...options],
    isReady: (text) => /Engine started/.test(text),
    counts: (text) => {
      const [, received, lost] = /tap0: packets: (\d+), drops: (\d+)/.exec(text) ?? [];
      return { received: Number(received) - Number(lost), lost: Number(lost) };
    },
  });
}

async function send(rate) {
  const args = [join(root, 'bench/live/play.mjs'), capture, 'far0', '--seconds', String(seconds)];
  if (Number.isFinite(rate)) args.push('--rate', String(Math.round(rate)));
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${capture} could not be sent`);
  return JSON.parse(out);
}

/** One run at a rate. */
async function run(program, rate) {
  if (program.events !== null) rmSync(program.events, { force: true });
  const child = spawn(program.command[0], program.command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
  }
  try {
    return await measured(program, rate, child, () => text);
  } finally {
    // Nothing that was started is left behind, whatever went wrong.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** One run of a program that was started, whose words so far `said` gives. */
async function measured(program, rate, child, said) {
  const deadline = Date.now() + 30_000;
  while (!program.isReady(said())) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${program.name} did not start: ${said()}`);
    await pause(50);
  }
  await pause(1000);
  let idle = null;
  if (rate === 0) {
    // What starting costs is not idling.
    await pause(10_000);
    const before = usage(child.pid).cpu;
    await pause(seconds * 1000);
    idle = (usage(child.pid).cpu - before) / seconds;
  }
  const before = usage(child.pid);
  const sent = rate === 0 ? { sent: 0, seconds, rate: 0 } : await send(rate);
  await pause(500);
  const after = usage(child.pid);
  child.kill('SIGTERM');
  await once(child, 'close');
  const { received, lost } = program.counts(said());
  return {
    rate: sent.sent / sent.seconds,
    sent: sent.sent,
    received,
    lost: Math.max(lost ?? 0, sent.sent - received),
    cpuPerMillion: sent.sent === 0 ? null : ((after.cpu - before.cpu) / sent.sent) * 1e6,
    peak: after.peak,
    idle,
    events: program.events === null ? null : lines(program.events),
  };
}

/** The highest rate without loss: all that the sender can make, or found by halves. */
async function highest(program) {
  const most = await run(program, Number.POSITIVE_INFINITY);
  if (most.lost === 0) return { ...most, atMost: most };
  let good = null;
  let low = 1000;
  let high = most.rate;
  while (high / low > PRECISION) {
    const rate = Math.sqrt(low * high);
    const tried = await run(program, rate);
    if (tried.lost === 0 && tried.rate > rate / PRECISION) {
      good = tried;
      low = rate;
    } else high = rate;
  }
  return { ...(good ?? most), atMost: most };
}

const results = [];
try {
  for (const program of programs) {
    if (values.only !== undefined && !program.name.includes(values.only)) continue;
    const found = await highest(program);
    const idle = program.name.startsWith('adtap') ? (await run(program, 0)).idle : null;
    results.push({ program: program.name, ...found, idle });
    const { rate, cpuPerMillion, peak, atMost, events } = found;
    if (!values.json)
      process.stdout.write(
        `${[
          program.name.padEnd(22),
          `${(rate / 1000).toFixed(0)} k packets/s without loss`.padEnd(34),
          `(sender's most ${(atMost.rate / 1000).toFixed(0)} k, ${((100 * atMost.lost) / atMost.sent).toFixed(2)}% lost)`.padEnd(
            40,
          ),
          `${cpuPerMillion.toFixed(2)} CPU s a million`.padEnd(24),
          `${peak.toFixed(0)} MiB`.padEnd(10),
          idle === null ? '' : `idle ${(idle * 100).toFixed(2)}% of a core  `,
          events === null ? '' : `${events} lines`,
        ].join('')}\n`,
      );
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
if (values.json) process.stdout.write(`${JSON.stringify({ capture, seconds, cores: availableParallelism(), results })}\n`);
