import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimMemory } from '../../../src/activity/claim-memory.ts';

/** The same, told with maps. */
class Model {
  readonly #said = new Map<number, Map<string, { text: string; seconds: number }>>();

  get size(): number {
    return this.#said.size;
  }

  isNews(address: number, method: string, text: string, seconds: number, repeat: number): boolean {
    const known = this.#said.get(address)?.get(method);
    if (known !== undefined && known.text === text && seconds - known.seconds < repeat) return false;
    this.#said.set(address, (this.#said.get(address) ?? new Map()).set(method, { text, seconds }));
    return true;
  }

  forget(address: number): void {
    this.#said.delete(address);
  }
}

const step = fc.record({
  isForgotten: fc.boolean(),
  // Few enough to meet again, with IPv4's ends and what stands for IPv6 among them.
  address: fc.oneof(fc.nat(600), fc.constantFrom(0, 0xffff_ffff, 0x1_0000_0000, 0x1f_ffff_ffff_fffe)),
  method: fc.constantFrom('dns-a', 'dhcp'),
  name: fc.constantFrom('', 'WS01', 'WS02'),
  os: fc.constantFrom('', 'Windows'),
  mac: fc.constantFrom('', '02:00:00:00:00:01'),
  wait: fc.nat(40),
});

describe('ClaimMemory', () => {
  it('tells news as maps would, whatever comes and is forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 2000, size: 'max' }), (steps) => {
        const memory = new ClaimMemory();
        const model = new Model();
        let seconds = 1_700_000_000;
        for (const { isForgotten, address, method, name, os, mac, wait } of steps) {
          seconds += wait;
          if (isForgotten && wait > 30) {
            memory.forget(address);
            model.forget(address);
          }
          const isNews = memory.isNews(address, method, name, os, mac, seconds, 60);
          expect(isNews).toBe(model.isNews(address, method, [name, os, mac].join(' '), seconds, 60));
          expect(memory.size).toBe(model.size);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps tens of thousands of addresses apart', () => {
    const memory = new ClaimMemory();
    for (let address = 0; address < 50_000; address++) memory.isNews(address * 7, 'dns-a', `ws${address}`, '', '', 1, 60);
    expect(memory.size).toBe(50_000);
    for (let address = 0; address < 50_000; address++)
      expect(memory.isNews(address * 7, 'dns-a', `ws${address}`, '', '', 2, 60)).toBe(false);
  });
});
