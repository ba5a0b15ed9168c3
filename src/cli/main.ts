#!/usr/bin/env node
// The command line: one file a command; this one only joins them and turns errors into one line and an exit code.
import { Command, CommanderError } from 'commander';
import { AdtapError } from '../errors.ts';
import { adaptersCommand } from './adapters.ts';
import { benchCommand } from './bench.ts';
import { configCommand } from './config.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { generateCommand } from './generate.ts';
import { protocolsCommand } from './protocols.ts';
import { referenceCommand } from './reference.ts';
import { replayCommand } from './replay.ts';
import { resolveCommand } from './resolve.ts';
import { schemaCommand } from './schema.ts';
import { sensorCommand } from './sensor.ts';
import { sizingCommand } from './sizing.ts';
import { topCommand } from './top.ts';
import { adtapVersion } from './version.ts';

const program = new Command('adtap')
  .description('Packets in, identity activities out: an open emulator of the Microsoft Defender for Identity network sensor.')
  .version(adtapVersion)
  .showHelpAfterError('(adtap --help tells more)')
  .exitOverride();

for (const command of [
  sensorCommand(),
  topCommand(),
  replayCommand(),
  adaptersCommand(),
  doctorCommand(),
  resolveCommand(),
  benchCommand(),
  sizingCommand(),
  explainCommand(),
  generateCommand(),
  protocolsCommand(),
  configCommand(),
  schemaCommand(),
  referenceCommand(),
])
  program.addCommand(command.exitOverride());

try {
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
