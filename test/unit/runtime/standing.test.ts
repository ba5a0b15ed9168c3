// Where a sensor may stand: what is refused, what is warned of.
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { AdtapError } from '../../../src/errors.ts';
import type { Adapter } from '../../../src/host/adapters/adapter.ts';
import { checkStanding } from '../../../src/runtime/live/standing.ts';

interface Given {
  readonly addresses?: readonly (readonly [string, number])[];
  readonly gateway?: boolean;
  readonly dns?: boolean;
}

const machine = (given: Readonly<Record<string, Given>>): Adapter[] =>
  Object.entries(given).map(([name, { addresses = [], gateway, dns }]) => ({
    name,
    device: `\\Device\\NPF_${name}`,
    description: '',
    kind: 'ethernet',
    state: 'up',
    mtu: 1500,
    speed: null,
    hardwareAddress: null,
    addresses: addresses.map(([address, prefix]) => ({ address, prefix })),
    gateways: gateway ? ['10.0.0.254'] : [],
    nameServers: dns ? ['10.0.0.1'] : [],
    master: null,
    members: [],
    lower: [],
    received: null,
  }));

function check(given: Readonly<Record<string, unknown>>, adapters: Readonly<Record<string, Given>>): string[] {
  return checkStanding(loadConfig(null, {}, new Map(Object.entries(given))).config, machine(adapters));
}

const standalone = {
  'sensor.mode': 'standalone',
  'capture.adapters': ['mirror'],
  'management.adapter': 'lan',
  domainControllers: ['10.0.0.1'],
};
const lan: Given = { addresses: [['10.0.0.9', 24]], gateway: true, dns: true };

describe('a standalone sensor', () => {
  it('is content with a bare mirror port and an adapter for look-ups', () => {
    expect(check(standalone, { lan, mirror: {} })).toEqual([]);
    expect(
      check(standalone, {
        lan,
        mirror: {
          addresses: [
            ['fe80::1', 64],
            ['10.9.9.9', 32],
          ],
        },
      }),
    ).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, Given, RegExp]>([
    ['no capture adapter', { 'capture.adapters': [] }, {}, /^capture\.adapters: .*which adapters the mirror port feeds/],
    ['no management adapter', { 'management.adapter': '' }, {}, /^management\.adapter: .*needs an adapter of its own/],
    ['one adapter for both', { 'capture.adapters': ['mirror', 'lan'] }, {}, /^management\.adapter: lan is a capture adapter too/],
    ['one adapter under its two names', { 'capture.adapters': ['\\Device\\NPF_lan'] }, {}, /lan is a capture adapter too/],
    ['a gateway on the mirror port', {}, { gateway: true }, /^capture\.adapters: mirror has a default gateway/],
    ['DNS servers on the mirror port', {}, { dns: true }, /^capture\.adapters: mirror has DNS servers/],
  ])('refuses %s', (_what, given, mirror, message) => {
    const run = (): unknown => check({ ...standalone, ...given }, { lan, mirror });
    expect(run).toThrow(AdtapError);
    expect(run).toThrow(message);
  });

  it.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, Given>>, RegExp]>([
    ['a routable address', {}, { lan, mirror: { addresses: [['10.1.1.1', 24]] } }, /mirror has the routable address 10\.1\.1\.1/],
    ['no address to look up from', {}, { lan: {}, mirror: {} }, /lan has no address: look-ups cannot leave by it/],
    ['no domain controllers', { domainControllers: [] }, { lan, mirror: {} }, /domainControllers is empty/],
  ])('warns of %s', (_what, given, adapters, message) => {
    const warnings = check({ ...standalone, ...given }, adapters);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(message);
  });
});

describe('a local sensor', () => {
  it('may capture where it lives', () => {
    expect(check({ 'capture.adapters': ['lan'], 'management.adapter': 'lan' }, { lan })).toEqual([]);
    expect(check({}, {})).toEqual([]);
  });
});
