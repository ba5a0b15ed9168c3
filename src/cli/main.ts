#!/usr/bin/env node
// The command line: one file a command; this one only joins them and turns errors into one line and an exit code.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AdtapError } from '../errors.ts';
import { explainCommand } from './explain.ts';
import { protocolsCommand } from './protocols.ts';
import { referenceCommand } from './reference.ts';
import { replayCommand } from './replay.ts';
import { schemaCommand } from './schema.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('adtap')
  .description('Packets in, identity activities out: an open emulator of the Microsoft Defender for Identity network sensor.')
  .version(version)
  .showHelpAfterError('(adtap --help tells more)')
  .exitOverride();

for (const command of [replayCommand(), explainCommand(), protocolsCommand(), schemaCommand(), referenceCommand()])
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
