// Every message that tshark saw in the lab captures, field by field (fixtures/**/*.oracle.ndjson, made by an independent
// program). Where tshark is wrong the case stands in KNOWN with the reason.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { protocols } from '../../src/protocols/registry.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';
import { compare, KNOWN } from '../support/oracle.ts';

/** Held against tshark in names.test.ts. */
const ELSEWHERE: readonly string[] = ['nbns', 'nbdgm', 'dhcp', 'rdp'];
const decoded = new Set(
  protocols.flatMap(({ name, messages }) => (Object.keys(messages).length > 0 && !ELSEWHERE.includes(name) ? [name] : [])),
);
const withOracle = captures.filter((name) => existsSync(`${fixture(name)}.oracle.ndjson`));

describe.each(withOracle)('%s', (name) => {
  it('holds the messages that tshark saw, with the same fields in the same frames', async () => {
    const oracle = readFileSync(`${fixture(name)}.oracle.ndjson`, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((message) => decoded.has(String(message['proto'])));
    const { lines } = await runFiles(fixture(name), { emit: ['messages'] });
    const differences = compare(
      oracle,
      lines.filter((line) => decoded.has(String(line['proto']))),
    ).filter((difference) => !KNOWN.some((known) => known.file === name && difference.startsWith(known.difference)));
    expect(differences).toEqual([]);
  });
});
