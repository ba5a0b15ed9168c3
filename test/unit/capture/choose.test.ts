// Which backend captures, what is said when it is not the addon, and when there is none.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BackendChoice, chooseBackend } from '../../../src/capture/live/choose.ts';
import { AdtapError } from '../../../src/errors.ts';
import type { Loaded } from '../../../src/native/binding.ts';
import { FakeBackend } from '../../support/fake-backend.ts';

const here = vi.hoisted(() => ({ addon: {} as unknown, cap: null as unknown }));
vi.mock('../../../src/native/binding.ts', () => ({ loadBinding: () => here.addon, STAT_WORDS: 10 }));
vi.mock('../../../src/capture/live/cap.ts', () => ({ loadCap: () => here.cap }));

const problem = 'libpcap is not installed: apt install libpcap0.8';
const built = { binding: {}, version: 'libpcap 1.10' } as unknown as Loaded;
const cap = Object.assign(new FakeBackend(), { name: 'cap' });
afterEach(() => vi.restoreAllMocks());

describe('chooseBackend', () => {
  it.each<[BackendChoice, 'addon' | 'no addon', 'cap' | 'no cap', string, string]>([
    ['auto', 'addon', 'cap', 'native', ''],
    ['auto', 'addon', 'no cap', 'native', ''],
    ['native', 'addon', 'cap', 'native', ''],
    // The stand-in is told of, with what is missing.
    ['auto', 'no addon', 'cap', 'cap', problem],
    // Wished for, it is no stand-in.
    ['cap', 'addon', 'cap', 'cap', ''],
    ['cap', 'no addon', 'cap', 'cap', ''],
  ])('%s with %s and %s: %s', (choice, addon, other, name, note) => {
    here.addon = addon === 'addon' ? built : { problem };
    here.cap = other === 'cap' ? cap : null;
    const chosen = chooseBackend(choice);
    expect([chosen.backend.name, chosen.note]).toEqual([name, note]);
    if (name === 'native') expect(chosen.backend.library).toBe('libpcap 1.10');
  });

  it.each<[BackendChoice, Loaded, unknown, string]>([
    ['auto', { problem }, null, `${problem}; nor is the package cap installed`],
    ['native', { problem }, cap, problem],
    ['cap', built, null, 'the package cap is not installed, or not built'],
  ])('%s says what is missing', (choice, addon, other, message) => {
    here.addon = addon;
    here.cap = other;
    expect(() => chooseBackend(choice)).toThrow(AdtapError);
    expect(() => chooseBackend(choice)).toThrow(`live capture is not possible here: ${message}`);
    expect(() => chooseBackend(choice)).toThrow(expect.objectContaining({ code: 'ADTAP_E_NO_CAPTURE', exitCode: 2 }));
  });
});
