// Every verdict of every check, each from the one fact that it hangs on.
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/doctor/facts.ts';
import { gravest } from '../../../src/doctor/finding.ts';
import { checks, examine } from '../../../src/doctor/registry.ts';
import { adapter, device, factsOf } from '../../support/doctor-facts.ts';

const routable = [{ address: '192.0.2.2', prefix: 24 }];
type Change = Partial<Facts>;
type Plan = Partial<Facts['plan']>;

/** Lines `level says` of one check; every line that does not pass must say what to do, and no other may. */
function judged(check: string, change: Change = {}, plan: Plan = {}): string[] {
  const found = examine(factsOf(change, plan)).filter((one) => one.check === check);
  for (const { level, remedy } of found) expect(remedy === null).toBe(level === 'pass');
  return found.map(({ level, says }) => `${level} ${says}`);
}

const library = (line: string, version: [number, number] | null, name: 'libpcap' | 'Npcap' | 'WinPcap' = 'libpcap'): Change => ({
  library: { name, version, line, devices: [device('eth0')] },
});
const npcap = (change: Partial<NonNullable<Facts['npcap']>> = {}): Change => ({
  ...library('Npcap version 1.79, based on libpcap version 1.10.4', [1, 79], 'Npcap'),
  platform: 'win32',
  npcap: { adminOnly: false, loopback: false, winPcapCompatible: true, besideWinPcap: false, ...change },
});

describe('a machine that is fit', () => {
  it('passes every check that applies to a local sensor', () => {
    const findings = examine(factsOf());
    expect(findings.map(({ level }) => level)).toEqual(findings.map(() => 'pass'));
    expect(findings.map(({ check }) => check)).toEqual(checks.map(({ name }) => name).filter((name) => name !== 'adapter roles'));
    expect(gravest(findings)).toBe('pass');
  });

  it('is as fit as its gravest finding', () => {
    const level = (...levels: ('pass' | 'warn' | 'fail')[]) =>
      gravest(levels.map((one) => ({ level: one, says: '', remedy: null })));
    expect([level(), level('pass', 'warn'), level('warn', 'fail', 'pass')]).toEqual(['pass', 'warn', 'fail']);
  });
});

describe('the capture library', () => {
  it.each<[string, Change, RegExp]>([
    ['of Debian', library('libpcap version 1.10.3', [1, 10]), /^pass libpcap version 1\.10\.3$/],
    ['at the limit', library('libpcap version 1.5.0', [1, 5]), /^pass/],
    ['that is too old', library('libpcap version 1.4.0', [1, 4]), /^fail .*older than 1\.5$/],
    ['of unknown version', library('Apple version 140', null), /^warn/],
    ['Npcap 1.0', library('Npcap version 1.00', [1, 0], 'Npcap'), /^pass/],
    ['Npcap before 1.0', library('Npcap version 0.9990', [0, 9990], 'Npcap'), /^fail .*older than 1\.0$/],
    ['WinPcap', library('WinPcap version 4.1.3', [4, 1], 'WinPcap'), /^fail .*is refused$/],
    ['that is missing', { library: { problem: 'libpcap is not installed', standIn: null } }, /^fail libpcap is not installed$/],
    [
      'that another stands in for',
      { library: { problem: 'the addon is not built', standIn: 'the package cap' } },
      /^warn the addon is not built; the package cap stands in$/,
    ],
  ])('%s', (_, change, verdict) => {
    expect(judged('capture library', change)).toEqual([expect.stringMatching(verdict)]);
  });

  it.each<[string, Change, number]>([
    ['as Defender for Identity asks', npcap(), 1],
    ['with loopback', npcap({ loopback: true }), 2],
    ['without WinPcap mode', npcap({ winPcapCompatible: false }), 2],
    ['beside WinPcap', npcap({ besideWinPcap: true }), 2],
  ])('Npcap installed %s', (_, change, lines) => {
    const found = judged('capture library', change);
    expect(found.filter((line) => line.startsWith('warn'))).toHaveLength(lines - 1);
    expect(found).toHaveLength(lines);
  });
});

