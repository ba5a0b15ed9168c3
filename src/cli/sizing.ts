// `adtap sizing`: what the traffic of domain controllers needs.
import { Command, Option } from 'commander';
import { GIBIBYTE } from '../bytes/units.ts';
import { AdtapError } from '../errors.ts';
import { thisMachine } from '../host/machine.ts';
import { sizingCsv, sizingText } from '../report/sizing.ts';
import { type AdapterCounts, countAdapters } from '../sizing/adapter.ts';
import { readCapturedTraffic } from '../sizing/capture.ts';
import { readCounters } from '../sizing/counters-csv.ts';
import { hostHere, LEAST_CORES, MOST_CORES, readHosts, UNKNOWN_HOST } from '../sizing/hosts.ts';
import { readModel } from '../sizing/model.ts';
import { referenceModel } from '../sizing/reference-model.ts';
import { hostOf, type Observed, size } from '../sizing/sizing.ts';
import { BUCKET_SECONDS, DAY_SECONDS, MAX_DAYS } from '../sizing/traffic.ts';
import { bytes, duration } from './amounts.ts';
import { numberWithin } from './arguments.ts';
import { named, refuseSameFile } from './same-file.ts';
import { onStop } from './signals.ts';
import { writeStandardOutput } from './standard-output.ts';
import { adtapVersion } from './version.ts';
import { tryReport, writeAll, writeReport } from './write-file.ts';

interface Options {
  readonly adapter?: readonly string[];
  readonly capture?: readonly string[];
  readonly counters?: readonly string[];
  readonly hosts?: string;
  readonly name?: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly for: number;
  readonly interval: number;
  readonly model?: string;
  readonly json?: boolean;
  readonly csv?: string;
  readonly html?: string;
  readonly quiet?: boolean;
}

/** The last look comes a little late, and a span beyond MAX_DAYS is refused. */
const LONGEST = `${MAX_DAYS - 1}d`;
const DEFAULT_NAME = 'dc';

export function sizingCommand(): Command {
  return new Command('sizing')
    .description(
      "Say what the traffic of domain controllers needs: by Microsoft's table and words, and by adtap's measured model.",
    )
    .option('-i, --adapter <names...>', 'count the packets of these adapters of this machine (Linux); nothing is captured')
    .option('--capture <files...>', 'captures of one domain controller, merged by time')
    .option(
      '--counters <files...>',
      'counters in CSV: of Performance Monitor, or time, dc, adapter, packets_per_second or packets_total',
    )
    .option('--hosts <file>', 'CSV of the domain controllers: dc, cores, memory_gb; if wanted os, cpu_percent, memory_used_gb')
    .addOption(new Option('--name <dc>', `the domain controller, where no counters tell it (default: "${DEFAULT_NAME}")`))
    .option('--cores <n>', 'cores of domain controllers that --hosts does not name', numberWithin(LEAST_CORES, MOST_CORES))
    .option('--memory <size>', 'memory of those, such as 16G', bytes)
    .addOption(
      new Option('--for <time>', 'how long adapters are counted; Ctrl-C ends it early')
        .argParser(duration(LONGEST))
        .default(DAY_SECONDS, '24h'),
    )
    .addOption(
      new Option('--interval <time>', 'time between looks at the counters of adapters, 1s to 5m')
        .argParser(duration('5m', '1s'))
        .default(BUCKET_SECONDS, `${BUCKET_SECONDS}s`),
    )
    .option('--model <file>', 'what `adtap bench --model` wrote (default: a reference that was measured on two cores)')
    .option('--json', 'print the result as JSON')
    .option('--csv <file>', 'write a line a domain controller; - is standard output')
    .option('--html <file>', 'write a page with plots')
    .option('-q, --quiet', 'do not say what is being counted')
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  refuseMeaningless(options, command);
  const { json, csv, html } = options;
  const files = [...named('--csv', csv === '-' ? undefined : csv), ...named('--html', html)];
  const { capture = [], counters = [], hosts: hostsFile, model: modelFile } = options;
  refuseSameFile(
    [
      ...named('--capture', ...capture),
      ...named('--counters', ...counters),
      ...named('--hosts', hostsFile),
      ...named('--model', modelFile),
    ],
    [['standard output', '-'], ...files],
  );
  for (const [, path] of files) await tryReport(path);
  const model = modelFile === undefined ? referenceModel : readModel(modelFile);
  const hosts = hostsFile === undefined ? new Map() : readHosts(hostsFile);
  const observed = await observe(options);
  // Adapters are this machine's own.
  const here = options.adapter === undefined ? UNKNOWN_HOST : await hostHere(thisMachine);
  const memoryGib = options.memory === undefined ? here.memoryGib : options.memory / GIBIBYTE;
  const result = size(observed, hosts, hostOf(options.cores ?? here.cores, memoryGib), model);
  await writeAll([
    async () => {
      if (json) await writeStandardOutput(`${JSON.stringify({ adtap: adtapVersion, ...result }, null, 2)}\n`);
      else await writeStandardOutput(csv === '-' ? sizingCsv(result) : sizingText(result));
    },
    async () => {
      if (csv !== undefined && csv !== '-') await writeReport(csv, sizingCsv(result));
    },
    async () => {
      if (html === undefined) return;
      // The plotting library is large: who draws nothing does not load it.
      const { sizingPage } = await import('../report/sizing-page.ts');
      await writeReport(html, sizingPage(result, adtapVersion));
    },
  ]);
}

