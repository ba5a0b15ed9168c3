// `adtap generate`: the traffic of a made-up domain, to a file or onto an adapter, with what should be seen in it.
import { statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AdtapError } from '../errors.ts';
import { type CaptureFormat, formatOf, pcap, pcapng } from '../generate/capture-format.ts';
import { Player } from '../generate/play.ts';
import { loadProfile, type Profile, shippedProfiles, withUsers } from '../generate/profile.ts';
import { DEFAULT_START, Traffic } from '../generate/traffic.ts';
import { writeTraffic } from '../generate/write.ts';
import { openByteSink } from '../sink/file.ts';
import type { ByteSink } from '../sink/line-buffer.ts';
import { duration } from './amounts.ts';
import { positive, positiveUpTo, seed, time } from './arguments.ts';
import { type Fields, showBar } from './bar.ts';
import { named, refuseSameFile } from './same-file.ts';
import { endedBy, onStop } from './signals.ts';
import { count, list, namedLines, size } from './text.ts';
import { tryReport } from './write-file.ts';

interface Options {
  readonly profile: string;
  readonly seed: number;
  readonly duration?: number;
  readonly packets?: number;
  readonly out?: string;
  readonly format?: 'pcap' | 'pcapng';
  readonly adapter?: string;
  readonly speed?: number;
  readonly rate?: number;
  readonly users?: number;
  readonly start: number;
  readonly truth?: string | boolean;
  readonly quiet?: boolean;
}

const DEFAULT_SECONDS = 60;
/** A hundred days of nanoseconds still are exact. */
const MAX_DURATION = '100d';
/** What a profile may ask for, too. */
const MAX_RATE = 10_000_000;
const MAX_USERS = 1_000_000;
/** Of the progress bar. */
const STEPS = 1000;

export function generateCommand(): Command {
  return new Command('generate')
    .description("Make up a domain's traffic, the same for the same seed, and what should be seen in it.")
    .option('-p, --profile <name>', `${shippedProfiles().join(', ')}, or a file (see docs/generate.md)`, 'branch')
    .addOption(new Option('--seed <n>', 'another seed, another day').argParser(seed).default(1))
    .addOption(
      new Option('-d, --duration <time>', `capture time, such as 90s, 5m, 8h (default: ${DEFAULT_SECONDS}s)`).argParser(
        duration(MAX_DURATION),
      ),
    )
    .option('-c, --packets <n>', 'begin nothing more after about so many packets', positive)
    .option('-o, --out <file>', 'capture file; .pcapng by its name, else pcap; - is standard output')
    .addOption(new Option('--format <format>', 'with --out: whatever the name of the file').choices(['pcap', 'pcapng']))
    .option('-i, --adapter <name>', 'play onto this adapter instead of into a file')
    .addOption(new Option('--speed <factor>', 'with --adapter: a multiple of real time, or max (default: 1)').argParser(speed))
    .option('--rate <n>', "packets a second of capture time (default: the profile's)", positiveUpTo(MAX_RATE))
    .option('--users <n>', 'user accounts; computers in proportion', positiveUpTo(MAX_USERS))
    .addOption(
      new Option('--start <time>', 'time of the first packet').argParser(time).default(DEFAULT_START, '2026-01-05T09:00:00Z'),
    )
    .option('--truth <file>', 'where to write the expected activities (default: beside a capture file)')
    .option('--no-truth', 'do not write them')
    .option('-q, --quiet', 'no progress bar and no summary')
    .action(run);
}

function speed(text: string): number {
  const value = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be max or a number above 0.');
  return value;
}