describe('privileges', () => {
  const linux = (mayCapture: boolean | null, inUserNamespace = false): Change => ({
    privileges: { mayCapture, mayConfigure: mayCapture, inUserNamespace },
  });
  const closed = { privileges: { mayCapture: false, mayConfigure: null, inUserNamespace: false } };
  const unknown = { privileges: { mayCapture: null, mayConfigure: null, inUserNamespace: false } };
  it.each<[string, Change, RegExp]>([
    ['both capabilities', linux(true), /^pass CAP_NET_RAW and CAP_NET_ADMIN$/],
    ['only to capture', { privileges: { mayCapture: true, mayConfigure: false, inUserNamespace: false } }, /^pass CAP_NET_RAW$/],
    ['none', linux(false), /^fail CAP_NET_RAW is missing/],
    ['unknown', linux(null), /^warn/],
    ['in a user namespace', linux(true, true), /^warn/],
    ['elevated on Windows', { ...npcap({ adminOnly: true }), privileges: factsOf().privileges }, /^pass elevated$/],
    ['not elevated, Npcap for administrators', { ...npcap({ adminOnly: true }), ...closed }, /^fail .*AdminOnly/],
    ['not elevated, Npcap for all', { ...npcap(), ...closed }, /^pass not elevated/],
    ['not elevated, no Npcap', { platform: 'win32', npcap: null, ...closed }, /^warn/],
    ['a BPF device of macOS', { platform: 'darwin' }, /^pass a BPF device/],
    ['no BPF device of macOS', { platform: 'darwin', ...closed }, /^fail no BPF device can be opened$/],
    ['macOS without BPF devices', { platform: 'darwin', ...unknown }, /^warn/],
  ])('%s', (_, change, verdict) => {
    expect(judged('privileges', change)).toEqual([expect.stringMatching(verdict)]);
  });
});

describe('adapters', () => {
  const three = [adapter('lo', { kind: 'loopback' }), adapter('eth0'), adapter('eth1', { state: 'no-link' })];

  it('are all that the sensor would choose', () => {
    const found = judged('adapters', { adapters: three });
    expect(found).toEqual([expect.stringMatching(/^pass eth0 is up: ethernet, 1000 Mbit\/s/), 'warn eth1 has no link']);
    expect(judged('adapters', { adapters: three }, { loopback: true })).toHaveLength(3);
  });

  it('are not the carriers of a bridge, nor the VLANs of an adapter that is captured from itself', () => {
    const adapters = [
      adapter('eth0', { master: 'br0' }),
      adapter('br0', { kind: 'bridge', members: ['eth0'], lower: ['eth0'] }),
      adapter('eth1'),
      adapter('eth1.7', { kind: 'vlan', lower: ['eth1'] }),
    ];
    expect(judged('adapters', { adapters }).map((line) => line.split(' ')[1])).toEqual(['br0', 'eth1']);
  });

  it.each<[string, Change, Plan, RegExp]>([
    ['that is not there', {}, { capture: ['eth9'] }, /^fail eth9: there is no such adapter; there are eth0$/],
    ['that is switched off', { adapters: [adapter('eth0', { state: 'down' })] }, { capture: ['eth0'] }, /^fail .*switched off/],
    ['without link, by name', { adapters: three }, { capture: ['eth1'] }, /^fail eth1 has no link$/],
    ['that the library does not list', library('libpcap version 1.10.3', [1, 10]), { capture: ['eth0'] }, /^pass/],
    [
      'that only the system lists',
      { ...library('libpcap version 1.10.3', [1, 10]), adapters: [adapter('eth0'), adapter('eth5')] },
      { capture: ['eth5'] },
      /^fail eth5 is not among the devices/,
    ],
    ['none at all', { adapters: [] }, {}, /^fail no adapter to capture on is up; there are none$/],
    ['without a library', { library: { problem: 'gone', standIn: null } }, {}, /^pass eth0 is up/],
    [
      'where nothing arrives',
      { adapters: [adapter('span0', { received: { packets: 0, bytes: 0, errors: 0, dropped: 0 } })] },
      { isStandalone: true, capture: ['span0'] },
      /^warn span0 is up, but nothing ever arrived there$/,
    ],
  ])('%s', (_, change, plan, verdict) => {
    expect(judged('adapters', change, plan)).toEqual([expect.stringMatching(verdict)]);
  });

  it("are found by the capture library's name", () => {
    const name = '\\Device\\NPF_{4D36E972-E325-11CE-BFC1-08002BE10318}';
    const adapters = [adapter('Ethernet 2', { device: name })];
    expect(judged('adapters', { adapters }, { capture: [name] })).toEqual([expect.stringMatching(/^pass Ethernet 2 is up/)]);
    expect(judged('adapters', { adapters })).toEqual([expect.stringMatching(/^pass Ethernet 2 is up/)]);
  });
});

