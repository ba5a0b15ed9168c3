// What the checks judge, on a machine that is fit: tests change the one thing that they are about.
import type { Facts } from '../../src/doctor/facts.ts';
import type { Adapter } from '../../src/host/adapters/adapter.ts';
import type { CaptureDevice } from '../../src/host/capture-library.ts';

export const adapter = (name: string, change: Partial<Adapter> = {}): Adapter => ({
  name,
  device: name,
  description: '',
  kind: 'ethernet',
  state: 'up',
  mtu: 1500,
  speed: 1e9,
  hardwareAddress: '52:54:00:ab:cd:01',
  addresses: [],
  gateways: [],
  nameServers: [],
  master: null,
  members: [],
  lower: [],
  received: { packets: 1, bytes: 60, errors: 0, dropped: 0 },
  ...change,
});

export const device = (name: string, change: Partial<CaptureDevice> = {}): CaptureDevice => ({
  name,
  description: '',
  addresses: [],
  isUp: true,
  isRunning: true,
  isLoopback: false,
  isWireless: false,
  ...change,
});

/** The devices of the library are the adapters, unless the change says otherwise. */
export function factsOf(change: Partial<Facts> = {}, plan: Partial<Facts['plan']> = {}): Facts {
  const adapters = change.adapters ?? [adapter('eth0', { addresses: [{ address: '192.0.2.2', prefix: 24 }] })];
  const devices = adapters.map((one) => device(one.device, { isUp: one.state !== 'down', isLoopback: one.kind === 'loopback' }));
  return {
    plan: {
      isStandalone: false,
      capture: [],
      loopback: false,
      management: null,
      domainControllers: [],
      folder: '/var/lib/adtap',
      memoryBudget: 2 ** 31,
      ...plan,
    },
    platform: 'linux',
    library: { name: 'libpcap', version: [1, 10], line: 'libpcap version 1.10.4 (with TPACKET_V3)', devices },
    npcap: null,
    privileges: { mayCapture: true, mayConfigure: true, inUserNamespace: false },
    adapters,
    cpu: { online: 4, allowed: 4, physical: 4, quota: null, usable: 4 },
    memory: { machineTotal: 16e9, machineAvailable: 12e9, limit: null, total: 16e9, available: 12e9, own: 1e8 },
    disk: { total: 100e9, available: 50e9, isWritable: true },
    power: { settings: ['performance'], isFull: true },
    virtual: { hypervisor: null, reserved: null, ballooned: null, hasBalloon: false },
    clocks: [{ server: '192.0.2.10', offset: 3, delay: 1, stratum: 3, synchronised: true }],
    ...change,
  };
}
