// The build as users get it: the package by its own name, worker threads and all, and the command line.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AdtapError, replay } from 'adtap';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, root } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const capture = fixture('lab/first-look.pcap');

function adtap(args: readonly string[], input?: Buffer): { status: number | null; stdout: string; stderr: string } {
  const options = { maxBuffer: 1 << 28, ...(input === undefined ? {} : { input }) };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], options);
  return { status, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

/** A number of the closing summary. */
const numberOf = (summary: string, name: string): number =>
  Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(summary)?.[1]?.replaceAll(',', ''));

describe('adtap replay', () => {
  const everything = ['--emit', 'all', '--format', 'ndjson', '-q'];
  const once = adtap(['replay', capture, ...everything]).stdout;

  it.each([1, 2, 5])('gives the same bytes with %i workers', (workers) => {
    expect(once.length).toBeGreaterThan(100_000);
    expect(adtap(['replay', capture, ...everything, '--workers', String(workers)]).stdout).toBe(once);
  });

  it('gives the same bytes from standard input and from gzip', () => {
    const bytes = readFileSync(capture);
    expect(adtap(['replay', '-', ...everything], bytes).stdout).toBe(once);
    const packed = join(scratch, 'packed.pcap.gz');
    writeFileSync(packed, gzipSync(bytes));
    expect(adtap(['replay', packed, ...everything]).stdout).toBe(once);
  });

  it('writes a summary whose numbers add up, and metrics that say the same', () => {
    const metrics = join(scratch, 'metrics.prom');
    const { stderr, status } = adtap(['replay', capture, '-o', join(scratch, 'out.ndjson'), '--metrics', metrics]);
    expect(status).toBe(0);
    const packets = numberOf(stderr, 'packets');
    expect(numberOf(stderr, 'decoded') + numberOf(stderr, 'ignored') + numberOf(stderr, 'dropped')).toBe(packets);
    const text = readFileSync(metrics, 'utf8');
    expect(text).toContain(`adtap_packets_total ${packets}\n`);
    expect(text).toMatch(/adtap_activities_total\{protocol="kerberos",type="kerberos.as",outcome="success"\} [1-9]/);
  });

  it('counts what a truncated capture holds, warns, and exits 0', () => {
    const cut = join(scratch, 'cut.pcap');
    copyFileSync(capture, cut);
    truncateSync(cut, statSync(capture).size - 7);
    const { status, stderr, stdout } = adtap(['replay', cut, '--format', 'ndjson']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: .*truncated/);
    expect(stdout.split('\n').length).toBeGreaterThan(50);
  });

  it.each([
    ['a missing file', ['replay', '/nowhere/x.pcap'], /no such file/],
    ['what is no capture', ['replay', join(root, 'package.json')], /not a capture/],
    ['a filter it cannot read', ['replay', capture, '--filter', 'tcp prot 88'], /"prot" is not expected here/],
    ['an unknown limit', ['replay', capture, '--set', 'x.y=1'], /There is no limit x\.y/],
    ['a limit above its maximum', ['replay', capture, '--set', 'ip.tunnelDepth=99'], /at most 16/],
    ['an unknown kind', ['replay', capture, '--emit', 'nothing'], /nothing is none of/],
    ['a frame that is not there', ['explain', capture, '--frame', '99999999'], /frame/],
  ])('refuses %s with one line and exit code 2', (_what, args, message) => {
    const { status, stderr } = adtap(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });

  it('refuses to write where it reads from, by whatever name', () => {
    const own = join(scratch, 'own.pcap');
    const link = join(scratch, 'link.pcap');
    copyFileSync(capture, own);
    symlinkSync(own, link);
    for (const out of [
      ['-o', own],
      ['-o', link],
      ['-q', '--metrics', own],
    ]) {
      const { status, stderr } = adtap(['replay', own, ...out]);
      expect(stderr).toContain('would overwrite what is read with FILE');
      expect(status).toBe(2);
    }
    expect(readFileSync(own).equals(readFileSync(capture))).toBe(true);
  });

  it('reads only what was asked for: limit, filter, times', () => {
    const limited = adtap(['replay', capture, '-o', join(scratch, 'x'), '--limit', '100']);
    expect(numberOf(limited.stderr, 'packets')).toBe(100);
    const { stdout } = adtap(['replay', capture, '--format', 'ndjson', '-q', '--filter', 'udp port 53 or tcp port 53']);
    const protocols = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { protocol: string }).protocol);
    expect(new Set(protocols)).toEqual(new Set(['dns']));
    expect(adtap(['replay', capture, '--format', 'ndjson', '-q', '--to', '2001-01-01T00:00:00Z']).stdout).toBe('');
  });

  it('keeps the pace of the capture', () => {
    const { stdout, stderr } = adtap(['replay', fixture('lab/cldap-ping.pcap'), ...everything, '--speed', '1000']);
    expect(stderr).toBe('');
    expect(stdout).toBe(adtap(['replay', fixture('lab/cldap-ping.pcap'), ...everything]).stdout);
  });

  it('goes quietly when its reader goes', () => {
    const command = `"${process.execPath}" dist/cli/main.js replay "${capture}" --emit all --format ndjson -q | head -1`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: root });
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
  });

  it('never tells a password', () => {
    const { stdout } = adtap(['replay', fixture('lab/ldap-simple-bind.pcap'), fixture('lab/smb-ntlm-ok.pcap'), ...everything]);
    const passwords = JSON.parse(readFileSync(fixture('lab/passwords.json'), 'utf8')) as string[];
    expect(passwords.length).toBeGreaterThan(5);
    for (const password of passwords) expect(stdout).not.toContain(password);
  });
});

describe('the library', () => {
  it('gives typed activities, one after the other, and a summary', async () => {
    const run = replay(capture);
    const failed: string[] = [];
    for await (const activity of run)
      if (activity.type === 'ntlm.logon' && activity.outcome === 'failure') failed.push(activity.reason ?? '');
    expect(failed).toContain('STATUS_LOGON_FAILURE');
    const summary = await run.summary;
    expect(summary.decoded + summary.ignored + summary.dropped).toBe(summary.packets);
  });

  it('stops when its reader does', async () => {
    for await (const activity of replay(capture, { emit: ['activities', 'entities'] })) {
      expect(activity.v).toBe(1);
      break;
    }
  });

  it('rejects with a code for what is no capture', async () => {
    await expect(replay(join(root, 'package.json')).all()).rejects.toMatchObject({ code: 'ADTAP_E_NOT_A_CAPTURE', exitCode: 2 });
    await expect(replay('/nowhere.pcap').all()).rejects.toBeInstanceOf(AdtapError);
  });
});