describe('the roles of adapters', () => {
  const standalone: Plan = { isStandalone: true, capture: ['span0'], management: 'mgmt0' };
  const mgmt0 = adapter('mgmt0', { addresses: routable, gateways: ['192.0.2.1'], nameServers: ['192.0.2.53'] });
  const roles = (span: Partial<Facts['adapters'][number]>, plan: Plan = {}, management = mgmt0): string[] =>
    judged('adapter roles', { adapters: [management, adapter('span0', span)] }, { ...standalone, ...plan });

  it('pass where one speaks and the other listens', () => {
    const addresses = [
      { address: '169.254.3.4', prefix: 16 },
      { address: 'fe80::1', prefix: 64 },
      { address: '198.51.100.7', prefix: 32 },
      { address: '2001:db8::7', prefix: 128 },
    ];
    expect(roles({ addresses })).toEqual([
      expect.stringMatching(/^pass mgmt0 manages/),
      'pass span0 captures: no gateway, no DNS, no routable address',
    ]);
  });

  it.each<[string, string[], RegExp]>([
    ['a gateway', roles({ gateways: ['198.51.100.1'] }), /^fail span0 captures and has a gateway \(198\.51\.100\.1\)$/],
    ['DNS', roles({ nameServers: ['198.51.100.53'] }), /^fail span0 captures and has name servers/],
    [
      'a routable address',
      roles({ addresses: routable }),
      /^warn span0 captures and has a routable address \(192\.0\.2\.2\/24\)$/,
    ],
    ['both roles', roles({}, { capture: ['mgmt0'] }), /^fail mgmt0 is to capture and to manage$/],
  ])('are wrong with %s', (_, found, verdict) => {
    expect(found.at(-1)).toMatch(verdict);
  });

  it.each<[string, string[], RegExp]>([
    ['not named', roles({}, { management: null }), /^fail a standalone sensor needs/],
    ['not there', roles({}, { management: 'eth9' }), /^fail eth9: there is no such adapter$/],
    ['down', roles({}, {}, { ...mgmt0, state: 'down' }), /^fail .*is not up$/],
    ['without address', roles({}, {}, { ...mgmt0, addresses: [] }), /^fail .*has no address$/],
  ])('are wrong with a management adapter that is %s', (_, found, verdict) => {
    expect(found[0]).toMatch(verdict);
  });

  it('are wrong when no capture adapter is named', () => {
    expect(roles({}, { capture: [] })).toEqual([expect.stringMatching(/^fail a standalone sensor must be told/)]);
  });
});

describe('bonds and teams', () => {
  const legs = [adapter('eth0', { master: 'bond0' }), adapter('eth1', { master: 'bond0' })];
  const bond = adapter('bond0', { kind: 'bond', members: ['eth0', 'eth1'], lower: ['eth0', 'eth1'] });
  it.each<[string, Plan, RegExp[]]>([
    ['by themselves', {}, [/^pass bond0 is a bond of eth0, eth1$/]],
    ['by one leg', { capture: ['eth1'] }, [/^warn eth1 is one leg of the bond bond0/]],
    ['twice', { capture: ['bond0', 'eth0'] }, [/^pass bond0/, /^fail eth0 and its bond bond0 would both be captured/]],
  ])('captured %s', (_, plan, verdicts) => {
    expect(judged('teaming', { adapters: [...legs, bond] }, plan)).toEqual(verdicts.map((one) => expect.stringMatching(one)));
  });

  it('are not bridges', () => {
    const adapters = [adapter('eth0', { master: 'br0' }), adapter('br0', { kind: 'bridge', members: ['eth0'] })];
    expect(judged('teaming', { adapters }, { capture: ['eth0'] })).toEqual(['pass none of the adapters is bonded or teamed']);
  });
});

