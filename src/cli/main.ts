#!/usr/bin/env node
// The command line: one file a command; this one only joins them and turns errors into one line and an exit code.
import { Command, CommanderError } from 'commander';
import { AdtapError } from '../errors.ts';
import { growSparingly } from '../runtime/heap.ts';
import { adtapVersion } from './version.ts';

/** Loaded by name: a command waits for its own modules, not for those of all others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  sensor: async () => (await import('./sensor.ts')).sensorCommand(),
  top: async () => (await import('./top.ts')).topCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  adapters: async () => (await import('./adapters.ts')).adaptersCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  resolve: async () => (await import('./resolve.ts')).resolveCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  sizing: async () => (await import('./sizing.ts')).sizingCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  generate: async () => (await import('./generate.ts')).generateCommand(),
  protocols: async () => (await import('./protocols.ts')).protocolsCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
  reference: async () => (await import('./reference.ts')).referenceCommand(),
};

const program = new Command('adtap')
  .description('Packets in, identity activities out: an open emulator of the Microsoft Defender for Identity network sensor.')
  .version(adtapVersion)
  .showHelpAfterError('(adtap --help tells more)')
  .exitOverride();

growSparingly();

const wanted = process.argv[2] ?? '';
/** Help, and what is no command, needs them all. */
const only = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;

try {
  const loaders = only === undefined ? Object.values(commands) : [only];
  for (const load of loaders) program.addCommand((await load()).exitOverride());
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof AdtapError) {
    process.stderr.write(`adtap: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(
      `adtap: a defect of adtap itself, please report it:\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 70;
  }
}
