// Mirror ports and `any` interfaces see each packet twice: as many messages over UDP as were seen, but no activity twice.
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open.ts';
import type { SlotWriter, Source } from '../../src/capture/source.ts';
import { fixture } from '../support/fixtures.ts';
import { runFiles, runSource } from '../support/in-process.ts';

/** Gives every packet twice, the second a few microseconds later, as a mirror of both ports does. */
class Doubled implements Source {
  readonly #inner: Source;
  readonly warnings: readonly string[] = [];

  constructor(inner: Source) {
    this.#inner = inner;
  }

  fill(slot: SlotWriter): boolean | Promise<boolean> {
    const double: SlotWriter = {
      bytes: slot.bytes,
      capacity: slot.capacity,
      add: (offset, caplen, wirelen, seconds, nanoseconds, linktype) => {
        if (!slot.add(offset, caplen, wirelen, seconds, nanoseconds, linktype)) return false;
        if (!slot.add(offset, caplen, wirelen, seconds, Math.min(nanoseconds + 4_000, 999_999_999), linktype))
          throw new Error('the capture is too large for this test');
        return true;
      },
    };
    return this.#inner.fill(double);
  }

  progress(): { readonly read: number; readonly total: number } {
    return this.#inner.progress();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

const essence = (lines: readonly { readonly [key: string]: unknown }[]): unknown[] =>
  lines.map(({ type, source, destination, account, target, outcome, reason }) => ({
    type,
    source,
    destination,
    account,
    target,
    outcome,
    reason,
  }));

describe.each([
  'lab/dns-lookups.pcap',
  'lab/cldap-ping.pcap',
  'lab/kerberos-options.pcap',
  'lab/ldap-simple-bind.pcap',
  'lab/smb-ntlm-fail.pcap',
])('%s', (name) => {
  it('says each activity once when every packet comes twice', async () => {
    const source = new Doubled(await openCapture([fixture(name)]));
    const doubled = await runSource(source);
    await source.close();
    const once = await runFiles(fixture(name));
    expect(essence(doubled.lines)).toEqual(essence(once.lines));
    expect(doubled.accounting.packets).toBe(2 * once.accounting.packets);
  });
});
