// The page of `adtap top`: what changed between two looks, as rates.
import { expect, it } from 'vitest';
import { topText } from '../../../src/cli/top.ts';
import type { SensorStatus } from '../../../src/runtime/sensor.ts';

const counts = {
  received: 1000,
  receivedBytes: 100_000,
  delivered: 1000,
  noSlot: 2,
  tooLong: 3,
  kernelReceived: 1000,
  kernelDropped: 4,
  adapterDropped: Number.NaN,
  left: 0,
};
const adapter = { name: 'eth0', state: 'capturing', reason: '', linktype: 1, counts, opened: 1 } as const;
const packets = {
  ...{ packets: 5000, bytes: 0, decoded: 0, ignored: 0, dropped: 0, ends: [], messages: {}, refusals: {}, limits: {}, flows: {} },
  activities: { 'dns.lookup': 10, 'kerberos.as': 20 },
};
const before: SensorStatus = {
  ...{ name: 's1', version: '1.2.3', mode: 'standalone', backend: 'native', lookUps: null },
  ...{ uptimeSeconds: 90_000, cpuSeconds: 10, residentBytes: 300 * 2 ** 20, memoryBytes: 6 * 2 ** 30, shed: 0.25 },
  slots: { used: 5, total: 48 },
  lag: { p50: 0.01, p99: 1 },
  adapters: [adapter],
  controllers: [{ address: '10.0.0.1', packets: 100, bytes: 0, lastSeconds: 0 }],
  packets,
  lines: { written: 100, lost: 0, dropped: 0, bytes: 0 },
  busiest: { talkers: [{ ip: '10.0.0.9', rate: 12.34 }], others: 0 },
  issues: [],
};

it('shows what changed in two seconds', () => {
  const now: SensorStatus = {
    ...before,
    uptimeSeconds: 90_002,
    cpuSeconds: 11,
    packets: { ...packets, packets: 8_000_005_000, activities: { 'dns.lookup': 10, 'kerberos.as': 2020 } },
    lines: { written: 107, lost: 1, dropped: 2, bytes: 0 },
    adapters: [
      { ...adapter, counts: { ...counts, received: 3_001_000, receivedBytes: 500_100_000 } },
      { ...adapter, name: 'eth1', state: 'unavailable', reason: 'it is down' },
    ],
    controllers: [{ address: '10.0.0.1', packets: 350, bytes: 0, lastSeconds: 0 }],
    busiest: { talkers: [{ ip: '10.0.0.9', rate: 12.34 }], others: 0.5 },
    issues: [{ key: 'powerPlan', subject: 'x', message: 'slow', title: 'Power', severity: 'low', since: '' }],
  };
  expect(topText(before, now).split('\n')).toEqual([
    'adtap 1.2.3  s1  standalone, native  up 1 d 01:00:02',
    'packets 4.00 G/s  activities 1.00 k/s  lines 3.5 /s (3 lost)  lag p50 <10 ms p99 <1 s',
    'cpu 50.0%  memory 300 of 6144 MiB  slots 5/48  shed 25%',
    '',
    'ADAPTER  STATE                    PACKETS   BITS         KERNEL DROPS  ADAPTER DROPS  NO ROOM',
    'eth0     capturing                1.50 M/s  2.00 Gbit/s  4             unknown        5',
    'eth1     unavailable: it is down  0.0 /s    0.0 bit/s    4             unknown        5',
    '',
    'DOMAIN CONTROLLER  RATE    PACKETS  LAST',
    '10.0.0.1           125 /s  350      never',
    '',
    'BUSIEST   ACTIVITIES',
    '10.0.0.9  12.3/s',
    'others    0.5/s',
    '',
    'SEVERITY  HEALTH  OF  WHAT',
    'low       Power   x   slow',
    '',
  ]);
});

it('leaves out what there is nothing of, and says what it cannot know', () => {
  const none = { ...before, controllers: [], busiest: { talkers: [], others: 0 } };
  // JSON has no NaN and no infinity.
  const now = { ...none, uptimeSeconds: 90_060, lag: { p50: 0.5, p99: null as unknown as number } };
  const text = topText(none, now);
  expect(text).toContain('lag p50 <500 ms p99 >300 s\n');
  expect(text).toContain('lines 0.0 /s  lag');
  expect(text).not.toMatch(/DOMAIN CONTROLLER|BUSIEST|SEVERITY/);
});
