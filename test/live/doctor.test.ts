// `adtap doctor`, `adtap adapters` and the sensor's look at clocks, in a network of our own: a domain controller in a namespace of
// its own that keeps time by chrony, one whose clock is wrong, a management adapter, a mirror port, a bond.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/fixtures.ts';
import { adapterCount, ip } from './support/net.ts';

const MAIN = join(root, 'dist/cli/main.js');
const DC = `adtap-doctor-${process.pid}`;
const RIGHT = '198.18.0.1';
const WRONG = '198.18.0.2';
const children: ChildProcess[] = [];
let folder = '';

const sent = (name: string): number => adapterCount(name, 'tx_packets');

function pair(name: string, far: string): void {
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', far);
  // No neighbour discovery: what is sent by a mirror port is then counted exactly.
  for (const one of [name, far]) writeFileSync(`/proc/sys/net/ipv6/conf/${one}/disable_ipv6`, '1');
}

/** Answers as chrony does, 400 seconds ahead. */
const WRONG_CLOCK = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (request, { port, address }) => {
  const answer = Buffer.alloc(48);
  answer[0] = 0x24;
  answer[1] = 3;
  request.copy(answer, 24, 40, 48);
  const seconds = Date.now() / 1000 + 400 + 2208988800;
  for (const at of [32, 40]) {
    answer.writeUInt32BE(Math.floor(seconds) % 2 ** 32, at);
    answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
  }
  socket.send(answer, port, address);
});
socket.bind(123, '${WRONG}', () => console.log('ready'));
`;

beforeAll(async () => {
  if (process.env['ADTAP_LIVE'] !== '1') throw new Error('live tests run in a namespace of their own: npm run test:live');
  folder = mkdtempSync(join(tmpdir(), 'adtap-doctor-'));
  ip('netns', 'add', DC);
  pair('mgmt0', 'dc0');
  pair('span0', 'mirror0');
  ip('link', 'set', 'dc0', 'netns', DC);
  ip('-n', DC, 'link', 'set', 'dc0', 'up');
  for (const address of [RIGHT, WRONG]) ip('-n', DC, 'address', 'add', `${address}/24`, 'dev', 'dc0');
  ip('address', 'add', '198.18.0.9/24', 'dev', 'mgmt0');
  for (const name of ['mgmt0', 'span0', 'mirror0']) ip('link', 'set', name, 'up');
  const config = join(folder, 'chrony.conf');
  writeFileSync(config, `local stratum 5\nallow all\nbindaddress ${RIGHT}\ncmdport 0\npidfile ${join(folder, 'chrony.pid')}\n`);
  children.push(spawn('ip', ['netns', 'exec', DC, 'chronyd', '-d', '-x', '-u', 'root', '-f', config], { stdio: 'ignore' }));
  const wrong = spawn('ip', ['netns', 'exec', DC, process.execPath, '-e', WRONG_CLOCK], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(wrong);
  await once(wrong.stdout, 'data');
});
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.kill()) await once(child, 'exit');
  }
  for (const name of ['mgmt0', 'span0']) spawnSync('ip', ['link', 'del', name]);
  spawnSync('ip', ['netns', 'del', DC]);
  rmSync(folder, { recursive: true, force: true });
});

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly says: string;
}

function doctor(args: readonly string[], before: readonly string[] = []): { status: number | null; of(check: string): string[] } {
  const [command = '', ...words] = [...before, process.execPath, MAIN, 'doctor', '--json', ...args];
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8' });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return {
    status,
    of: (check) => findings.filter((one) => one.check === check).map(({ level, says }) => `${level} ${says}`),
  };
}

const STANDALONE = ['--standalone', '-i', 'span0', '--management-adapter', 'mgmt0'];

it('finds a standalone sensor well placed, and its clock that of the domain controller', async () => {
  // Chrony needs a moment to begin.
  let found = doctor([...STANDALONE, '--dc', RIGHT]);
  for (let tries = 0; tries < 20 && !found.of('clock')[0]?.startsWith('pass'); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    found = doctor([...STANDALONE, '--dc', RIGHT]);
  }
  expect(found.of('clock')).toEqual([expect.stringMatching(/^pass 198\.18\.0\.1 is 0\.\d{3} s .*, stratum 5$/)]);
  expect(found.of('capture library')).toEqual([expect.stringMatching(/^pass libpcap version 1\.\d+/)]);
  expect(found.of('privileges')).toEqual([expect.stringMatching(/^pass CAP_NET_RAW/)]);
  expect(found.of('adapter roles')).toEqual([
    expect.stringMatching(/^pass mgmt0 manages: .*198\.18\.0\.9\/24$/),
    'pass span0 captures: no gateway, no DNS, no routable address',
  ]);
  expect(found.of('adapters')).toEqual(['warn span0 is up, but nothing ever arrived there']);
  expect(sent('span0')).toBe(0);
});

it('fails for a clock that is wrong, with exit code 1', () => {
  const found = doctor([...STANDALONE, '--dc', WRONG]);
  expect(found.of('clock')).toEqual([
    expect.stringMatching(/^fail 198\.18\.0\.2 is (399|400)\.\d{3} s ahead .*five minutes apart$/),
  ]);
  expect(found.status).toBe(1);
});

it('fails for a mirror port with a gateway, and sends nothing by it', () => {
  ip('route', 'add', `${RIGHT}/32`, 'dev', 'span0');
  ip('route', 'add', 'default', 'dev', 'span0');
  try {
    const found = doctor([...STANDALONE, '--dc', RIGHT]);
    expect(found.of('adapter roles')).toContainEqual(expect.stringMatching(/^fail span0 captures and has a gateway \(on-link\)/));
    expect(found.of('clock')).toEqual([expect.stringMatching(/^warn 198\.18\.0\.1: the route to it leaves by span0/)]);
    expect(sent('span0')).toBe(0);
  } finally {
    ip('route', 'del', 'default', 'dev', 'span0');
    ip('route', 'del', `${RIGHT}/32`, 'dev', 'span0');
  }
});

it('fails without capabilities, with exit code 1', () => {
  const found = doctor([], ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all']);
  expect(found.status).toBe(1);
  expect(found.of('privileges')).toEqual(['fail CAP_NET_RAW is missing: no adapter can be opened']);
});

it('tells adapters that are down, without link, and bridged', () => {
  ip('link', 'add', 'br0', 'type', 'bridge');
  ip('link', 'set', 'mirror0', 'master', 'br0', 'down');
  try {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'adapters', '--json'], { encoding: 'utf8' });
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as { name: string }[];
    const row = (name: string): unknown => rows.find((one) => one.name === name);
    expect(row('mgmt0')).toMatchObject({ state: 'up', kind: 'ethernet', linktype: 'ETHERNET', addresses: ['198.18.0.9/24'] });
    expect(row('mirror0')).toMatchObject({ state: 'down', master: 'br0' });
    expect(row('span0')).toMatchObject({ state: 'no-link' });
    expect(row('br0')).toMatchObject({ state: 'down', kind: 'bridge', members: ['mirror0'] });
    expect(doctor(['-i', 'span0']).of('adapters')).toEqual(['fail span0 has no link']);
    expect(doctor(['-i', 'mirror0']).of('adapters')).toEqual(['fail mirror0 is switched off']);
  } finally {
    ip('link', 'del', 'br0');
    ip('link', 'set', 'mirror0', 'up');
  }
});

it('lets the sensor raise an issue for the wrong clock alone, and send nothing by the mirror port', async () => {
  const out = join(folder, 'health.ndjson');
  const before = sent('span0');
  const args = [MAIN, 'sensor', ...STANDALONE, '--domain-controller', RIGHT, '--domain-controller', WRONG];
  const settings = ['-o', join(folder, 'out.ndjson'), '--set', `health.path=${out}`, '--set', 'metrics.listen=off'];
  const sensor = spawn(process.execPath, [...args, ...settings], { stdio: 'ignore' });
  const issues = (): { key: string; subject: string; message: string }[] => {
    try {
      return readFileSync(out, 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { key: string; subject: string; message: string }]));
    } catch {
      return [];
    }
  };
  try {
    const deadline = performance.now() + 30_000;
    while (!issues().some(({ key }) => key === 'clockSkew') && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 200));
    expect(issues().filter(({ key }) => key === 'clockSkew')).toMatchObject([
      { subject: WRONG, message: expect.stringMatching(/^(399|400) seconds ahead of ours$/) },
    ]);
    expect(sent('span0')).toBe(before);
  } finally {
    sensor.kill('SIGTERM');
    const [code] = await once(sensor, 'exit');
    expect(code).toBe(0);
  }
});
