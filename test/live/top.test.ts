// `adtap top` against a running sensor.
import { execFileSync, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Wire } from './support/net.ts';
import { Player, SensorProcess } from './support/sensor.ts';

const top = (...args: readonly string[]): { code: number | null; out: string; errors: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'top', '--once', ...args], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, errors: stderr };
};

it('shows rates, the busiest addresses and health of a running sensor', async () => {
  using wire = new Wire();
  using sensor = await SensorProcess.start(['-i', wire.tap, '-o', '/dev/null', '--domain-controller', '10.77.0.10']);
  using player = new Player('fixtures/lab/first-look.pcap', wire.far, '--rate', '2000', '--seconds', '100');
  // They are those of ten seconds.
  await sensor.until(async () => (await sensor.status()).busiest.talkers.length > 0, 60);
  const { code, out } = top('--url', sensor.url);
  expect(player.isPlaying).toBe(true);
  player[Symbol.dispose]();
  expect(code).toBe(0);
  expect(out).toMatch(/^adtap \d+\.\d+\.\d+ {2}\S+ {2}local, native {2}up 00:0\d:\d\d$/m);
  // 2,000 packets a second are sent; the default filter lets nearly all of them in.
  const [, number, unit] = /^packets ([\d.]+) (k?)\/s/m.exec(out) ?? [];
  const rate = Number(number) * (unit === 'k' ? 1000 : 1);
  // A busy machine may send them in bursts.
  expect(rate).toBeGreaterThan(500);
  expect(rate).toBeLessThan(8000);
  expect(out).toMatch(new RegExp(`^${wire.tap} +capturing +[\\d.]+ k?/s +[\\d.]+ [kM]bit/s +0 +0 +0$`, 'm'));
  expect(out).toMatch(/^10\.77\.0\.10 +[\d.]+ k?\/s +\d+ +00:00:\d\d ago$/m);
  expect(out).toMatch(/^10\.77\.0\.101 +[\d.]+\/s$/m);
  execFileSync('ip', ['link', 'set', wire.tap, 'down']);
  await sensor.until(async () => (await sensor.status()).issues.length > 0);
  const down = top('--url', sensor.url);
  expect(down.out).toMatch(/^high +All capture network adapters are not available/m);
  expect(down.code).toBe(1);
});

it('says that no sensor answers', () => {
  const { code, errors } = top('--url', 'http://127.0.0.1:9');
  expect(code).toBe(2);
  expect(errors).toMatch(/^adtap: no sensor answers at http:\/\/127\.0\.0\.1:9: /);
});