describe('the size of the machine', () => {
  const cpu = (change: Partial<Facts['cpu']>): Change => ({ cpu: { ...factsOf().cpu, ...change } });
  const memory = (total: number, available: number, limit: number | null = null): Change => ({
    memory: { machineTotal: 16e9, machineAvailable: 12e9, limit, total, available, own: 1e8 },
  });
  const disk = (available: number, isWritable = true): Change => ({ disk: { total: 100e9, available, isWritable } });
  it.each<[string, Change, Plan, RegExp]>([
    ['cores', cpu({ usable: 2, physical: 2 }), {}, /^pass 2 cores, 4 of 4 logical processors$/],
    ['cores', cpu({ usable: 1.5, quota: 1.5 }), {}, /^fail .*a quota of 1\.5: less than 2$/],
    ['cores', cpu({ usable: 2, physical: 1 }), {}, /^warn .*hyper-threads of 1 core$/],
    ['cores', cpu({ usable: 2, physical: null }), {}, /^pass \? cores/],
    ['memory', memory(6e9, 3e9), {}, /^pass 6\.0 GB, 3\.0 GB free$/],
    ['memory', memory(5.9e9, 3e9), {}, /^fail .*less than 6\.0 GB$/],
    ['memory', memory(5.9e9, 3e9, 5.9e9), {}, /^fail .*\(the limit of its control group\)/],
    ['memory', memory(10e9, 1.4e9), {}, /^warn .*less than 15% is free/],
    ['memory', memory(10e9, 9e9), { memoryBudget: 8.6e9 }, /^warn .*budget is 8\.6 GB/],
    ['disk', disk(10e9), {}, /^pass 10\.0 GB free of 100\.0 GB for \/var\/lib\/adtap$/],
    ['disk', disk(9.9e9), {}, /^warn .*recommended$/],
    ['disk', disk(5.9e9), {}, /^fail .*less than 6\.0 GB$/],
    ['disk', disk(50e9, false), {}, /^fail .*files cannot be made there$/],
    ['disk', { disk: null }, {}, /^warn .*cannot be read$/],
  ])('%s', (check, change, plan, verdict) => {
    expect(judged(check, change, plan)).toEqual([expect.stringMatching(verdict)]);
  });
});

describe('the surroundings', () => {
  const clock = (offset: number, delay = 0, synchronised = true): Change => ({
    clocks: [{ server: '192.0.2.10', offset, delay, stratum: 3, synchronised }],
  });
  const power = (settings: string[], isFull: boolean | null, platform: NodeJS.Platform = 'linux'): Change => ({
    power: { settings, isFull },
    platform,
  });
  const vm = (change: Partial<Facts['virtual']>): Change => ({
    virtual: { ...factsOf().virtual, hypervisor: 'VMware', ...change },
  });
  it.each<[string, Change, RegExp]>([
    ['clock', clock(60_000), /^pass 192\.0\.2\.10 is 60\.000 s ahead of this clock/],
    ['clock', clock(-60_001), /^warn .*60\.001 s behind this clock.*more than a minute apart$/],
    ['clock', clock(300_000), /^warn/],
    ['clock', clock(300_001), /^fail .*more than five minutes apart$/],
    ['clock', clock(-300_001), /^fail/],
    ['clock', clock(300_400, 1000), /^warn/],
    ['clock', clock(0, 0, false), /^warn .*not synchronised$/],
    ['clock', { clocks: [{ server: '192.0.2.10', problem: 'no answer' }] }, /^warn 192\.0\.2\.10: no answer/],
    ['clock', { clocks: [] }, /^warn no domain controller was named/],
    ['power', power(['performance'], true), /^pass performance$/],
    ['power', power(['powersave', 'performance'], false), /^warn powersave, performance: processors slow down/],
    ['power', power(['Balanced'], false, 'win32'), /^warn Balanced/],
    ['power', power(['low power mode'], false, 'darwin'), /^warn low power mode/],
    ['power', power(['plan 01234567-89ab-cdef-0123-456789abcdef'], null, 'win32'), /^warn .*is not known$/],
    ['power', power([], null), /^pass the clock of the processors is not set from here$/],
    ['power', { ...power([], null), ...vm({}) }, /^pass left to the host \(VMware\)$/],
    ['vm memory', vm({ hypervisor: null }), /^pass not a virtual machine$/],
    ['vm memory', vm({ reserved: 16e9 }), /^pass VMware, all memory reserved$/],
    ['vm memory', vm({ reserved: 8e9 }), /^warn VMware reserves 8\.0 of 16\.0 GB$/],
    ['vm memory', vm({ reserved: 16e9, ballooned: 1e9 }), /^warn VMware has taken 1\.0 GB back/],
    ['vm memory', vm({ hasBalloon: true }), /^warn VMware can take memory back/],
    ['vm memory', vm({}), /^pass VMware; nothing in this guest/],
  ])('%s', (check, change, verdict) => {
    expect(judged(check, change)).toEqual([expect.stringMatching(verdict)]);
  });
});
