// `adtap bench`: what this machine holds within a budget.
import { Command, Option } from 'commander';
import { type BenchResult, runBench } from '../bench/bench.ts';
import type { MadeUpLoad, makeUpLoad } from '../bench/made-up-load.ts';
import { modelOf } from '../bench/model.ts';
import { GIBIBYTE } from '../bytes/units.ts';
import { AdtapError } from '../errors.ts';
import { benchText } from '../report/bench.ts';
import { PARTITIONS } from '../slots/layout.ts';
import { bytes } from './amounts.ts';
import { numberWithin, positiveUpTo, seed } from './arguments.ts';
import { named, refuseSameFile } from './same-file.ts';
import { endedBy, onStop } from './signals.ts';
import { writeStandardOutput } from './standard-output.ts';
import { adtapVersion } from './version.ts';
import { tryReport, writeAll, writeReport } from './write-file.ts';

interface Options {
  readonly profile?: string;
  readonly seed: number;
  readonly cores: number;
  readonly memory: number;
  readonly workers?: number;
  readonly seconds?: number;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly html?: string;
  readonly model?: string;
  readonly quiet?: boolean;
}

const SECONDS = 5;
const QUICK_SECONDS = 0.25;

export function benchCommand(): Command {
  return new Command('bench')
    .description(
      "Measure what this machine holds within a budget, beside Microsoft's table: captures, repeated, or made-up traffic are the load.",
    )
    .argument('[captures...]', 'capture files; their first 256 MiB are kept in memory')
    .option('-p, --profile <name>', 'a profile of `adtap generate` as load, instead of captures')
    .option('--seed <n>', 'seed of its traffic', seed, 1)
    .option('--cores <n>', 'processors of the budget', numberWithin(0.1, 1024), 2)
    .addOption(new Option('--memory <size>', 'memory of the budget, such as 6G').argParser(bytes).default(6 * GIBIBYTE, '6G'))
    .option('-w, --workers <n>', 'worker threads (default: one a core of the budget)', positiveUpTo(PARTITIONS))
    .option(
      '--seconds <s>',
      `seconds of each measurement; the highest rate is held six times as long (default: ${SECONDS})`,
      numberWithin(0.2, 3600),
    )
    .option('--quick', 'short and coarse, in about half a minute: to see that it works, not to plan with')
    .option('--json', 'print the result as JSON')
    .option('--html <file>', 'write a page with plots')
    .option('--model <file>', 'write the model that `adtap sizing --model` reads')
    .option('-q, --quiet', 'do not say what is being measured')
    .action(run);
}

async function run(captures: readonly string[], options: Options): Promise<void> {
  if ((options.profile === undefined) === (captures.length === 0))
    throw new AdtapError('ADTAP_E_USAGE', 'say what the load is: captures, or --profile NAME, one of them');
  const { html, model } = options;
  const reports = [...named('--html', html), ...named('--model', model)];
  refuseSameFile(named('CAPTURE', ...captures), reports);
  // It takes minutes: that the result cannot be written is said before.
  for (const [, path] of reports) await tryReport(path);
  const stop = new AbortController();
  const leave = onStop((signal) => {
    endedBy(signal);
    stop.abort();
  });
  const says = options.quiet ? (): void => undefined : (step: string) => void process.stderr.write(`${step}\n`);
  if (options.profile !== undefined) says(`making up traffic of the profile ${options.profile}`);
  let madeUp: MadeUpLoad | null = null;
  try {
    if (options.profile !== undefined) madeUp = await makeUp(options.profile, options.seed, stop.signal);
    const result = await runBench(
      {
        captures: madeUp === null ? captures : [madeUp.path],
        loadNames: madeUp === null ? captures : [madeUp.name],
        cores: options.cores,
        memoryBytes: options.memory,
        workers: options.workers ?? Math.min(PARTITIONS, Math.ceil(options.cores)),
        seconds: options.seconds ?? (options.quick ? QUICK_SECONDS : SECONDS),
        isQuick: options.quick ?? false,
      },
      { says, signal: stop.signal },
    );
    await show(result, options);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write('adtap: ended early; nothing is reported\n');
  } finally {
    await madeUp?.remove();
    leave();
  }
}

/** The generator is loaded by who wants traffic made up. */
async function makeUp(...load: Parameters<typeof makeUpLoad>): ReturnType<typeof makeUpLoad> {
  const made = await import('../bench/made-up-load.ts');
  return made.makeUpLoad(...load);
}

async function show(result: BenchResult, { json, html, model }: Options): Promise<void> {
  const text = json ? JSON.stringify({ adtap: adtapVersion, ...result }, null, 2) : benchText(result);
  await writeAll([
    () => writeStandardOutput(`${text}\n`),
    async () => {
      if (model !== undefined) await writeReport(model, `${JSON.stringify(modelOf(result, adtapVersion), null, 2)}\n`);
    },
    async () => {
      if (html === undefined) return;
      // The plotting library is large: who draws nothing does not load it.
      const { benchPage } = await import('../report/bench-page.ts');
      await writeReport(html, benchPage(result, adtapVersion));
    },
  ]);
}
