// Routing tables as the kernel prints them; what iproute2 said of the same tables is the expectation.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameServers, nameServersByAdapter, routes, routes4, routes6, routeTo } from '../../../src/host/routes.ts';
import { parseAddress } from '../../../src/ip/parse-address.ts';
import { recordedMachine } from '../../support/recorded-machine.ts';

// `ip route`: default via 192.0.2.1 dev eth0 metric 100; 192.0.2.0/24 dev eth0; 10.0.0.0/9 via 198.51.100.254 dev eth1;
// 198.51.100.0/25 dev eth1; default dev wg0 metric 900; unreachable 10.128.0.0/9.
const ROUTE4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
wg0\t00000000\t00000000\t0001\t0\t0\t900\t00000000\t0\t0\t0
eth1\t0000000A\tFE6433C6\t0003\t0\t0\t0\t000080FF\t0\t0\t0
*\t0000800A\t00000000\t0200\t0\t0\t0\t000080FF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t006433C6\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0
`;
// `ip -6 route`: fd00::/64 dev eth0 metric 256; default via fd00::1 dev eth0 metric 1024; the rest is the local table.
const ROUTE6 = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000003 00000000 00000003     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000003 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;
const RESOLV =
  '# comment\nsearch lab.example\nnameserver 10.1.2.3\nnameserver 192.0.2.53\n nameserver fd00::53\nnameserver fe80::53%eth1\n';

const via = (address: string, files: Record<string, string>): string | undefined => {
  const found = routeTo(routes(recordedMachine({ files })), parseAddress(address)!);
  return found === null ? undefined : `${found.gateway ?? 'on-link'} dev ${found.adapter}`;
};
const files = { '/proc/net/route': ROUTE4, '/proc/net/ipv6_route': ROUTE6 };

describe('routes', () => {
  it.each([
    ['10.1.2.3', '198.51.100.254 dev eth1'],
    ['10.127.255.255', '198.51.100.254 dev eth1'],
    ['198.51.100.127', 'on-link dev eth1'],
    ['198.51.100.128', '192.0.2.1 dev eth0'],
    ['192.0.2.9', 'on-link dev eth0'],
    ['203.0.113.1', '192.0.2.1 dev eth0'],
    ['fd00::53', 'on-link dev eth0'],
    ['2001:db8::1', 'fd00::1 dev eth0'],
    ['::1', 'on-link dev lo'],
  ])('%s leaves by %s', (address, expected) => {
    expect(via(address, files)).toBe(expected);
  });

  it('leave by a default route without a router where that is the best', () => {
    const only = ROUTE4.replace(/^eth0\t00000000.*\n/m, '');
    expect(via('203.0.113.1', { '/proc/net/route': only })).toBe('on-link dev wg0');
  });

  it('lead nowhere without a table, or by a route that refuses', () => {
    expect(via('203.0.113.1', {})).toBeUndefined();
    expect(via('2001:db8::1', { '/proc/net/ipv6_route': ROUTE6.split('\n').slice(-2).join('\n') })).toBeUndefined();
  });

  it('are read in the byte order of the machine', () => {
    const big = 'Iface\neth0\t00000000\tC0000201\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
    expect(routes4(big, 'BE')).toMatchObject([{ adapter: 'eth0', gateway: '192.0.2.1', prefix: 0 }]);
  });

  it('are bounded', () => {
    const line = ROUTE4.split('\n')[1]!;
    expect(routes4(`head\n${`${line}\n`.repeat(5000)}`, 'LE')).toHaveLength(4096);
  });

  it('of any text are read or left out', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('eth0', '00000000', '0003', 'ff', '0'.repeat(32), 'ffffffff'));
    const table = fc.array(fc.array(cell, { maxLength: 12 }).map((cells) => cells.join('\t'))).map((rows) => rows.join('\n'));
    fc.assert(
      fc.property(table, (text) => {
        for (const route of [...routes4(text, 'LE'), ...routes6(text)]) {
          expect([4, 16]).toContain(route.destination.length);
          expect(route.prefix).toBeLessThanOrEqual(8 * route.destination.length);
          routeTo([route], parseAddress('10.0.0.1')!);
          routeTo([route], parseAddress('fd00::1')!);
        }
      }),
    );
  });
});

describe('name servers', () => {
  it('belong to the adapter that leads to them, or that their zone names', () => {
    const machine = recordedMachine({ files: { ...files, '/etc/resolv.conf': RESOLV } });
    expect(Object.fromEntries(nameServersByAdapter(machine, routes(machine)))).toEqual({
      eth1: ['10.1.2.3', 'fe80::53%eth1'],
      eth0: ['192.0.2.53', 'fd00::53'],
    });
  });

  it("are those behind systemd's stub", () => {
    const stub = {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\noptions edns0 trust-ad\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.53\n',
    };
    expect(nameServers(recordedMachine({ files: stub }))).toEqual(['192.0.2.53']);
  });

  it("are this machine's own where it serves names itself", () => {
    expect(nameServers(recordedMachine({ files: { '/etc/resolv.conf': 'nameserver 127.0.0.1\n' } }))).toEqual(['127.0.0.1']);
    expect(nameServers(recordedMachine({}))).toEqual([]);
  });

  it('are bounded', () => {
    const many = 'nameserver 10.0.0.1\n'.repeat(100);
    expect(nameServers(recordedMachine({ files: { '/etc/resolv.conf': many } }))).toHaveLength(16);
  });
});
