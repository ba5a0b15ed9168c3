// A bench that is ended: nothing more begins.
import { expect, it } from 'vitest';
import { runBench } from '../../../src/bench/bench.ts';
import { fixture } from '../../support/fixtures.ts';

it('starts no process once it is ended', async () => {
  const stop = new AbortController();
  const said: string[] = [];
  let isLoadAsked = false;
  const settings = {
    ...{ loadNames: ['x'], cores: 1, memoryBytes: 2 ** 30, workers: 2, seconds: 0.2, isQuick: true },
    // Told to each process that is started.
    get captures() {
      isLoadAsked = true;
      return [fixture('lab/first-look.pcap')];
    },
  };
  const says = (step: string): void => {
    said.push(step);
    // Between two measurements nothing is there that could be stopped.
    if (step.startsWith('as fast as it goes')) stop.abort(new Error('enough'));
  };
  await expect(runBench(settings, { says, signal: stop.signal })).rejects.toThrow('enough');
  expect(said.filter((step) => !step.startsWith('budget: '))).toEqual(['as fast as it goes: 1 worker']);
  expect(isLoadAsked).toBe(false);
});
