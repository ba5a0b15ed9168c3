// Packets by domain controller.
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { DomainControllers } from '../../../src/runtime/live/domain-controllers.ts';
import { DESTINATION6, ipv4, ipv6, RAW, SOURCE6, tcp } from '../ip/build.ts';

function packet(bytes: Uint8Array): Packet {
  const walked = new Packet();
  expect(walked.walk(bytes, 0, bytes.length, RAW)).toBe(0);
  return walked;
}
const between = (source: readonly number[], destination: readonly number[]): Packet =>
  packet(ipv4(tcp(new Uint8Array(4)), { protocol: 6, source, destination }));
const [dc1, dc2, client] = [
  [10, 0, 0, 1],
  [10, 0, 0, 2],
  [10, 0, 0, 77],
] as const;

describe('DomainControllers', () => {
  it('counts from and to, bytes on the wire, and the last time', () => {
    const controllers = new DomainControllers(['10.0.0.1', '10.0.0.2']);
    controllers.see(between(client, dc1), 1500, 100);
    controllers.see(between(dc1, client), 60, 102);
    controllers.see(between(dc1, client), 60, 101);
    controllers.see(between(client, client), 60, 103);
    expect(controllers.status()).toEqual([
      { address: '10.0.0.1', packets: 3, bytes: 1620, lastSeconds: 102 },
      { address: '10.0.0.2', packets: 0, bytes: 0, lastSeconds: 0 },
    ]);
  });

  it('counts what passes between two of them for both, and what one sends itself once', () => {
    const controllers = new DomainControllers(['10.0.0.1', '10.0.0.2']);
    controllers.see(between(dc1, dc2), 100, 1);
    controllers.see(between(dc1, dc1), 100, 2);
    expect(controllers.status().map(({ packets, lastSeconds }) => [packets, lastSeconds])).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  it('knows IPv6 addresses, however they are written, from others with the same end', () => {
    const controllers = new DomainControllers(['fd00::1', 'FD00:0:0:0:0:0:0:1', 'fd01::1']);
    const one = packet(ipv6(tcp(new Uint8Array(4)), { next: 6 }));
    expect([SOURCE6[0], SOURCE6[15], DESTINATION6[15]]).toEqual([0xfd, 1, 2]);
    controllers.see(one, 90, 5);
    expect(controllers.status()).toEqual([
      { address: 'fd00::1', packets: 1, bytes: 90, lastSeconds: 5 },
      { address: 'fd01::1', packets: 0, bytes: 0, lastSeconds: 0 },
    ]);
  });

  it('refuses what is no address', () => {
    expect(() => new DomainControllers(['dc1'])).toThrow(RangeError);
  });
});
