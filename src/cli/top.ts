// `adtap top`: what a running sensor sees, once a second, from its /status.
import { Command } from 'commander';
import { readSecret } from '../config/index.ts';
import { AdtapError } from '../errors.ts';
import type { SensorStatus } from '../runtime/sensor.ts';
import { columns } from './table.ts';

interface Options {
  readonly url: string;
  readonly token?: string;
  readonly once?: boolean;
  readonly interval: string;
}

const REQUEST_MS = 3000;
const CLEAR = '\x1b[H\x1b[2J';

export function topCommand(): Command {
  return new Command('top')
    .description('Show what a running sensor sees: rates, drops, the busiest addresses, health.')
    .option('--url <url>', 'where the sensor answers (metrics.listen)', 'http://127.0.0.1:9477')
    .option('--token <reference>', 'file:PATH or env:NAME of the token, if metrics.token is set')
    .option('--interval <seconds>', 'seconds between two looks', '1')
    .option('--once', 'one look, as text, and end; 1 when the sensor has an open issue of severity high')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const interval = Number(options.interval) * 1000;
  if (!(interval >= 100 && interval <= 3_600_000))
    throw new AdtapError('ADTAP_E_CONFIG', `--interval: ${options.interval} is not between 0.1 and 3600 seconds`);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, interval));
  let before = await look(options);
  // Rates need two looks.
  await pause();
  for (;;) {
    const now = await look(options);
    const text = topText(before, now);
    if (options.once) {
      process.stdout.write(text);
      if (now.issues.some(({ severity }) => severity === 'high')) process.exitCode = 1;
      return;
    }
    process.stdout.write(process.stdout.isTTY ? CLEAR + text : `${text}\n`);
    before = now;
    await pause();
  }
}

async function look({ url, token }: Options): Promise<SensorStatus> {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${readSecret(token, process.env)}`;
  try {
    const response = await fetch(new URL('/status', url), { headers, signal: AbortSignal.timeout(REQUEST_MS) });
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
    return (await response.json()) as SensorStatus;
  } catch (cause) {
    const { message, cause: deeper } = cause as Error;
    const why = deeper instanceof Error ? deeper.message : message;
    throw new AdtapError('ADTAP_E_CONFIG', `no sensor answers at ${url}: ${why}`, { cause });
  }
}

/** The page: everything that changed between two looks as rates. */
export function topText(before: SensorStatus, now: SensorStatus): string {
  const seconds = Math.max(0.001, now.uptimeSeconds - before.uptimeSeconds);
  const rate = (after: number, earlier: number): number => (after - earlier) / seconds;
  const cpu = rate(now.cpuSeconds, before.cpuSeconds) * 100;
  const lines = rate(now.lines.written, before.lines.written);
  const head = [
    `adtap ${now.version}  ${now.name}  ${now.mode}, ${now.backend}  up ${duration(now.uptimeSeconds)}`,
    `packets ${short(rate(now.packets.packets, before.packets.packets))}/s  activities ${short(rate(total(now.packets.activities), total(before.packets.activities)))}/s  ` +
      `lines ${short(lines)}/s${now.lines.lost + now.lines.dropped > 0 ? ` (${now.lines.lost + now.lines.dropped} lost)` : ''}  ` +
      `lag p50 ${lag(now.lag.p50)} p99 ${lag(now.lag.p99)}`,
    `cpu ${cpu.toFixed(1)}%  memory ${mebibytes(now.residentBytes)} of ${mebibytes(now.memoryBytes)} MiB  ` +
      `slots ${now.slots.used}/${now.slots.total}  shed ${(now.shed * 100).toFixed(0)}%`,
  ];
  const adapters = now.adapters.map(({ name, state, reason, counts }) => {
    const earlier = before.adapters.find((one) => one.name === name)?.counts ?? counts;
    return [
      name,
      reason === '' ? state : `${state}: ${reason}`,
      `${short(rate(counts.received, earlier.received))}/s`,
      `${short(rate(counts.receivedBytes, earlier.receivedBytes) * 8)}bit/s`,
      known(counts.kernelDropped),
      known(counts.adapterDropped),
      String(counts.noSlot + counts.tooLong),
    ];
  });
  const controllers = now.controllers.map(({ address, packets, lastSeconds }) => {
    const earlier = before.controllers.find((one) => one.address === address)?.packets ?? packets;
    const last = lastSeconds === 0 ? 'never' : `${duration(Date.now() / 1000 - lastSeconds)} ago`;
    return [address, `${short(rate(packets, earlier))}/s`, String(packets), last];
  });
  const busiest = now.busiest.talkers.map(({ ip, rate: activities }) => [ip, `${activities.toFixed(1)}/s`]);
  if (now.busiest.others > 0) busiest.push(['others', `${now.busiest.others.toFixed(1)}/s`]);
  const issues = now.issues.map(({ severity, title, subject, message }) => [severity, title, subject, message]);
  const block = (title: readonly string[], rows: readonly (readonly string[])[]): string =>
    rows.length === 0 ? '' : `\n${columns([title, ...rows])}`;
  return [
    `${head.join('\n')}\n`,
    block(['ADAPTER', 'STATE', 'PACKETS', 'BITS', 'KERNEL DROPS', 'ADAPTER DROPS', 'NO ROOM'], adapters),
    block(['DOMAIN CONTROLLER', 'RATE', 'PACKETS', 'LAST'], controllers),
    block(['BUSIEST', 'ACTIVITIES'], busiest),
    block(['SEVERITY', 'HEALTH', 'OF', 'WHAT'], issues),
  ].join('');
}

const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** JSON has no NaN: what is unknown comes as null. */
const known = (count: number | null): string => (count === null || Number.isNaN(count) ? 'unknown' : String(count));

const mebibytes = (bytes: number): string => (bytes / (1 << 20)).toFixed(0);

const lag = (seconds: number | null): string =>
  seconds === null ? '>300 s' : seconds < 1 ? `<${(seconds * 1000).toFixed(0)} ms` : `<${seconds} s`;

function short(value: number): string {
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (value >= size) return `${(value / size).toFixed(2)} ${unit}`;
  return `${value.toFixed(value < 10 ? 1 : 0)} `;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const clock = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return days > 0 ? `${days} d ${clock}` : clock;
}
