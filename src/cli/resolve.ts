// `adtap resolve`: asks addresses for their names by every method, and says what each said.
import { setMaxListeners } from 'node:events';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/index.ts';
import { AdtapError } from '../errors.ts';
import { type Endpoint, isIpv6, parseEndpoint } from '../nnr/active/endpoint.ts';
import { activeLimits, MOST } from '../nnr/active/limits.ts';
import { DNS_PORT } from '../nnr/active/reverse-dns.ts';
import type { ActiveMethod, Answer } from '../nnr/answer.ts';
import { printed } from '../nnr/names.ts';
import { Pace } from '../nnr/pace.ts';
import { askers, Resolver } from '../nnr/resolver.ts';
import { canonicalAddress, Scope } from '../nnr/scope.ts';
import { ACTIVE_METHODS, Tally } from '../nnr/tally.ts';
import { UntilTable } from '../nnr/until-table.ts';
import { judge, needsReverse, type Resolution } from '../nnr/verdict.ts';
import type { CertaintyReason } from '../nnr/weights.ts';
import { activeSettings, waysFrom } from '../runtime/live/nnr.ts';
import { openByteSink } from '../sink/file.ts';
import { more, positiveUpTo } from './arguments.ts';
import { onStop } from './signals.ts';

interface Options {
  readonly config?: string;
  readonly method?: readonly ActiveMethod[];
  readonly staged?: boolean;
  readonly json?: boolean;
  readonly timeout?: number;
  readonly dns?: readonly Endpoint[];
  readonly suffix?: readonly string[];
  readonly from?: readonly string[];
  readonly rate?: number;
  readonly sockets?: number;
}

const FAILED = 1;
const REASONS: Readonly<Record<CertaintyReason, string>> = {
  proof: 'the computer says so itself',
  agreement: 'they agree',
  'both-ways': 'DNS points both ways',
  weak: 'not much',
  'secondary-only': 'only an unconfirmed DNS record',
  conflict: 'primary methods disagree',
  'not-in-directory': 'the directory has no such computer',
  'no-name': 'nobody said a name',
};

export function resolveCommand(): Command {
  return new Command('resolve')
    .description('Ask addresses for their names (sends packets to them), and say what each method said.')
    .argument('[address...]', 'IPv4 and IPv6 addresses; none, or -, reads them from standard input, one a line', oneAddress)
    .addOption(
      new Option('-m, --method <names>', `comma-separated: ${ACTIVE_METHODS.join(', ')} (default: as configured)`).argParser(
        methods,
      ),
    )
    .option('--staged', 'one method after the other until one answers, instead of all at once')
    .option('--json', 'one JSON object a line instead of a table')
    .option('--timeout <ms>', 'what a look-up may take, in milliseconds', positiveUpTo(MOST.timeoutMs))
    .option('--dns <server>', "DNS server, as ADDRESS or ADDRESS:PORT; repeatable (default: the system's)", oneServer)
    .option('--suffix <domain>', 'domain in which names of one label are looked for; repeatable', more)
    .option('--from <address>', 'address of this machine to ask from; one of each family', oneFrom)
    .option('--rate <n>', 'look-ups a second, at most', positiveUpTo(MOST.lookupsPerSecond))
    .option('--sockets <n>', 'look-ups at once, at most', positiveUpTo(MOST.sockets))
    .option('--config <file>', "the sensor's configuration, for what is not said here")
    .action(run);
}

function oneAddress(text: string, before: readonly string[] = []): string[] {
  const address = text === '-' ? text : canonicalAddress(text);
  if (address === null) throw new InvalidArgumentError('It must be an IPv4 or IPv6 address.');
  return [...before, address];
}

function oneFrom(text: string, before: readonly string[] = []): string[] {
  const [address = ''] = oneAddress(text);
  return [...before, address];
}

function oneServer(text: string, before: readonly Endpoint[] = []): Endpoint[] {
  const endpoint = parseEndpoint(text, DNS_PORT);
  if (endpoint === null) throw new InvalidArgumentError('It must be an address, or one with a port.');
  return [...before, endpoint];
}

function methods(text: string, before: readonly ActiveMethod[] = []): ActiveMethod[] {
  const wanted = text.split(',').map((name) => ACTIVE_METHODS.find((method) => method === name.trim()));
  if (wanted.includes(undefined)) throw new InvalidArgumentError(`There are ${ACTIVE_METHODS.join(', ')}.`);
  return [...new Set([...before, ...wanted.filter((method) => method !== undefined)])];
}

