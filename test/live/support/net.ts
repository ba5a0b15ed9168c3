// Adapters for tests: pairs of virtual Ethernet in the namespace that test/live/run.mjs made, quiet but for what a test sends.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

export const ip = (...words: readonly string[]): string =>
  execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let made = 0;

/** Two adapters that hear each other. */
export class Wire {
  /** Where a sensor listens, and where packets are sent from. */
  readonly tap: string;
  readonly far: string;

  constructor() {
    if (process.env['ADTAP_LIVE'] !== '1') throw new Error('live tests run in a namespace of their own: npm run test:live');
    made++;
    this.tap = `tap${process.pid % 100_000}x${made}`;
    this.far = `far${process.pid % 100_000}x${made}`;
    this.create();
  }

  create(): void {
    ip('link', 'add', this.tap, 'mtu', '65535', 'type', 'veth', 'peer', 'name', this.far, 'mtu', '65535');
    for (const name of [this.tap, this.far]) {
      // No neighbour discovery: what is sent can then be counted.
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
      ip('link', 'set', name, 'up');
    }
  }

  remove(): void {
    try {
      ip('link', 'del', this.tap);
    } catch {
      // A test may have removed it itself.
    }
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/** A counter of the kernel's, such as tx_packets. */
export const adapterCount = (name: string, counter: string): number =>
  Number(readFileSync(`/sys/class/net/${name}/statistics/${counter}`, 'utf8'));