async function run(options: Options): Promise<void> {
  const { out, adapter } = options;
  if ((out === undefined) === (adapter === undefined))
    throw new AdtapError('ADTAP_E_USAGE', 'say where the packets go: --out FILE or --adapter NAME, one of them');
  if (out === '') throw new AdtapError('ADTAP_E_USAGE', '--out: a file has a name');
  if (out !== undefined && options.speed !== undefined)
    throw new AdtapError('ADTAP_E_USAGE', '--speed is for --adapter: a file is written as fast as it can be');
  if (adapter !== undefined && options.format !== undefined) throw new AdtapError('ADTAP_E_USAGE', '--format is for --out');
  const loaded = loadProfile(options.profile);
  const profile = options.users === undefined ? loaded : withUsers(loaded, options.users);
  const truthPath = truthPathOf(options);
  const seconds = options.duration ?? (options.packets === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
  const traffic = new Traffic(profile, {
    seed: options.seed,
    start: options.start,
    end: { packets: options.packets ?? Number.POSITIVE_INFINITY, duration: seconds * 1e9 },
    rate: options.rate ?? null,
    wantsTruth: truthPath !== null,
  });
  const outputs = [...named('--out', out), ...named('--truth', truthPath)];
  refuseSameFile([], outputs);
  let stopped: NodeJS.Signals | null = null;
  const leave = onStop((signal) => {
    stopped = signal;
  });
  const isStopped = (): boolean => stopped !== null;
  // Neither is emptied for a run that cannot write the other.
  for (const [, path] of outputs) if (path !== '-') await tryReport(path);
  const target = adapter === undefined ? await openByteSink(out ?? '-') : Player.open(adapter);
  const truth = truthPath === null ? null : await openByteSink(truthPath);
  const hide = options.quiet || !process.stderr.isTTY ? () => undefined : showProgress(traffic, options.packets, seconds);
  const began = performance.now();
  try {
    const bytes =
      target instanceof Player
        ? await toAdapter(target, options, traffic, truth, isStopped)
        : await writeTraffic(traffic, formatFor(options), target, truth, isStopped);
    hide();
    if (stopped !== null) {
      endedBy(stopped);
      if (!options.quiet) process.stderr.write('ended early: this is what was made until then\n');
    }
    if (!options.quiet) process.stderr.write(summary(profile, traffic, bytes, (performance.now() - began) / 1000));
  } catch (error) {
    if (!(error instanceof AdtapError && error.code === 'ADTAP_E_CLOSED_PIPE')) throw error;
  } finally {
    hide();
    await target.close();
    await truth?.close();
    leave();
  }
}

/** Beside the capture where that is a file, unless it is told otherwise; null for nowhere. */
function truthPathOf({ truth, out }: Options): string | null {
  if (truth === false) return null;
  if (typeof truth === 'string') return truth;
  if (out === undefined || out === '-' || statSync(out, { throwIfNoEntry: false })?.isFile() === false) return null;
  return `${out.replace(/\.(pcap|pcapng)$/i, '')}.truth.ndjson`;
}

const formatFor = ({ format, out = '-' }: Options): CaptureFormat =>
  format === undefined ? formatOf(out) : format === 'pcap' ? pcap : pcapng;

async function toAdapter(
  player: Player,
  options: Options,
  traffic: Traffic,
  truth: ByteSink | null,
  stop: () => boolean,
): Promise<number> {
  const write = async (lines: Uint8Array): Promise<void> => {
    if (lines.length > 0) await truth?.write(lines);
  };
  const { bytes, late } = await player.play(traffic, options.speed ?? 1, write, stop);
  if (!options.quiet && late > 0.1)
    process.stderr.write(`the latest frame was ${late.toFixed(2)} s late: the rate is not held\n`);
  return bytes;
}

/** A bar until the returned function is called. */
function showProgress(traffic: Traffic, packets: number | undefined, seconds: number): () => void {
  const began = performance.now();
  const format = '{bar} {percentage}% | {packets} packets | {rate} packets/s | {time} s of capture time';
  const fields = (): Fields => ({
    packets: count(traffic.frames),
    rate: count(Math.round((traffic.frames * 1000) / Math.max(1, performance.now() - began))),
    time: traffic.seconds.toFixed(1),
  });
  return showBar(format, STEPS, fields(), () => {
    const done = Math.min(1, Math.max(traffic.seconds / seconds, traffic.frames / (packets ?? Number.POSITIVE_INFINITY)));
    return { done: Math.floor(STEPS * done), fields: fields() };
  });
}

function summary(profile: Profile, traffic: Traffic, bytes: number, seconds: number): string {
  const { frames, impaired, expected, messages, skipped } = traffic;
  const rows: [string, string][] = [
    ['domain', `${profile.domain}: ${count(profile.users)} users, ${count(profile.computers)} computers`],
    ['packets', `${count(frames)} (${size(bytes)}), ${traffic.seconds.toFixed(1)} s of capture time`],
    ['took', `${seconds.toFixed(2)} s, ${count(Math.round(frames / Math.max(seconds, 0.001)))} packets/s`],
    ['impaired', `retransmitted ${count(impaired.retransmitted)}, reordered ${count(impaired.reordered)}`],
    ['messages', list(Object.fromEntries(messages))],
    ['activities', list(Object.fromEntries(expected))],
  ];
  if (skipped > 0) rows.push(['skipped', `${count(skipped)} scenarios: too many at once for this rate`]);
  return namedLines(rows);
}
