// What passes between a pool and the addon, with a stand-in for the addon: settings, counts in their order, the end.
import { expect, it } from 'vitest';
import { NativeBackend } from '../../../src/capture/live/native.ts';
import type { Binding } from '../../../src/native/binding.ts';

const settings = { snaplen: 1500, timeoutMs: 20, bufferBytes: 1 << 20, drainMs: 300, filter: 'tcp' };
const shape = { stride: 64, slots: 1, slotBytes: 32, slotPackets: 1 };

/** Notes every call; states and counts are what is given. */
function addon(words: readonly number[] = [], error = '') {
  const calls: unknown[][] = [];
  const note =
    (name: string, result: unknown) =>
    (...args: unknown[]) => {
      calls.push([name, ...args.slice(1)]);
      return result;
    };
  const told =
    (name: string) =>
    (_pool: unknown, id: number, out: Float64Array): string => {
      calls.push([name, id]);
      out.set(words);
      return error;
    };
  const binding = {
    createPool: () => ({ kind: 'pool' }),
    openCapture: note('open', { linktype: 1, snaplen: 1500, isNano: true, warning: '' }),
    giveSlot: note('give', true),
    takeSlot: note('take', true),
    closePool: note('closePool', undefined),
    captureStats: told('stats'),
    closeCapture: told('close'),
  };
  const backend = new NativeBackend(binding as unknown as Binding, 'libpcap');
  return { calls, pool: backend.pool(new Uint8Array(64), shape, () => undefined) };
}

it.each([
  [true, 1],
  [false, 0],
])('asks for what the settings say, promiscuous (%s) or not', (promiscuous, isPromiscuous) => {
  const { calls, pool } = addon();
  pool.open(3, 'eth0', { ...settings, promiscuous });
  const { filter, ...sizes } = settings;
  expect(calls).toEqual([['open', 3, 'eth0', { ...sizes, isPromiscuous }, filter]]);
});

it('tells the counts in the order of the addon, and its states', () => {
  // STAT_WORDS in native-bindings/src: the state, then the counts of CaptureStats.
  const counts = {
    received: 1,
    receivedBytes: 2,
    delivered: 3,
    noSlot: 4,
    tooLong: 5,
    kernelReceived: 6,
    kernelDropped: 7,
    adapterDropped: 8,
    left: 9,
  };
  for (const [word, state] of ['open', 'running', 'stopping', 'ended', 'failed', 'failed'].entries()) {
    const { calls, pool } = addon([word, 1, 2, 3, 4, 5, 6, 7, 8, 9], 'gone');
    expect(pool.stats(2)).toEqual({ state, error: 'gone', ...counts });
    expect(pool.closeCapture(2)).toEqual({ state, error: 'gone', ...counts });
    expect(calls).toEqual([
      ['stats', 2],
      ['close', 2],
    ]);
  }
});

it('asks a pool that is closed for nothing', () => {
  const { calls, pool } = addon();
  expect(pool.take(new Uint32Array(4))).toBe(true);
  pool.give(0);
  pool.close();
  pool.give(1);
  expect(pool.take(new Uint32Array(4))).toBe(false);
  expect(calls.map(([name]) => name)).toEqual(['take', 'give', 'closePool']);
});