function refuseMeaningless({ adapter, capture, counters, json, csv }: Options, command: Command): void {
  if ([adapter, capture, counters].filter((one) => one !== undefined).length !== 1)
    throw new AdtapError(
      'ADTAP_E_COUNTERS',
      'give one of --adapter, --capture and --counters: that is where the traffic is taken from',
    );
  for (const name of ['for', 'interval'])
    if (adapter === undefined && command.getOptionValueSource(name) === 'cli')
      throw new AdtapError('ADTAP_E_USAGE', `--${name} is of --adapter: files say themselves when and how often was counted`);
  if (json && csv === '-')
    throw new AdtapError('ADTAP_E_USAGE', '--json and --csv - both go to standard output: leave out one, or give --csv a file');
}

async function observe(options: Options): Promise<readonly Observed[]> {
  const { adapter, capture, counters, name = DEFAULT_NAME } = options;
  if (counters !== undefined) {
    const { machines, isNamed } = readCounters(counters, name);
    if (isNamed && options.name !== undefined)
      throw new AdtapError('ADTAP_E_USAGE', `--name ${name}: the counters say themselves whose they are`);
    return machines.map((series) => ({ ...series, mix: null }));
  }
  if (capture !== undefined) {
    const { samples, mix } = await readCapturedTraffic(capture);
    return [{ name, adapters: new Map([['', samples]]), restarts: 0, mix }];
  }
  return [{ name, ...(await count(adapter ?? [], options)), mix: null }];
}

async function count(adapters: readonly string[], options: Options): Promise<AdapterCounts> {
  const stop = new AbortController();
  const leave = onStop(() => stop.abort());
  const isShown = !options.quiet && process.stderr.isTTY === true;
  try {
    return await countAdapters(adapters, {
      seconds: options.for,
      intervalSeconds: options.interval,
      signal: stop.signal,
      says: (seconds, rate) => {
        if (isShown) process.stderr.write(`\r${Math.round(seconds)} of ${options.for} s, ${Math.round(rate)} packets/s \u001b[K`);
      },
      warns: (what) => {
        process.stderr.write(`${isShown ? '\r\u001b[K' : ''}adtap: warning: ${what}\n`);
      },
    });
  } finally {
    if (isShown) process.stderr.write('\r\u001b[K');
    leave();
  }
}
