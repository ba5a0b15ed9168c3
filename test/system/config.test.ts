// `adtap config` as users run it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-config-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function adtap(args: readonly string[], env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  const program = join(root, 'dist/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

function fileOf(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

describe('adtap config', () => {
  it('check says that a good file is good, and what is unwise in it', () => {
    const text = 'sensor: { mode: standalone }\ncapture: { adapters: [mirror9] }\nmanagement: { adapter: nowhere9 }\n';
    const { status, stdout } = adtap(['config', 'check', fileOf('good.yaml', text)]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^warning: nowhere9 has no address/m);
    expect(stdout).toMatch(/^warning: domainControllers is empty/m);
    expect(stdout).toMatch(/good\.yaml: good; 3 of \d+ keys/);
  });

  it.each<[string, string, RegExp]>([
    ['wrong.yaml', 'capture: { slots: 1 }', /capture\.slots: 1 is not allowed; allowed: whole number from 4 to 1024/],
    ['broken.yaml', 'capture: [', /is no YAML: .*line 1/],
    ['refused.yaml', 'sensor: { mode: standalone }', /capture\.adapters: a standalone sensor must be told which adapters/],
  ])('check refuses %s with exit code 2 and no stack', (name, text, message) => {
    const { status, stderr } = adtap(['config', 'check', fileOf(name, text)]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });

  it('show prints what file and environment amount to, and takes it again', () => {
    const { stdout } = adtap(['config', 'show'], { ADTAP_SENSOR_NAME: '007', ADTAP_CAPTURE_SLOTS: '9' });
    expect(parse(stdout)).toMatchObject({ sensor: { name: '007' }, capture: { slots: 9, snaplen: 65_535 } });
    const again = adtap(['config', 'show', fileOf('again.yaml', stdout)]);
    expect(again.stdout).toBe(stdout);
  });

  it('reference names every key of the page, its name in the environment, and its default', () => {
    const { stdout, status } = adtap(['config', 'reference']);
    expect(status).toBe(0);
    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const keys = [...page.matchAll(/^\| `([a-zA-Z.]+)`/gm)].map(([, key]) => key ?? '');
    expect(keys.length).toBeGreaterThan(30);
    for (const key of keys) expect(stdout).toMatch(new RegExp(`^${key.replaceAll('.', '\\.')} \\(ADTAP_[A-Z_]+\\)$`, 'm'));
    expect(stdout).toContain(
      'capture.snaplen (ADTAP_CAPTURE_SNAPLEN)\n    Bytes kept of a packet.\n    default: 65535; allowed:',
    );
  });

  it('goes for adtap sensor too: flags, --set, and a secret that is not told back', () => {
    const refused = adtap(['sensor', '--dry-run', '--workers', 'many', '--set', 'metrics.token=hunter2']);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('sensor.workers: "many" is not allowed');
    expect(refused.stderr).not.toContain('hunter2');
  });
});
