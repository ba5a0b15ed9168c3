// `adtap reference`: the generated pages of docs/.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { referencePages } from '../reference/pages.ts';

export function referenceCommand(): Command {
  return new Command('reference')
    .description(
      'Print the reference pages (configuration, doctor, events, health, limits, metrics, profiles), or write them into a folder.',
    )
    .option('--write <folder>', 'write the pages there')
    .action(async (options: { readonly write?: string }) => {
      for (const [name, page] of Object.entries(referencePages())) {
        if (options.write === undefined) process.stdout.write(page);
        else await writeFile(join(options.write, name), page);
      }
    });
}
