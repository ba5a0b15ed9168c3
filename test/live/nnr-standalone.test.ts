// A standalone sensor's look-ups leave by the management adapter or not at all: what is behind a mirror port is never asked.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import type { Told } from '../../src/cli/resolve.ts';
import type { Answer } from '../../src/nnr/answer.ts';
import { adapterCount, ip, Wire } from './support/net.ts';
import { play, SensorProcess } from './support/sensor.ts';

const folder = mkdtempSync(join(tmpdir(), 'adtap-nnr-standalone-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A mirror port with addresses, which it should not have, and a management adapter of IPv4 alone. */
function ports() {
  const mirror = new Wire();
  const management = new Wire();
  ip('addr', 'add', '198.51.100.2/24', 'dev', management.tap);
  ip('addr', 'add', '10.77.0.2/24', 'dev', mirror.tap);
  // Else the kernel greets the network by itself, and up to a second later once more.
  const setting = (name: string): string => `/proc/sys/net/ipv6/conf/${mirror.tap}/${name}`;
  writeFileSync(setting('router_solicitations'), '0');
  writeFileSync(setting('mldv2_unsolicited_report_interval'), '1');
  writeFileSync(setting('disable_ipv6'), '0');
  ip('addr', 'flush', 'dev', mirror.tap, 'scope', 'link');
  ip('addr', 'add', 'fd00::2/64', 'dev', mirror.tap, 'nodad');
  return {
    mirror,
    management,
    [Symbol.dispose]() {
      mirror.remove();
      management.remove();
    },
  };
}

/** Packets sent by an adapter, once the kernel has said what it says on its own. */
async function sentBy(adapter: string): Promise<number> {
  for (let before = -1, tries = 0; tries < 20; tries++) {
    const now = adapterCount(adapter, 'tx_packets');
    if (now === before) return now;
    before = now;
    await wait(500);
  }
  throw new Error(`${adapter} does not come to rest`);
}

it('adtap resolve asks nobody behind the mirror port, directly or by DNS', async () => {
  using two = ports();
  const file = join(folder, 'adtap.yaml');
  writeFileSync(
    file,
    `management: { adapter: ${two.management.tap} }\nnnr: { dnsServers: [10.77.0.53, 'fd00::53'], timeoutMs: 700 }\n`,
  );
  const before = await sentBy(two.mirror.tap);
  const ours = adapterCount(two.management.tap, 'tx_packets');
  const args = ['resolve', '--json', '--config', file, '10.77.0.101', 'fd00::101', '198.51.100.9'];
  const { stdout } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], { encoding: 'utf8' });
  const [ipv4, ipv6, near] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told & { readonly answers: readonly Answer[] });
  for (const { method, reason, evidence } of ipv4?.answers ?? []) {
    expect(`${method} ${reason}`).toBe(`${method} unreachable`);
    expect(evidence).toMatch(
      method === 'reverse-dns' ? /no IPv6 address to ask it from/ : new RegExp(`leaves by ${two.mirror.tap}`),
    );
  }
  expect(ipv4?.answers).toHaveLength(4);
  expect(ipv6?.answers.map(({ reason }) => reason)).toEqual(['unreachable', 'unreachable', 'unreachable']);
  expect(ipv6?.answers[0]?.evidence).toContain('no IPv6 address to ask it from');
  // Nobody is there, but it is asked: by ARP, on the management adapter.
  expect(near?.answers[0]?.evidence).not.toContain('leaves by');
  expect(adapterCount(two.management.tap, 'tx_packets')).toBeGreaterThan(ours);
  await wait(1500);
  expect(adapterCount(two.mirror.tap, 'tx_packets')).toBe(before);
});

it('a standalone sensor neither, and says why none has a name', async () => {
  using two = ports();
  const { mirror, management } = two;
  const settings = ['nnr.enabled=true', 'nnr.networks=[10.77.0.0/16]', 'nnr.dnsServers=[10.77.0.10]', 'nnr.timeoutMs=500'];
  const before = await sentBy(mirror.tap);
  using sensor = await SensorProcess.start([
    ...['--standalone', '-i', mirror.tap, '--management-adapter', management.tap, '-o', '/dev/null'],
    ...settings.flatMap((one) => ['--set', one]),
  ]);
  await play('fixtures/lab/kerberos-nopreauth.pcap', mirror.far, '--rate', '2000');
  await sensor.until(async () =>
    /^adtap_nnr_failures_total\{method="reverse-dns",reason="unreachable"\} [1-9]/m.test(await sensor.metrics()),
  );
  expect((await sensor.stop()).code).toBe(0);
  expect(adapterCount(mirror.tap, 'tx_packets')).toBe(before);
});
