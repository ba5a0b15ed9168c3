// NetBIOS, DHCP and RDP messages, field by field against tshark (fixtures/**/*.names.oracle.ndjson, made by fixtures/names-oracle.mjs).
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { captures, fixture } from '../support/fixtures.ts';
import { runFiles } from '../support/in-process.ts';
import { compare } from '../support/oracle.ts';

/** What tshark saw of a capture; a file that is not there is nothing. */
const seen = (name: string): string => {
  const path = `${fixture(name)}.names.oracle.ndjson`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const PROTOCOLS = ['nbns', 'nbdgm', 'dhcp', 'rdp'];

it('has captures of them all', () => {
  const all = captures.map(seen).join('');
  for (const protocol of PROTOCOLS) expect(all).toContain(`"proto":"${protocol}"`);
});

describe.each(captures)('%s', (name) => {
  it('holds the messages that tshark saw, with the same fields in the same frames', async () => {
    const oracle = seen(name)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const { lines } = await runFiles(fixture(name), { emit: ['messages'] });
    const ours = lines.filter((line) => PROTOCOLS.includes(String(line['proto'])));
    expect(compare(oracle, ours.map(withoutSuffixes))).toEqual([]);
  });
});

/** tshark's field leaves the suffixes of a node status's names out. */
function withoutSuffixes(line: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!Array.isArray(line['names'])) return line;
  const names = line['names'] as { readonly name: string; readonly group: boolean }[];
  return { ...line, names: names.map(({ name, group }) => ({ name: name.replace(/<..>$/, ''), group })) };
}
