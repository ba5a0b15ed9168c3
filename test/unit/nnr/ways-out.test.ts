// By which adapter look-ups leave: with a management adapter by that alone, and else not at all.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { endianness, type NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { exchange } from '../../../src/nnr/active/datagram.ts';
import { converse } from '../../../src/nnr/active/dialogue.ts';
import { waysFrom } from '../../../src/runtime/live/nnr.ts';
import { type Recorded, recordedMachine } from '../../support/recorded-machine.ts';

const info = (address: string): NetworkInterfaceInfo => ({
  address,
  netmask: '',
  family: address.includes(':') ? 'IPv6' : 'IPv4',
  mac: '',
  internal: false,
  cidr: null,
  ...({ scopeid: 0 } as const),
});
/** A number as /proc/net/route prints it, in the machine's own order. */
const word = (...bytes: number[]): string => Buffer.from(endianness() === 'LE' ? bytes.reverse() : bytes).toString('hex');
const route4 = (adapter: string, to: string, via: string, mask: string, flags = '0001'): string =>
  [adapter, to, via, flags, '0', '0', '0', mask, '0', '0', '0'].join('\t');
const none = word(0, 0, 0, 0);
const MASK = word(255, 255, 255, 0);
const ROUTES4 = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  route4('mgmt0', word(198, 51, 100, 0), none, MASK),
  route4('mgmt0', none, word(198, 51, 100, 1), none, '0003'),
  route4('span0', word(10, 77, 0, 0), none, MASK),
].join('\n');
const ROUTES6 = [
  'fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 span0',
  '20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 mgmt0',
  '20010db8000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001 lo',
].join('\n');
const machine = (more: Partial<Recorded> = {}) =>
  recordedMachine({
    files: { '/proc/net/route': ROUTES4, '/proc/net/ipv6_route': ROUTES6 },
    interfaces: { mgmt0: [info('198.51.100.2'), info('fe80::1'), info('2001:db8::2')], span0: [info('10.77.0.2')] },
    ...more,
  });

it.each([
  ['198.51.100.9', ''],
  ['192.0.2.1', ''],
  ['10.77.0.9', 'the route to it leaves by span0, not by the management adapter mgmt0'],
  ['2001:db8::9', ''],
  ['2001:db8::2', ''],
  ['fd00::9', 'the route to it leaves by span0, not by the management adapter mgmt0'],
])('the route to %s decides: "%s"', (address, why) => {
  expect(waysFrom('mgmt0', {}, machine()).refusal?.(address)).toBe(why);
});

it('needs an address of the family, so that no socket is without one', () => {
  const one = machine({ files: {}, interfaces: { mgmt0: [info('198.51.100.2'), info('fe80::1')] } });
  const from = waysFrom('mgmt0', {}, one);
  expect(from).toMatchObject({ ipv4: '198.51.100.2', ipv6: '' });
  expect(from.refusal?.('2001:db8::9')).toBe('the management adapter mgmt0 has no IPv6 address to ask it from');
  // Where the system tells no routes, the address alone must do.
  expect(from.refusal?.('10.77.0.9')).toBe('');
  expect(waysFrom('mgmt0', { ipv6: '2001:db8::2' }, one).refusal?.('2001:db8::9')).toBe('');
});

it('is free where no management adapter is named', () => {
  expect(waysFrom('', { ipv4: '192.0.2.7' }, machine())).toEqual({ ipv4: '192.0.2.7', ipv6: '' });
});

it('sends nothing, by UDP or TCP, to what may not be asked', async () => {
  let packets = 0;
  const udp = createSocket('udp4').on('message', () => packets++);
  udp.bind(0, '127.0.0.1');
  const tcp = createServer(() => packets++).listen(0, '127.0.0.1');
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  const options = (port: number) => ({
    endpoint: { address: '127.0.0.1', port },
    from: { ipv4: '', ipv6: '', refusal: (address: string) => `${address} is elsewhere` },
    timeoutMs: 100,
    signal: new AbortController().signal,
  });
  const { port } = udp.address();
  expect(await exchange(new Uint8Array(1), () => null, { ...options(port), retries: 1 })).toEqual({
    reason: 'unreachable',
    evidence: `udp 127.0.0.1:${port}: 127.0.0.1 is elsewhere`,
  });
  const reader = { first: new Uint8Array(1), need: 1, read: () => ({ taken: 0, need: 1 }) };
  const outcome = await converse(reader, options((tcp.address() as { port: number }).port));
  expect(outcome).toMatchObject({ reason: 'unreachable', evidence: expect.stringContaining('is elsewhere') });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(packets).toBe(0);
  udp.close();
  tcp.close();
});
