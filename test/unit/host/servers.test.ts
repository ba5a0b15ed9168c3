// Which servers are asked, from where, and how many at once.
import { describe, expect, it } from 'vitest';
import { adapters } from '../../../src/host/adapters/list.ts';
import { routes } from '../../../src/host/routes.ts';
import type { ClockQuestion, ClockReading } from '../../../src/host/sntp/client.ts';
import { askClocks } from '../../../src/host/sntp/servers.ts';
import { recordedMachine } from '../../support/recorded-machine.ts';

const info = (address: string, bits: number) => ({
  address,
  cidr: `${address}/${bits}`,
  netmask: '',
  mac: '52:54:00:ab:cd:01',
  internal: false,
  ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
});

/** mgmt0 has the default routes, span0 a network of its own that it should not have. */
const machine = recordedMachine({
  files: {
    '/proc/net/route':
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
      'mgmt0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
      'mgmt0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n' +
      'span0\t007100CB\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
  },
  interfaces: {
    mgmt0: [info('fe80::1', 64), info('192.0.2.2', 24), info('2001:db8::2', 64)],
    span0: [info('203.0.113.9', 24)],
  },
});

async function ask(servers: readonly string[], management: string | null): Promise<[readonly ClockReading[], ClockQuestion[]]> {
  const asked: ClockQuestion[] = [];
  const out = { adapters: await adapters(machine), routes: routes(machine), management };
  const readings = await askClocks(servers, out, async (question) => {
    asked.push(question);
    return { server: question.server, offset: 0, delay: 0, stratum: 1, synchronised: true };
  });
  return [readings, asked];
}

describe('clocks', () => {
  it('are asked from any address on a domain controller itself', async () => {
    const [readings, asked] = await ask(['192.0.2.10', '203.0.113.10'], null);
    expect(asked).toEqual([{ server: '192.0.2.10' }, { server: '203.0.113.10' }]);
    expect(readings.map(({ server }) => server)).toEqual(['192.0.2.10', '203.0.113.10']);
  });

  it("are asked from the management adapter's address of the same family and scope", async () => {
    const [, asked] = await ask(['198.51.100.1', '2001:db8::1', 'fe80::9'], 'mgmt0');
    expect(asked).toEqual([
      { server: '198.51.100.1', from: '192.0.2.2' },
      { server: '2001:db8::1', from: '2001:db8::2' },
      { server: 'fe80::9', from: 'fe80::1' },
    ]);
  });

  it('are not asked where packets would leave by an adapter that captures', async () => {
    const [readings, asked] = await ask(['203.0.113.10'], 'mgmt0');
    expect(asked).toEqual([]);
    expect(readings).toEqual([
      { server: '203.0.113.10', problem: 'the route to it leaves by span0, not by the management adapter mgmt0' },
    ]);
  });

  it.each(['gone0', ''])('are not asked without a management adapter: %j', async (management) => {
    const [readings, asked] = await ask(['192.0.2.10'], management);
    expect(asked).toEqual([]);
    expect(readings[0]).toMatchObject({ problem: expect.stringContaining('has no address to ask it from') });
  });

  it('are not asked from an address of the other family', async () => {
    const [, asked] = await ask(['2001:db8::1'], 'span0');
    expect(asked).toEqual([]);
  });

  it('are asked eight at once, and answers keep the order of the servers', async () => {
    const servers = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 10}`);
    let open = 0;
    let most = 0;
    const readings = await askClocks(servers, { adapters: [], routes: [], management: null }, async ({ server }) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, (Number(server.slice(8)) * 7) % 5));
      open--;
      return { server, problem: 'no answer' };
    });
    expect(most).toBe(8);
    expect(readings.map(({ server }) => server)).toEqual(servers);
  });

  it('are not waited for after an abort', async () => {
    const servers = Array.from({ length: 64 }, (_, i) => `192.0.2.${i + 10}`);
    const started = performance.now();
    const readings = await askClocks(servers, { adapters: [], routes: [], management: null, signal: AbortSignal.abort() });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(new Set(readings.map((one) => ('problem' in one ? one.problem : '')))).toEqual(new Set(['not waited for']));
  });
});
