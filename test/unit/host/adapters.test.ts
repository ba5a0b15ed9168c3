// Adapters on recorded machines: kinds, states, bonds and teams, and the answer of Windows' cmdlets.
import { describe, expect, it } from 'vitest';
import { receiveCounters } from '../../../src/host/adapters/linux.ts';
import { adapters } from '../../../src/host/adapters/list.ts';
import { SCRIPT } from '../../../src/host/adapters/windows.ts';
import { recordedMachine, under } from '../../support/recorded-machine.ts';

const HEAD =
  'Inter-|   Receive                                                |  Transmit\n' +
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';
const dev = (...names: readonly string[]): Record<string, string> => ({
  '/proc/net/dev': HEAD + names.map((name) => `${name.padStart(6)}: 6400 100 2 3 0 0 0 0 0 0 0 0 0 0 0 0\n`).join(''),
});
const sys = (name: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  under(`/sys/class/net/${name}`, files);
const UP = { type: '1\n', flags: '0x1003\n', operstate: 'up\n', carrier: '1\n', speed: '1000\n', mtu: '1500\n' };

describe('adapters of Linux', () => {
  it('tell what they are, where they lead and what arrived', async () => {
    const machine = recordedMachine({
      files: {
        ...dev('eth0'),
        ...sys('eth0', {
          ...UP,
          uevent: 'INTERFACE=eth0\nIFINDEX=2\n',
          address: '52:54:00:AB:cd:01\n',
          ifalias: 'mirror of DC1\n',
        }),
        '/proc/net/route': 'Iface\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n',
        '/etc/resolv.conf': 'nameserver 192.0.2.53\n',
      },
      links: { '/sys/class/net/eth0/device': '../../../virtio2' },
      interfaces: {
        eth0: [
          { address: '192.0.2.2', netmask: '255.255.255.0', family: 'IPv4', mac: '', internal: false, cidr: '192.0.2.2/24' },
        ],
      },
    });
    expect(await adapters(machine)).toEqual([
      {
        name: 'eth0',
        device: 'eth0',
        description: 'mirror of DC1',
        kind: 'ethernet',
        state: 'up',
        mtu: 1500,
        speed: 1e9,
        hardwareAddress: '52:54:00:ab:cd:01',
        addresses: [{ address: '192.0.2.2', prefix: 24 }],
        gateways: ['192.0.2.1'],
        nameServers: ['192.0.2.53'],
        master: null,
        members: [],
        lower: [],
        received: { packets: 100, bytes: 6400, errors: 2, dropped: 3 },
      },
    ]);
  });

  it('that are bonded know each other', async () => {
    const machine = recordedMachine({
      files: {
        ...dev('bond0', 'eth0', 'eth1'),
        ...sys('bond0', { ...UP, uevent: 'DEVTYPE=bond\nINTERFACE=bond0\nIFINDEX=5\n', 'bonding/slaves': 'eth0 eth1\n' }),
        ...sys('eth0', { ...UP, 'bonding_slave/state': 'active\n' }),
        ...sys('eth1', { ...UP, 'bonding_slave/state': 'backup\n' }),
      },
      links: { '/sys/class/net/eth0/master': '../bond0', '/sys/class/net/eth1/master': '../bond0' },
    });
    expect(await adapters(machine)).toMatchObject([
      { name: 'bond0', kind: 'bond', members: ['eth0', 'eth1'], master: null },
      { name: 'eth0', kind: 'ethernet', members: [], master: 'bond0' },
      { name: 'eth1', kind: 'ethernet', members: [], master: 'bond0' },
    ]);
  });

  it('that are members of something virtual without a name of its kind are a team', async () => {
    const files = { ...dev('team0', 'eth0'), ...sys('team0', { ...UP, uevent: 'INTERFACE=team0\n' }), ...sys('eth0', UP) };
    const links = { '/sys/class/net/eth0/master': '../team0' };
    expect(await adapters(recordedMachine({ files, links }))).toMatchObject([
      { kind: 'team', members: ['eth0'] },
      { kind: 'ethernet' },
    ]);
    // A virtual function under Hyper-V's synthetic adapter looks alike, but that one is a device.
    const hardware = { ...links, '/sys/class/net/team0/device': '../../../f8615163-df3e-46c5-913f-f2d2f965ed0e' };
    expect(await adapters(recordedMachine({ files, links: hardware }))).toMatchObject([
      { kind: 'ethernet' },
      { kind: 'ethernet' },
    ]);
  });

  it.each([
    ['loopback', { type: '772\n' }],
    ['wireless', { type: '1\n', uevent: 'DEVTYPE=wlan\n' }],
    ['wireless', { type: '803\n' }],
    ['bridge', { type: '1\n', uevent: 'DEVTYPE=bridge\n' }],
    ['bridge', { type: '1\n', 'bridge/stp_state': '0\n' }],
    ['bond', { type: '1\n', 'bonding/mode': 'balance-rr 0\n' }],
    ['vlan', { type: '1\n', uevent: 'DEVTYPE=vlan\n' }],
    ['tunnel', { type: '1\n', uevent: 'DEVTYPE=vxlan\n' }],
    ['tunnel', { type: '65534\n' }],
    ['ethernet', { type: '1\n' }],
    ['other', {}],
  ])('are of kind %s by %j', async (kind, files: Record<string, string>) => {
    expect(await adapters(recordedMachine({ files: { ...dev('x0'), ...sys('x0', files) } }))).toMatchObject([{ kind }]);
  });

  it.each([
    ['up', { flags: '0x1003\n', operstate: 'up\n', carrier: '1\n' }],
    ['down', { flags: '0x1002\n', operstate: 'down\n' }],
    ['no-link', { flags: '0x1003\n', operstate: 'down\n', carrier: '0\n' }],
    ['no-link', { flags: '0x1303\n', operstate: 'lowerlayerdown\n', carrier: '0\n' }],
    ['up', { flags: '0x9\n', operstate: 'unknown\n', carrier: '1\n' }],
    ['no-link', { flags: '0x1091\n', operstate: 'unknown\n', carrier: '0\n' }],
    ['up', {}],
  ])('are %s by %j', async (state, files: Record<string, string>) => {
    expect(await adapters(recordedMachine({ files: { ...dev('x0'), ...sys('x0', files) } }))).toMatchObject([{ state }]);
  });

  it.each(['-1\n', '0\n', '', 'unknown\n'])('have no speed where the driver says %j', async (speed) => {
    expect(await adapters(recordedMachine({ files: { ...dev('x0'), ...sys('x0', { speed }) } }))).toMatchObject([
      { speed: null },
    ]);
  });

  it('are bounded', async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `veth${i}`);
    expect(await adapters(recordedMachine({ files: dev(...names) }))).toHaveLength(1024);
  });
});

