// Where a sensor may stand: what is refused, what is warned of.
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { AdtapError } from '../../../src/errors.ts';
import { checkStanding, type Network } from '../../../src/runtime/live/standing.ts';

interface Adapter {
  readonly addresses?: readonly (readonly [string, 'routable' | 'linkLocal' | 'hostOnly'])[];
  readonly gateway?: boolean;
  readonly dns?: boolean;
}

const network = (adapters: Readonly<Record<string, Adapter>>): Network => ({
  addresses: (name) =>
    (adapters[name]?.addresses ?? []).map(([address, kind]) => ({
      address,
      isLinkLocal: kind === 'linkLocal',
      isHostOnly: kind === 'hostOnly',
    })),
  hasGateway: (name) => adapters[name]?.gateway ?? false,
  hasDns: (name) => adapters[name]?.dns ?? false,
});

function check(given: Readonly<Record<string, unknown>>, adapters: Readonly<Record<string, Adapter>>): string[] {
  return checkStanding(loadConfig(null, {}, new Map(Object.entries(given))).config, network(adapters));
}

const standalone = {
  'sensor.mode': 'standalone',
  'capture.adapters': ['mirror'],
  'management.adapter': 'lan',
  domainControllers: ['10.0.0.1'],
};
const lan: Adapter = { addresses: [['10.0.0.9', 'routable']], gateway: true, dns: true };

describe('a standalone sensor', () => {
  it('is content with a bare mirror port and an adapter for look-ups', () => {
    expect(check(standalone, { lan, mirror: {} })).toEqual([]);
    expect(
      check(standalone, {
        lan,
        mirror: {
          addresses: [
            ['fe80::1', 'linkLocal'],
            ['10.9.9.9', 'hostOnly'],
          ],
        },
      }),
    ).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, Adapter, RegExp]>([
    ['no capture adapter', { 'capture.adapters': [] }, {}, /^capture\.adapters: .*which adapters the mirror port feeds/],
    ['no management adapter', { 'management.adapter': '' }, {}, /^management\.adapter: .*needs an adapter of its own/],
    ['one adapter for both', { 'capture.adapters': ['mirror', 'lan'] }, {}, /^management\.adapter: lan is a capture adapter too/],
    ['a gateway on the mirror port', {}, { gateway: true }, /^capture\.adapters: mirror has a default gateway/],
    ['DNS servers on the mirror port', {}, { dns: true }, /^capture\.adapters: mirror has DNS servers/],
  ])('refuses %s', (_what, given, mirror, message) => {
    const run = (): unknown => check({ ...standalone, ...given }, { lan, mirror });
    expect(run).toThrow(AdtapError);
    expect(run).toThrow(message);
  });

  it.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, Adapter>>, RegExp]>([
    [
      'a routable address',
      {},
      { lan, mirror: { addresses: [['10.1.1.1', 'routable']] } },
      /mirror has the routable address 10\.1\.1\.1/,
    ],
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

describe('this machine', () => {
  it('is asked without a fault for adapters that there are and are not', () => {
    const config = loadConfig(
      null,
      {},
      new Map<string, unknown>(Object.entries({ ...standalone, 'capture.adapters': ['lo'] })),
    ).config;
    const warnings = checkStanding(config);
    expect(warnings).toContain('lan has no address: look-ups cannot leave by it');
  });
});
