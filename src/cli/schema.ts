// `adtap schema`: the JSON Schema of activities and entities.
import { Command } from 'commander';
import { jsonSchema } from '../activity/json-schema.ts';

export function schemaCommand(): Command {
  return new Command('schema').description('Print the JSON Schema of activities and entities.').action(() => {
    process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  });
}
