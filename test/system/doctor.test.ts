// `adtap adapters` and `adtap doctor` as an operator runs them, on whatever machine this is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checks } from '../../src/doctor/registry.ts';
import { root } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-doctor-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function adtap(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { encoding: 'utf8' });
}

interface Report {
  readonly level: string;
  readonly findings: readonly {
    readonly check: string;
    readonly level: string;
    readonly says: string;
    readonly remedy: unknown;
  }[];
}

describe('adtap doctor', () => {
  it('tells every check once or more, in JSON, and by its exit code whether any failed', () => {
    const { status, stdout, stderr } = adtap('doctor', '--json');
    const { level, findings } = JSON.parse(stdout) as Report;
    expect(stderr).toBe('');
    const names = findings.map(({ check }) => check);
    expect(checks.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual(['adapter roles']);
    for (const one of findings) {
      expect(Object.keys(one)).toEqual(['check', 'level', 'says', 'remedy']);
      expect(['pass', 'warn', 'fail']).toContain(one.level);
      expect(typeof one.remedy).toBe(one.level === 'pass' ? 'object' : 'string');
    }
    const isFit = !findings.some((one) => one.level === 'fail');
    expect(status).toBe(isFit ? 0 : 1);
    expect(level === 'fail').toBe(!isFit);
  });

  it('tells the same in lines, with a count, and without colours where there is no terminal', () => {
    const { stdout } = adtap('doctor');
    const { findings } = JSON.parse(adtap('doctor', '--json').stdout) as Report;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, -1).filter((line) => /^(pass|warn|fail) {2}/.test(line))).toHaveLength(findings.length);
    expect(lines.filter((line) => line.includes('→'))).toHaveLength(findings.filter(({ remedy }) => remedy !== null).length);
    const count = (level: string): string => `${findings.filter((one) => one.level === level).length} ${level}`;
    expect(lines.at(-1)).toBe(['pass', 'warn', 'fail'].map(count).join(', '));
    expect(stdout).not.toContain('\u001b');
  });

  it('fails for an adapter that is not there, with exit code 1', () => {
    const { status, stdout } = adtap('doctor', '-i', 'adtap-none');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fail {2}adapters +adtap-none: there is no such adapter/m);
  });

  it('reads the configuration of the sensor', () => {
    const file = join(scratch, 'adtap.yaml');
    writeFileSync(
      file,
      [
        'sensor: { mode: standalone }',
        'capture: { adapters: [adtap-span] }',
        'management: { adapter: adtap-mgmt }',
        'domainControllers: [192.0.2.10]',
        `output: { path: ${join(scratch, 'out', 'lines.ndjson')} }`,
      ].join('\n'),
    );
    const { status, stdout } = adtap('doctor', '--config', file, '--dc', '192.0.2.11', '--json');
    const { findings } = JSON.parse(stdout) as Report;
    const says = (check: string): string[] => findings.filter((one) => one.check === check).map((one) => one.says);
    expect(status).toBe(1);
    expect(says('adapter roles')).toEqual(['adtap-mgmt: there is no such adapter']);
    expect(says('adapters')).toEqual([expect.stringMatching(/^adtap-span: there is no such adapter/)]);
    // Flags stand above the file; and without its management adapter a standalone sensor sends nothing.
    expect(says('clock')).toEqual([expect.stringMatching(/^192\.0\.2\.11: the management adapter adtap-mgmt has no address/)]);
    expect(says('disk')[0]).toContain(join(scratch, 'out'));
  });

  it.each([
    [['--dc', 'dc1.example'], /domainControllers\.0: "dc1\.example" is not allowed; must be an IPv4 or IPv6 address/],
    [['--config', join(scratch, 'missing.yaml')], /missing\.yaml: cannot be read/],
    [['--nonsense'], /unknown option/],
  ])('refuses %j with exit code 2', (args, words) => {
    const { status, stderr } = adtap('doctor', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(words);
  });
});

describe('adtap adapters', () => {
  const names = Object.keys(networkInterfaces());

  it('lists those of the system in JSON', () => {
    const { status, stdout } = adtap('adapters', '--json');
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as { name: string; addresses: string[] }[];
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    for (const [name, addresses = []] of Object.entries(networkInterfaces()))
      expect(rows.find((row) => row.name === name)?.addresses).toEqual(addresses.map(({ cidr }) => cidr));
  });

  it('lists them in a table', () => {
    const { status, stdout } = adtap('adapters');
    expect(status).toBe(0);
    const [head = '', ...lines] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +STATE +KIND +LINKTYPE +SPEED +PROMISCUOUS +ADDRESSES +DESCRIPTION$/);
    const at = head.indexOf('STATE');
    for (const line of lines) expect(line.slice(at)).toMatch(/^(up|down|no-link) /);
    expect(lines.map((line) => line.slice(0, at).trim())).toEqual(expect.arrayContaining(names));
  });
});
