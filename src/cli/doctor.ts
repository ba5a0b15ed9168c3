// `adtap doctor`: is this machine fit for the sensor.
import { dirname, resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command } from 'commander';
import { type Config, loadConfig, type Overrides } from '../config/index.ts';
import { gatherFacts, type Plan } from '../doctor/facts.ts';
import { type Finding, gravest, type Level } from '../doctor/finding.ts';
import { examine } from '../doctor/registry.ts';
import { thisMachine } from '../host/machine.ts';
import { more } from './arguments.ts';
import { loadCaptureLibrary } from './capture-library.ts';
import { columns } from './table.ts';

const MEBIBYTE = 1 << 20;
const STYLES = { pass: 'green', warn: 'yellow', fail: 'red' } as const;

interface Options {
  readonly config?: string;
  readonly adapter?: readonly string[];
  readonly standalone?: boolean;
  readonly managementAdapter?: string;
  readonly domainController?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Say whether this machine is fit for the sensor: pass, warn or fail, and what to do. Exit code 1 when a check fails.',
    )
    .option('--config <file>', "the sensor's configuration file; the environment counts too")
    .option('-i, --adapter <name>', 'adapter to capture from; repeatable (default: all that are up)', more)
    .option('--standalone', 'the sensor will stand at a mirror port')
    .option('--management-adapter <name>', 'standalone: the adapter that look-ups go out by')
    .option('--dc, --domain-controller <address>', 'compare clocks with it by SNTP; repeatable', more)
    .option('-o, --out <file>', 'file that the lines will go to')
    .option('--json', 'print JSON')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const plan = planOf(loadConfig(options.config ?? null, process.env, flags(options)).config);
  const findings = examine(await gatherFacts(thisMachine, loadCaptureLibrary(), plan));
  const level = gravest(findings);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ level, findings }, null, 2)}\n`);
  else process.stdout.write(text(findings, process.stdout.isTTY === true && !process.env['NO_COLOR']));
  if (level === 'fail') process.exitCode = 1;
}

/** Flags as keys of the configuration. */
function flags(options: Options): Overrides {
  const keys = new Map<string, unknown>([
    ['sensor.mode', options.standalone ? 'standalone' : undefined],
    ['capture.adapters', options.adapter],
    ['management.adapter', options.managementAdapter],
    ['domainControllers', options.domainController],
    ['output.path', options.out],
  ]);
  return new Map([...keys].filter(([, value]) => value !== undefined));
}

function planOf({ sensor, capture, management, domainControllers, output }: Config): Plan {
  return {
    isStandalone: sensor.mode === 'standalone',
    capture: capture.adapters,
    loopback: capture.loopback,
    management: management.adapter === '' ? null : management.adapter,
    domainControllers,
    // Standard output is most often sent to a file of the working folder.
    folder: output.path === '-' ? process.cwd() : dirname(resolve(output.path)),
    memoryBudget: sensor.memory * MEBIBYTE,
  };
}

function text(findings: readonly Finding[], colour: boolean): string {
  const paint = (level: Level): string => (colour ? styleText(STYLES[level], level) : level);
  const rows = findings.flatMap(({ level, check, says, remedy }) => [
    [level, check, says],
    ...(remedy === null ? [] : [['', '', `→ ${remedy}`]]),
  ]);
  const count = (level: Level): string => `${findings.filter((one) => one.level === level).length} ${level}`;
  // Painted afterwards: colours have a length, but no width.
  const lines = columns(rows).replace(/^(pass|warn|fail)/gm, (level) => paint(level as Level));
  return `${lines}${(['pass', 'warn', 'fail'] as const).map(count).join(', ')}\n`;
}
