// Who may be asked.
import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/ip/parse-address.ts';
import { canonicalAddress, networksAround, PRIVATE_NETWORKS, parseNetwork, Scope } from '../../../src/nnr/scope.ts';

const own = () => ['10.1.2.3/24', 'fd00::3/64', '127.0.0.1/8'].flatMap((text) => parseNetwork(text) ?? []);
const scope = new Scope({ networks: PRIVATE_NETWORKS, exclude: ['10.9.0.0/16', '192.168.7.7'] }, own);

describe('the default networks', () => {
  it.each([
    ['10.0.0.1', ''],
    ['172.31.255.254', ''],
    ['192.168.1.1', ''],
    ['fd12::1', ''],
    ['::ffff:10.0.0.1', ''],
    ['8.8.8.8', 'outside the configured networks'],
    ['2001:db8::1', 'outside the configured networks'],
    ['172.32.0.1', 'outside the configured networks'],
    ['127.0.0.1', 'outside the configured networks'],
    ['169.254.1.1', 'a link-local address'],
    ['169.253.1.1', 'outside the configured networks'],
    ['10.9.1.1', 'excluded'],
    ['192.168.7.7', 'excluded'],
    ['10.1.2.3', 'an address of this machine'],
    ['fd00::3', 'an address of this machine'],
    ['10.1.2.255', 'a broadcast address'],
    ['10.255.255.255', 'a broadcast address'],
    ['255.255.255.255', 'a broadcast address'],
    ['0.0.0.0', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['224.0.0.251', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['fe80::1', 'a link-local address'],
    ['240.0.0.1', 'a reserved address'],
    ['10.0.0', 'no IP address'],
    ['', 'no IP address'],
  ])('%s: %s', (address, refusal) => {
    expect(scope.refusal(address)).toBe(refusal);
  });
});

it('never lets in what is no single host, whatever is configured', () => {
  const all = new Scope({ networks: ['0.0.0.0/0', '::/0'], exclude: [], own: true }, own);
  for (const address of ['224.0.0.1', '255.255.255.255', '0.0.0.0', 'ff05::1', '::', 'fe80::1', '169.254.1.1', '10.1.2.255'])
    expect(all.refusal(address)).not.toBe('');
  expect(all.refusal('10.1.2.3')).toBe('');
});

it('agrees with Node about what is in a network', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const network = fc.oneof(fc.tuple(fc.ipV4(), fc.nat(32)), fc.tuple(fc.ipV6(), fc.nat(128)));
  fc.assert(
    fc.property(address, network, fc.boolean(), (text, [base, prefix], isNear) => {
      // Networks that hold the address are rare by chance.
      const of = isNear && isIPv4(text) === isIPv4(base) ? text : base;
      if (parseAddress(text) === null || parseAddress(of) === null || isIPv4(text) !== isIPv4(of)) return;
      const list = new BlockList();
      list.addSubnet(of, prefix, isIPv4(of) ? 'ipv4' : 'ipv6');
      const refusal = new Scope({ networks: [`${of}/${prefix}`], exclude: [] }, () => []).refusal(text);
      const isGeneral = !['', 'outside the configured networks', 'a broadcast address'].includes(refusal);
      if (!isGeneral)
        expect(refusal !== 'outside the configured networks').toBe(list.check(text, isIPv4(text) ? 'ipv4' : 'ipv6'));
    }),
    { numRuns: 2000 },
  );
});

it('writes IPv6 addresses as WHATWG URLs do, but for IPv4 inside them', () => {
  const group = fc.oneof(fc.constantFrom(0, 0xffff), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(6), (groups, zeros) => {
      const all = groups.map((value, i) => (i < zeros ? 0 : value));
      const text = all.map((value) => value.toString(16)).join(':');
      const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      const isMapped = all.slice(0, 5).every((value) => value === 0) && all[5] === 0xffff;
      const dotted = all.slice(6).flatMap((value) => [value >> 8, value & 255]);
      expect(canonicalAddress(text)).toBe(isMapped ? dotted.join('.') : expected);
    }),
    { numRuns: 5000, examples: [[[0xfd00, 0, 0, 0, 0, 0, 0xffff, 5], 0]] },
  );
});

it('knows one form of each address, and networks around domain controllers', () => {
  expect(canonicalAddress('FD00:0:0::0001')).toBe('fd00::1');
  expect(canonicalAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(canonicalAddress('10.0.0.256')).toBeNull();
  expect(networksAround(['203.0.113.9', '2001:db8::9'])).toEqual(['203.0.113.9/24', '2001:db8::9/64']);
  const around = new Scope({ networks: networksAround(['203.0.113.9']), exclude: [] }, own);
  expect(around.refusal('203.0.113.77')).toBe('');
  expect(around.refusal('203.0.114.1')).not.toBe('');
});

it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '10.0.0/8', 'lab.example'])(
  'refuses %s as a network',
  (text) => {
    expect(parseNetwork(text)).toBeNull();
  },
);
