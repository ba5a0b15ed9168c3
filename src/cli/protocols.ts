// `adtap protocols`: what is decoded, and where it is expected.
import { Command } from 'commander';
import { protocols } from '../protocols/registry.ts';

export function protocolsCommand(): Command {
  return new Command('protocols')
    .description('List the protocols that are decoded, their ports (as hints) and activities.')
    .action(() => {
      for (const { name, ports, activities } of protocols) {
        const where = ports.map(({ transport, port }) => `${transport}/${port}`).join(' ') || '(inside others)';
        process.stdout.write(`${name.padEnd(10)} ${where.padEnd(60)} ${activities.map((one) => one.type).join(' ')}\n`);
      }
    });
}
