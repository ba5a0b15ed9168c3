// `adtap adapters`: what there is to capture on.
import { Command } from 'commander';
import { listAdapters } from '../doctor/adapter-list.ts';
import { adapters } from '../host/adapters/list.ts';
import { thisMachine } from '../host/machine.ts';
import { loadCaptureLibrary } from './capture-library.ts';
import { columns } from './table.ts';

const HEAD = ['NAME', 'STATE', 'KIND', 'LINKTYPE', 'SPEED', 'PROMISCUOUS', 'ADDRESSES', 'DESCRIPTION'];

export function adaptersCommand(): Command {
  return new Command('adapters')
    .description('List the network adapters, and what capture library and system tell of them.')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => {
      const library = loadCaptureLibrary();
      const { rows, problem } = listAdapters(await adapters(thisMachine), library);
      if (problem !== null) process.stderr.write(`adtap: warning: ${problem}\n`);
      if (options.json === true) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      else
        process.stdout.write(
          columns([
            HEAD,
            ...rows.map((row) => [
              row.name,
              row.state,
              row.kind,
              row.linktype ?? '-',
              row.speed === null ? '-' : `${row.speed / 1e6} Mbit/s`,
              row.promiscuous === null ? '-' : row.promiscuous ? 'yes' : 'no',
              row.addresses.join(' ') || '-',
              row.description,
            ]),
          ]),
        );
    });
}
