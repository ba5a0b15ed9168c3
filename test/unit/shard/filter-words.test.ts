// The words of filters, on a capture. The counts are those of `tcpdump -r fixtures/lab/ipv6-mix.pcap EXPRESSION` (libpcap 1.10), so that the words mean
// what pcap-filter(7) says they mean.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Frame, framesOf } from '../../../src/capture/frames.ts';
import { Packet } from '../../../src/ip/packet.ts';
import { compileFilter, FilterError } from '../../../src/shard/filter.ts';
import { fixture } from '../../support/fixtures.ts';
import { counting, ETHERNET, ethernet, ipv4, ipv6, join, RAW, tcp, udp } from '../ip/build.ts';

const frames: Frame[] = [];

beforeAll(async () => {
  for await (const frame of framesOf([fixture('lab/ipv6-mix.pcap')])) frames.push(frame);
});

function matches(expression: string, frame: Uint8Array, linktype = RAW, wirelen = frame.length): boolean {
  const packet = new Packet();
  packet.walk(frame, 0, frame.length, linktype);
  return compileFilter(expression)(packet, wirelen);
}

function refusal(expression: string): FilterError {
  try {
    compileFilter(expression);
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error(`"${expression}" was not refused`);
}

describe('compileFilter', () => {
  it.each([
    ['', 150],
    ['tcp', 114],
    ['udp', 36],
    ['ip', 58],
    ['ip6', 92],
    ['not ip6', 58],
    ['host 10.77.0.10', 58],
    ['src host 10.77.0.10', 27],
    ['dst 10.77.0.10', 31],
    ['net 10.77.0.0/24', 58],
    ['net 10.77', 58],
    ['dst net 10.77.0.0 mask 255.255.255.0', 58],
    ['net fe80::/10', 0],
    ['net fd00::/8', 92],
    ['port 88', 22],
    ['tcp port 88', 22],
    ['udp port 88', 0],
    ['src port 53', 18],
    ['src or dst port 389', 13],
    ['src and dst port 389', 0],
    ['port 88 or 464', 22],
    ['portrange 80-400', 35],
    ['tcp dst portrange 80-400', 21],
    ['port 88 or port 53 and udp', 36],
    ['udp and port 88 or port 53', 36],
    ['not udp', 114],
    ['! port 53 && ip', 22],
    ['!port 53&&ip', 22],
    ['(port 53 or port 88) and ip6', 0],
    ['ip6 and not (port 53 or 88)', 92],
    ['not (tcp or udp)', 0],
    ['less 100', 63],
    ['greater 500', 4],
    ['tcp or udp and less 90', 53],
    ['tcp src port 88 or 389 and greater 200', 3],
  ])('"%s" matches %d frames', (expression, count) => {
    const filter = compileFilter(expression);
    const packet = new Packet();
    const matching = frames.filter(({ bytes, wirelen, linktype }) => {
      packet.walk(bytes, 0, bytes.length, linktype);
      return filter(packet, wirelen);
    });
    expect(matching).toHaveLength(count);
  });

  it('compares every bit of a network and none behind it', () => {
    const from = (...source: number[]): Uint8Array => ipv4(udp(counting(1)), { source });
    expect(matches('src net 10.0.0.128/25', from(10, 0, 0, 200))).toBe(true);
    expect(matches('src net 10.0.0.128/25', from(10, 0, 0, 127))).toBe(false);
    expect(matches('net 0.0.0.0/0', from(1, 2, 3, 4))).toBe(true);
    expect(matches('net ::/0', from(1, 2, 3, 4))).toBe(false);
    expect(matches('dst net fd00::2/127', ipv6(udp(counting(1))))).toBe(true);
    expect(matches('dst net fd00::4/126', ipv6(udp(counting(1))))).toBe(false);
  });

  it('looks at the innermost packet, whatever is around it', () => {
    // Unlike libpcap's, filters need no `vlan and` to look behind a tag, and look into tunnels.
    const inner = ipv4(tcp(counting(3)), { protocol: 6, source: [192, 168, 0, 1] });
    const tagged = ethernet(join(Uint8Array.from([0, 100, 0x08, 0]), ipv4(inner, { protocol: 4 })), 0x8100);
    for (const expression of ['tcp dst port 88', 'src host 192.168.0.1', 'vlan', 'vlan 100', 'vlan 100 and port 88'])
      expect(matches(expression, tagged, ETHERNET)).toBe(true);
    for (const expression of ['src host 10.0.0.1', 'vlan 101', 'not vlan'])
      expect(matches(expression, tagged, ETHERNET)).toBe(false);
  });

  it('matches packets without ports or IP by what they have', () => {
    const arp = ethernet(new Uint8Array(46), 0x0806);
    expect(['ip', 'ip6', 'tcp', 'host 0.0.0.0', 'port 0', 'net 0.0.0.0/0'].some((one) => matches(one, arp, ETHERNET))).toBe(
      false,
    );
    expect(matches('not ip', arp, ETHERNET)).toBe(true);
    expect(matches('less 60', arp, ETHERNET)).toBe(true);
    const fragment = ipv4(udp(counting(16)), { more: true });
    expect(matches('udp and host 10.0.0.1', fragment)).toBe(true);
    expect(matches('port 53', fragment)).toBe(false);
  });

  it('does not see the packet before', () => {
    const packet = new Packet();
    const filter = compileFilter('host 10.0.0.1 or port 53');
    const frame = ethernet(ipv4(udp(counting(4))));
    packet.walk(frame, 0, frame.length, ETHERNET);
    expect(filter(packet, 60)).toBe(true);
    packet.walk(frame, 0, 20, ETHERNET);
    expect(filter(packet, 60)).toBe(false);
  });

  it.each([
    ['ether host 02:00:00:00:00:01', 0, '"ether" is not supported here'],
    ['tcp[13] & 2 != 0', 0, '"tcp[13]" is not supported here'],
    ['port 88 and icmp', 12, '"icmp" is not supported here'],
    ['host dc1.example', 5, '"dc1.example" is no IP address (names are not looked up)'],
    ['host 10.0.0.0/8', 5, 'use net'],
    ['net 10.0.0.0/33', 4, '"/33" is no prefix length'],
    ['net 10.0.0.1/8', 4, 'bits set behind its prefix of 8'],
    ['net 10.0.0.0 mask 255.0.255.0', 18, 'no IPv4 network mask'],
    ['port 65536', 5, 'no port'],
    ['port ldap', 5, 'no port'],
    ['portrange 400-80', 10, 'no portrange'],
    ['port', 4, 'a value for port is missing'],
    ['port 88 or', 10, 'ends too early'],
    ['(port 88', 8, 'a closing parenthesis is missing'],
    ['port 88)', 7, '")" is not expected here'],
    ['port 88 89', 8, '"89" is not expected here'],
    ['port 88 & port 89', 8, '"&" is not expected here'],
    ['10.0.0.1', 0, 'is not supported here'],
    ['less many', 5, 'a number of bytes'],
  ])('refuses "%s" at %d', (expression, position, message) => {
    const error = refusal(expression);
    expect(error.position).toBe(position);
    expect(error.message).toContain(message);
    expect(error.message).toContain(`at character ${position + 1}`);
  });

  it('bounds terms and nesting', () => {
    const terms = (count: number): string => new Array<string>(count).fill('tcp').join(' or ');
    expect(matches(terms(256), ipv4(tcp(counting(1)), { protocol: 6 }))).toBe(true);
    expect(refusal(terms(257)).message).toContain('more than 256 terms');
    const nested = (depth: number): string => `${'('.repeat(depth)}tcp${')'.repeat(depth)}`;
    expect(matches(nested(64), ipv4(tcp(counting(1)), { protocol: 6 }))).toBe(true);
    expect(refusal(nested(65)).message).toContain('nested too deeply');
    expect(refusal('not '.repeat(10_000)).message).toContain('nested too deeply');
  });

  it('compiles or refuses any text', () => {
    const words = ['host', 'net', 'port', 'src', 'dst', 'and', 'or', 'not', '(', ')', 'tcp', 'vlan', 'less', 'mask', '/'];
    const word = fc.oneof(
      fc.constantFrom(...words),
      fc.constantFrom('10.0.0.1', '88', '80-90', '::1/64', '10.0/16'),
      fc.string(),
    );
    const frame = ipv4(udp(counting(4)));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (expression) => {
        try {
          matches(expression.join(' '), frame);
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