it('reads counters of adapters whose names hold a colon or lean on the number', () => {
  const text = `${HEAD}eth0:1: 10 2 0 0 0 0 0 0\neth1:20 4 1 0 0 0 0 0\nbroken\n also broken: 1 2\n`;
  expect(Object.fromEntries(receiveCounters(recordedMachine({ files: { '/proc/net/dev': text } })))).toEqual({
    'eth0:1': { packets: 2, bytes: 10, errors: 0, dropped: 0 },
    eth1: { packets: 4, bytes: 20, errors: 1, dropped: 0 },
  });
});

describe('adapters of Windows', () => {
  // The shape that the cmdlets' documented properties have after ConvertTo-Json.
  const answer = {
    adapters: [
      {
        Name: 'Ethernet',
        InterfaceDescription: 'Intel(R) 82574L Gigabit Network Connection',
        InterfaceGuid: '{0A1B2C3D-0000-4000-8000-000000000001}',
        ifIndex: 7,
        MacAddress: '00-15-5D-00-04-01',
        MtuSize: 1500,
        ReceiveLinkSpeed: 1_000_000_000,
        Status: 'Up',
        Medium: '802.3',
      },
      { Name: 'Team1', InterfaceGuid: '{0A1B2C3D-0000-4000-8000-000000000002}', ifIndex: 9, Status: 'Disconnected', Medium: '0' },
      {
        Name: 'Wi-Fi',
        InterfaceGuid: '{0A1B2C3D-0000-4000-8000-000000000003}',
        ifIndex: 11,
        Status: 'Disabled',
        Medium: 'Native 802.11',
      },
    ],
    counters: [
      {
        Name: 'Ethernet',
        ReceivedUnicastPackets: 10,
        ReceivedMulticastPackets: 2,
        ReceivedBroadcastPackets: 1,
        ReceivedBytes: 999,
        ReceivedPacketErrors: 0,
        ReceivedDiscardedPackets: 4,
      },
    ],
    gateways: [
      { ifIndex: 7, NextHop: '192.0.2.1' },
      { ifIndex: 9, NextHop: '0.0.0.0' },
    ],
    servers: [
      { InterfaceIndex: 7, ServerAddresses: ['192.0.2.53'] },
      { InterfaceIndex: 7, ServerAddresses: [] },
    ],
    teams: [{ Name: 'Ethernet', Team: 'Team1' }],
  };
  const command = `powershell.exe -NoProfile -NonInteractive -Command ${SCRIPT} | ConvertTo-Json -Compress -Depth 4`;
  const windows = (said: string) => recordedMachine({ platform: 'win32', programs: { [command]: said } });

  it('carry the name that Npcap knows them by', async () => {
    expect(await adapters(windows(JSON.stringify(answer)))).toMatchObject([
      {
        name: 'Ethernet',
        device: '\\Device\\NPF_{0A1B2C3D-0000-4000-8000-000000000001}',
        kind: 'ethernet',
        state: 'up',
        speed: 1e9,
        hardwareAddress: '00:15:5d:00:04:01',
        gateways: ['192.0.2.1'],
        nameServers: ['192.0.2.53'],
        master: 'Team1',
        received: { packets: 13, bytes: 999, errors: 0, dropped: 4 },
      },
      { name: 'Team1', kind: 'team', state: 'no-link', gateways: ['on-link'], members: ['Ethernet'], received: null },
      { name: 'Wi-Fi', kind: 'wireless', state: 'down', gateways: [] },
    ]);
  });

  it.each(['', 'no JSON', 'null', '7', '{"adapters":{}}'])('are what Node knows where PowerShell says %j', async (said) => {
    expect(await adapters(windows(said))).toEqual([]);
  });
});

it('are what Node knows on other systems', async () => {
  const info = {
    address: '::1',
    netmask: '',
    family: 'IPv6',
    mac: '00:00:00:00:00:00',
    internal: true,
    cidr: '::1/128',
    scopeid: 0,
  } as const;
  expect(await adapters(recordedMachine({ platform: 'darwin', interfaces: { lo0: [info] } }))).toMatchObject([
    { name: 'lo0', kind: 'loopback', state: 'up', gateways: null, nameServers: null, hardwareAddress: null },
  ]);
});
