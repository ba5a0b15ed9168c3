// `adtap sensor`: live capture, until it is told to stop.
import { Command, Option } from 'commander';
import { chooseBackend } from '../capture/live/choose.ts';
import { type Config, type Loaded, loadConfig, type Overrides, override } from '../config/index.ts';
import { AdtapError } from '../errors.ts';
import type { Adapter } from '../host/adapters/adapter.ts';
import { adapters } from '../host/adapters/list.ts';
import { thisMachine } from '../host/machine.ts';
import { loadBinding } from '../native/binding.ts';
import { chosenAdapters } from '../runtime/live/adapters.ts';
import { kernelFilters, workerCount } from '../runtime/live/plans.ts';
import { checkStanding } from '../runtime/live/standing.ts';
import { openLog } from '../runtime/log.ts';
import { Sensor, type SensorSummary } from '../runtime/sensor.ts';
import { more } from './arguments.ts';
import { leaveWithin } from './leave.ts';
import { onStop } from './signals.ts';
import { adtapVersion } from './version.ts';

/** What may still be under way when all is said. */
const LEAVE_MS = 500;

interface Options {
  readonly config?: string;
  readonly adapter?: readonly string[];
  readonly managementAdapter?: string;
  readonly domainController?: readonly string[];
  readonly standalone?: boolean;
  readonly loopback?: boolean;
  readonly filter?: string;
  readonly filterAdd?: string;
  readonly out?: string;
  readonly emit?: string;
  readonly workers?: string;
  readonly memory?: string;
  readonly set?: readonly (readonly [string, unknown])[];
  readonly dryRun?: boolean;
}

const oneMore = (text: string, before: readonly (readonly [string, unknown])[] = []): (readonly [string, unknown])[] => [
  ...before,
  override(text),
];

export function sensorCommand(): Command {
  return new Command('sensor')
    .description('Capture from adapters and emit what happens, until SIGINT or SIGTERM.')
    .option('--config <file>', 'configuration file (YAML; see docs/configuration.md)')
    .option('-i, --adapter <name>', 'adapter to capture from; repeatable (default: all that are up)', more)
    .option('--standalone', 'this machine only gets a copy of the traffic, from a mirror port')
    .option('--management-adapter <name>', 'standalone: the adapter that look-ups go out by')
    .option('--domain-controller <address>', 'a domain controller whose traffic is expected; repeatable', more)
    .option('--loopback', 'capture from the loopback adapter too')
    .option('-f, --filter <expression>', 'kernel filter instead of the default one (pcap-filter(7))')
    .option('--filter-add <expression>', 'kernel filter of packets to let in besides')
    .option('-o, --out <file>', 'file for the lines; - is standard output')
    .option('-e, --emit <kinds>', 'messages, activities, entities (comma-separated)')
    .option('-w, --workers <n>', 'worker threads (default: one a core)')
    .option('--memory <MiB>', 'memory budget of the process')
    .addOption(new Option('--set <key=value>', 'any key of the configuration; repeatable').argParser(oneMore))
    .option('--dry-run', 'check everything, show what would be captured and how, and end')
    .action(run);
}

/** Flags as keys of the configuration. */
function flags(options: Options): Overrides {
  const given: [string, unknown][] = [];
  const add = (key: string, value: unknown): void => {
    if (value !== undefined) given.push([key, value]);
  };
  add('capture.adapters', options.adapter);
  add('management.adapter', options.managementAdapter);
  add('domainControllers', options.domainController);
  if (options.standalone) add('sensor.mode', 'standalone');
  if (options.loopback) add('capture.loopback', true);
  add('capture.filter', options.filter);
  add('capture.filterAdd', options.filterAdd);
  add('output.path', options.out);
  for (const [key, text] of [
    ['output.emit', options.emit],
    ['sensor.workers', options.workers],
    ['sensor.memory', options.memory],
  ] as const)
    if (text !== undefined) given.push(override(`${key}=${text}`));
  return new Map([...given, ...(options.set ?? [])]);
}

async function run(options: Options): Promise<void> {
  const loadAll = (): Loaded => loadConfig(options.config ?? null, process.env, flags(options));
  const load = (): Config => loadAll().config;
  const { config, unknown } = loadAll();
  if (options.dryRun) {
    process.stdout.write(dryRun(config, await adapters(thisMachine)));
    return;
  }
  const { level, format } = config.log;
  const log = openLog(level, format === 'text' || (format === 'auto' && process.stderr.isTTY === true));
  for (const name of unknown) log.warn(`${name} in the environment is no key of the configuration`);
  for (const warning of checkStanding(config, await adapters(thisMachine))) log.warn(warning);
  // A signal may come before the adapters are open.
  let isStopped = false;
  let sensor: Sensor | null = null;
  const reload = (): void => {
    if (sensor === null) return;
    try {
      sensor.reload(load()).then(
        (left) => log.info({ needRestart: left }, 'configuration read again'),
        (error: Error) => log.error(error.message),
      );
    } catch (error) {
      log.error(`the configuration stays as it was: ${(error as Error).message}`);
    }
  };
  const leave = onStop(() => {
    isStopped = true;
    sensor?.stop();
  });
  process.on('SIGHUP', reload);
  try {
    sensor = await Sensor.start(config, log, adtapVersion);
    if (isStopped) sensor.stop();
    const summary = await sensor.run();
    log.info(closing(summary), 'ended');
  } catch (error) {
    if (!(error instanceof AdtapError && error.code === 'ADTAP_E_CLOSED_PIPE')) throw error;
  } finally {
    leave();
    process.removeListener('SIGHUP', reload);
    leaveWithin(LEAVE_MS);
  }
}

/** The closing accounting, for the log. */
function closing(summary: SensorSummary): Record<string, unknown> {
  return {
    seconds: Math.round(summary.seconds * 1000) / 1000,
    adapters: Object.fromEntries(summary.adapters.map(({ name, counts }) => [name, counts])),
    packets: summary.packets,
    decoded: summary.decoded,
    ignored: summary.ignored,
    dropped: summary.dropped,
    ends: Object.fromEntries(summary.ends.map(({ end, reason, packets }) => [`${end} ${reason}`, packets])),
    activities: summary.activities,
    lines: summary.lines,
    workerCrashes: summary.crashes,
    drained: summary.isDrained,
  };
}

function dryRun(config: Config, all: readonly Adapter[]): string {
  const { backend, note } = chooseBackend(config.capture.backend);
  const { filter } = kernelFilters(config);
  const chosen = chosenAdapters(backend.devices(), config.capture.adapters, config.capture.loopback);
  const loaded = loadBinding();
  if ('binding' in loaded) {
    try {
      loaded.binding.compile(filter, 1, config.capture.snaplen);
    } catch (cause) {
      throw new AdtapError('ADTAP_E_FILTER', `filter: ${(cause as Error).message} (says libpcap)`, { cause });
    }
  }
  const lines = [
    ['mode', config.sensor.mode],
    ['backend', `${backend.name} (${backend.library})${note === '' ? '' : `; ${note}`}`],
    ['adapters', chosen.join(', ') || 'none is up'],
    ['management', config.management.adapter || '-'],
    ['domain controllers', config.domainControllers.join(', ') || '-'],
    ['workers', String(workerCount(config))],
    ['memory', `${config.sensor.memory} MiB`],
    ['output', config.output.path],
    ['metrics', config.metrics.listen],
    ['filter', filter],
    ...checkStanding(config, all).map((warning) => ['warning', warning]),
  ];
  return lines.map(([name = '', value = '']) => `${`${name}:`.padEnd(20)}${value}\n`).join('');
}