async function run(given: readonly string[], options: Options): Promise<void> {
  const { config } = loadConfig(options.config ?? null, process.env, new Map());
  const settings = activeSettings(config);
  const from = waysFrom(config.management.adapter, {
    ipv4: options.from?.find((address) => !isIpv6(address)) ?? '',
    ipv6: options.from?.find(isIpv6) ?? '',
  });
  const sockets = options.sockets ?? settings.sockets;
  const chosen = options.method ?? settings.methods;
  // Naming an address is leave to ask it; what is no single host stays out, and what is excluded.
  const scope = new Scope({ networks: ['0.0.0.0/0', '::/0'], exclude: settings.exclude, own: true });
  const resolver = new Resolver({
    askers: askers({
      methods: chosen,
      from,
      timeoutMs: options.timeout ?? settings.timeoutMs,
      retries: settings.retries,
      dnsServers: options.dns ?? settings.dnsServers,
      searchSuffixes: options.suffix ?? settings.searchSuffixes,
    }),
    staged: options.staged ?? settings.staged,
    refusal: (address) => scope.refusal(address),
    pace: new Pace({ lookupsPerSecond: options.rate ?? settings.lookupsPerSecond, sockets }),
    targets: new UntilTable(activeLimits.remembered),
    perTargetSeconds: 0,
    tally: new Tally(),
    needsReverse,
  });
  const cancel = new AbortController();
  setMaxListeners(0, cancel.signal);
  const leave = onStop(() => cancel.abort(), ['SIGINT']);
  const sink = await openByteSink('-');
  // Answers come in the order of the addresses; so many are asked ahead.
  const ahead: Promise<readonly [string, Answer[]]>[] = [];
  let unresolved = 0;
  const say = async (next: Promise<readonly [string, Answer[]]>): Promise<void> => {
    const [address, answers] = await next;
    const resolution = judge(address, answers, Date.now() / 1000, settings);
    if (resolution.name === null) unresolved++;
    const text = options.json
      ? `${JSON.stringify({ ...told(resolution, answers), answers })}\n`
      : table(told(resolution, answers), answers);
    await sink.write(Buffer.from(text));
  };
  try {
    for await (const address of given.length === 0 || given.includes('-') ? addressesFrom(given) : given) {
      if (cancel.signal.aborted) break;
      ahead.push(resolver.resolve(address, cancel.signal).then((answers) => [address, answers]));
      if (ahead.length >= sockets) await say(ahead.shift()!);
    }
    for (const next of ahead) await say(next);
    if (unresolved > 0 || cancel.signal.aborted) process.exitCode = FAILED;
  } catch (error) {
    if (!(error instanceof AdtapError && error.code === 'ADTAP_E_CLOSED_PIPE')) throw error;
  } finally {
    leave();
    cancel.abort();
  }
}

/** Arguments, with standard input in the place of `-`. */
async function* addressesFrom(given: readonly string[]): AsyncGenerator<string> {
  for (const one of given.length === 0 ? ['-'] : given) {
    if (one !== '-') yield one;
    else
      for await (const line of createInterface({ input: process.stdin })) {
        const text = line.trim();
        if (text !== '') yield canonicalAddress(text) ?? text;
      }
  }
}

/** What is told of a resolution: one line of JSON, or the head of a paragraph. */
export interface Told {
  readonly address: string;
  readonly verdict: 'resolved' | 'conflict' | 'unresolved';
  /** Empty when unresolved. */
  readonly computer: string;
  readonly domain: string;
  readonly certainty: 'high' | 'low';
  readonly why: string;
  /** What other methods said. */
  readonly conflicts: readonly string[];
  readonly os: string;
  readonly mac: string;
  readonly users: readonly string[];
  /** RFC 3339. */
  readonly validUntil: string;
}

function told(resolution: Resolution, answers: readonly Answer[]): Told {
  const { address, name, domain, certainty, reasons, methods, conflicts, os, mac, users, validUntil } = resolution;
  const why =
    name === null
      ? `nobody said a name: ${answers.map(({ method, reason }) => `${method} ${reason}`).join(', ')}`
      : `${methods.join(', ')}: ${reasons.map((reason) => REASONS[reason]).join(', ')}${conflicts.length === 0 ? '' : `; others say ${conflicts.join(', ')}`}`;
  return {
    address,
    verdict: name === null ? 'unresolved' : reasons.includes('conflict') ? 'conflict' : 'resolved',
    computer: name === null ? '' : printed(name),
    domain,
    certainty,
    why,
    conflicts,
    os,
    mac,
    users,
    validUntil: new Date(validUntil * 1000).toISOString(),
  };
}

/** A paragraph an address: the verdict, then a row a method. */
function table({ address, computer, certainty, verdict, why }: Told, answers: readonly Answer[]): string {
  const head =
    verdict === 'unresolved'
      ? `${address}  unresolved (${why})`
      : `${address}  ${computer}  ${verdict}, certainty ${certainty} (${why})`;
  const rows = answers.map(
    ({ method, milliseconds, names, reason, evidence }) =>
      `  ${method.padEnd(12)} ${milliseconds.toFixed(1).padStart(8)} ms  ${names === null ? reason : said(names)}; ${evidence}`,
  );
  return `${[head, ...rows].join('\n')}\n`;
}

function said({ netbios, dns, netbiosDomain, dnsDomain, os, mac, users }: NonNullable<Answer['names']>): string {
  const parts = [
    netbios,
    dns,
    netbiosDomain === '' && dnsDomain === '' ? '' : `domain ${[netbiosDomain, dnsDomain].filter(Boolean).join(' ')}`,
    os,
    mac,
    users.length === 0 ? '' : `users ${users.join(' ')}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
