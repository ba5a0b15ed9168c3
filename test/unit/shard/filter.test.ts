// Filters against packets made by hand; what pcap-filter(7) says of precedence and repeated qualifiers.
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { compileFilter, FilterError } from '../../../src/shard/filter.ts';

function packet(
  source: readonly number[],
  destination: readonly number[],
  protocol: number,
  sport: number,
  dport: number,
): Packet {
  const transport =
    protocol === 6 ? [...new Array(8).fill(0), 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 8, 0, 0];
  const ports = [sport >> 8, sport & 0xff, dport >> 8, dport & 0xff];
  transport.splice(0, 4, ...ports);
  const total = 20 + transport.length;
  const bytes = Uint8Array.from([0x45, 0, 0, total, 0, 1, 0, 0, 64, protocol, 0, 0, ...source, ...destination, ...transport]);
  const walked = new Packet();
  expect(walked.walk(bytes, 0, bytes.length, 101)).toBe(0);
  return walked;
}

const kerberos = packet([10, 0, 0, 5], [10, 0, 1, 1], 6, 50_000, 88);
const dns = packet([10, 0, 0, 6], [10, 0, 1, 1], 17, 50_001, 53);

describe('compileFilter', () => {
  it.each([
    ['tcp', true, false],
    ['udp', false, true],
    ['ip', true, true],
    ['ip6', false, false],
    ['host 10.0.0.5', true, false],
    ['src host 10.0.1.1', false, false],
    ['dst host 10.0.1.1', true, true],
    ['net 10.0.0.0/23', true, true],
    ['src net 10.0.0.4/30 and not src host 10.0.0.6', true, false],
    ['port 88', true, false],
    ['port 88 or 53', true, true],
    ['tcp port 53', false, false],
    ['dst portrange 50-90', true, true],
    ['src portrange 50-90', false, false],
    ['src or dst port 88', true, false],
    ['src and dst port 88', false, false],
    ['not (tcp port 88 or udp port 53)', false, false],
    ['! tcp && port 53', false, true],
    ['udp or tcp and port 88', true, false],
    ['vlan', false, false],
    ['greater 100', true, true],
    ['less 100', false, false],
  ])('%s', (expression, first, second) => {
    const filter = compileFilter(expression);
    expect([filter(kerberos, 120), filter(dns, 120)]).toEqual([first, second]);
  });

  it.each([
    ['port', 5, /a value for port is missing/],
    ['port 70000', 6, /"70000" is no port/],
    ['host www.example', 6, /names are not looked up/],
    ['tcp and', 8, /ends too early/],
    ['(tcp', 5, /parenthesis is missing/],
    ['tcp)', 4, /not expected/],
    ['ether host 1', 1, /not supported here; supported are/],
    ['net 10.0.0.0/33', 5, /no prefix length/],
  ])('refuses "%s" at character %i', (expression, character, message) => {
    expect(() => compileFilter(expression)).toThrow(FilterError);
    expect(() => compileFilter(expression)).toThrow(message);
    expect(() => compileFilter(expression)).toThrow(`character ${character}:`);
  });
});
