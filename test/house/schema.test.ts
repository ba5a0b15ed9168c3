// Every emitted line fits the JSON Schema, which forbids what it does not know.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../../src/activity/json-schema.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';

const validate = new Ajv2020({ allowUnionTypes: true, discriminator: false }).compile(jsonSchema());

describe.each(captures)('%s', (name) => {
  it('emits only lines that fit', async () => {
    const { lines } = await runFiles(fixture(name), { emit: ['activities', 'entities'] });
    for (const line of lines)
      expect(validate(line), `${JSON.stringify(validate.errors?.slice(-3))} in ${JSON.stringify(line)}`).toBe(true);
  });
});

it('refuses a field that is not declared', () => {
  expect(validate({ v: 1, kind: 'entity', type: 'address', surprise: true })).toBe(false);
});

it('refuses a value that is none of those listed, and what is missing', async () => {
  const { lines } = await runFiles(fixture('lab/smb-ntlm-fail.pcap'));
  const line = lines.find(({ outcome }) => outcome === 'failure');
  expect(validate(line)).toBe(true);
  for (const outcome of ['success', 'unanswered']) expect(validate({ ...line, outcome })).toBe(true);
  expect(validate({ ...line, outcome: 'maybe' })).toBe(false);
  expect(validate({ ...line, transport: 'sctp' })).toBe(false);
  const { outcome: _, ...rest } = line!;
  expect(validate(rest)).toBe(false);
});
