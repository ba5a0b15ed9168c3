// `adtap config`: check a configuration, or show what there is to configure.
import { Command } from 'commander';
import { stringify } from 'yaml';
import { configKeys, loadConfig } from '../config/index.ts';
import { adapters } from '../host/adapters/list.ts';
import { thisMachine } from '../host/machine.ts';
import { checkStanding } from '../runtime/live/standing.ts';

export function configCommand(): Command {
  const command = new Command('config').description("Check the sensor's configuration, or show what can be configured.");
  command
    .command('check')
    .description('Say what is wrong with a configuration; exit code 2 if anything is.')
    .argument('[file]', 'configuration file; the environment counts too')
    .action(async (file?: string) => {
      const { config, origins, unknown } = loadConfig(file ?? null, process.env, new Map());
      for (const name of unknown) process.stdout.write(`warning: ${name} in the environment is no key\n`);
      for (const warning of checkStanding(config, await adapters(thisMachine))) process.stdout.write(`warning: ${warning}\n`);
      process.stdout.write(
        `${file ?? 'the environment'}: good; ${origins.size} of ${configKeys.length} keys differ from nothing said\n`,
      );
    });
  command
    .command('show')
    .description('Print the whole configuration that a file and the environment amount to, as YAML.')
    .argument('[file]', 'configuration file')
    .action((file?: string) => {
      process.stdout.write(stringify(loadConfig(file ?? null, process.env, new Map()).config));
    });
  command
    .command('reference')
    .description('Print every key with its default, what is allowed, and what it is for.')
    .action(() => {
      for (const key of configKeys)
        process.stdout.write(
          `${key.path} (${key.environment})\n    ${key.help}\n    default: ${defaultText(key.default)}; allowed: ${key.allowed}\n`,
        );
    });
  return command;
}

const defaultText = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value));
