// `adtap replay`: captures in, activities out.
import { Command, InvalidArgumentError, Option } from 'commander';
import { AdtapError } from '../errors.ts';
import type { ActiveSettings } from '../nnr/active-nnr.ts';
import type { PipelineState } from '../runtime/pipeline.ts';
import { type Emit, type ReplaySettings, replayTo } from '../runtime/replay.ts';
import { openByteSink } from '../sink/file.ts';
import { PrettySink } from '../sink/pretty.ts';
import { PARTITIONS } from '../slots/layout.ts';
import { limitSettings, moment, number, positive, positiveUpTo } from './arguments.ts';
import { showProgress } from './progress.ts';
import { named, refuseSameFile } from './same-file.ts';
import { endedBy, onStop } from './signals.ts';
import { summaryText } from './summary.ts';
import { writeReport } from './write-file.ts';

interface Options {
  readonly emit: readonly Emit[];
  readonly out: string;
  readonly format?: 'ndjson' | 'pretty';
  readonly workers?: number;
  readonly filter?: string;
  readonly limit?: number;
  readonly from?: number;
  readonly to?: number;
  readonly speed: number | 'max';
  readonly sensor: string;
  readonly runKey?: Uint8Array;
  readonly nnr: 'passive' | 'active';
  readonly config?: string;
  readonly set: Readonly<Record<string, number>>;
  readonly metrics?: string;
  readonly quiet?: boolean;
}

const EMITS: readonly Emit[] = ['messages', 'activities', 'entities'];

export function replayCommand(): Command {
  return new Command('replay')
    .description('Read captures (pcap, pcapng, also gzip-compressed; - is standard input) and emit what happened in them.')
    .argument('<files...>', 'capture files, merged by time')
    .addOption(
      new Option('-e, --emit <kinds>', 'messages, activities, entities (comma-separated), or all')
        .default(['activities'], 'activities')
        .argParser(emits),
    )
    .option('-o, --out <file>', 'where to write; - is standard output', '-')
    .addOption(
      new Option('--format <format>', 'ndjson, or pretty for people (default on a terminal)').choices(['ndjson', 'pretty']),
    )
    .option('-w, --workers <n>', 'worker threads (default: one a core but one, at least one)', positiveUpTo(PARTITIONS))
    .option('-f, --filter <expression>', 'only packets that match, such as "host 10.0.0.1 and tcp port 88"')
    .option('-c, --limit <n>', 'read so many packets at most', positive)
    .option('--from <time>', 'only packets from this time on (RFC 3339 or seconds since 1970)', moment)
    .option('--to <time>', 'only packets up to this time', moment)
    .addOption(new Option('--speed <factor>', "max, or a multiple of the capture's own speed").default('max').argParser(speed))
    .option('--sensor <name>', 'name of the sensor in what is emitted', 'adtap')
    .option(
      '--run-key <hex>',
      '32 hexadecimal digits that key the ids of tickets and challenges (default: made from the capture)',
      key,
    )
    .addOption(
      new Option('--nnr <way>', 'names of addresses: passive overhears them, active asks the addresses as well (sends packets)')
        .choices(['passive', 'active'])
        .default('passive'),
    )
    .option('--config <file>', "with --nnr active: the sensor's configuration, for how addresses are asked")
    .option('--set <limit=value>', 'set a limit; repeatable (see docs/limits.md)', limitSettings, {})
    .option('--metrics <file>', 'write the metrics in the Prometheus text format at the end')
    .option('-q, --quiet', 'no progress bar and no summary')
    .action(run);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  refuseSameFile(named('FILE', ...files), [...named('--out', options.out), ...named('--metrics', options.metrics)]);
  const bytes = await openByteSink(options.out);
  const onTerminal = options.out === '-' && process.stdout.isTTY === true;
  const pretty = (options.format ?? (onTerminal ? 'pretty' : 'ndjson')) === 'pretty';
  const sink = pretty ? new PrettySink(bytes, onTerminal && !process.env['NO_COLOR']) : bytes;
  let state: PipelineState | undefined;
  let hide = (): void => undefined;
  const settings: ReplaySettings = {
    emit: options.emit,
    sensor: options.sensor,
    limits: options.set,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.speed === 'max' ? {} : { speed: options.speed }),
    ...(options.runKey === undefined ? {} : { runKey: options.runKey }),
    ...(options.nnr === 'passive' ? {} : { ask: await howToAsk(options.config ?? null) }),
  };
  let stop = (): void => process.exit();
  let isStopped = false;
  const leave = onStop((signal) => {
    isStopped = true;
    endedBy(signal);
    stop();
  });
  try {
    const summary = await replayTo(files, settings, sink, {
      started(pipeline, progress) {
        state = pipeline;
        const bar = !options.quiet && process.stderr.isTTY === true && !(pretty && onTerminal);
        if (bar) hide = showProgress(pipeline, progress);
      },
      stoppable(end) {
        stop = end;
      },
    });
    hide();
    if (isStopped && !options.quiet) process.stderr.write('ended early: the rest was not read\n');
    for (const warning of summary.warnings) process.stderr.write(`adtap: warning: ${warning}\n`);
    if (!options.quiet) process.stderr.write(summaryText(summary));
    if (options.metrics !== undefined && state !== undefined) await writeMetrics(options.metrics, state);
  } catch (error) {
    hide();
    if (!(error instanceof AdtapError && error.code === 'ADTAP_E_CLOSED_PIPE')) throw error;
  } finally {
    leave();
    await sink.close();
  }
}

// What few replays need is loaded by those: a short replay is mostly start-up.

async function howToAsk(config: string | null): Promise<ActiveSettings> {
  const { loadConfig } = await import('../config/index.ts');
  const { activeSettings } = await import('../runtime/live/nnr.ts');
  return activeSettings(loadConfig(config, process.env, new Map()).config);
}

async function writeMetrics(path: string, state: PipelineState): Promise<void> {
  const { metricsRegistry } = await import('../metrics/exposition.ts');
  await writeReport(path, await metricsRegistry(state).metrics());
}

function emits(text: string): readonly Emit[] {
  if (text === 'all') return EMITS;
  const kinds = text.split(',').map((kind) => kind.trim());
  for (const kind of kinds)
    if (!EMITS.includes(kind as Emit)) throw new InvalidArgumentError(`${kind} is none of ${EMITS.join(', ')}, all.`);
  return kinds as Emit[];
}

function speed(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const factor = number(text);
  if (factor <= 0) throw new InvalidArgumentError('It must be max or a number above 0.');
  return factor;
}

function key(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/i.test(text)) throw new InvalidArgumentError('It must be 32 hexadecimal digits.');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
