// Verdicts as tables: traffic and a host in, words out. And what verdicts rest on: models, plans, adapters' counters.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { planTexts } from '../../../src/report/sizing.ts';
import { type AdapterCounts, countAdapters, linuxCounter } from '../../../src/sizing/adapter.ts';
import { type Host, hostHere } from '../../../src/sizing/hosts.ts';
import { planMachines } from '../../../src/sizing/machines.ts';
import { highestOf, type Model, needsAt, rateWithin, readModel } from '../../../src/sizing/model.ts';
import { referenceModel } from '../../../src/sizing/reference-model.ts';
import { hostOf, size } from '../../../src/sizing/sizing.ts';
import type { Sample, Traffic } from '../../../src/sizing/traffic.ts';
import { adtapVerdict, mdiVerdict } from '../../../src/sizing/verdict.ts';
import { recordedMachine, under } from '../../support/recorded-machine.ts';
import { MEMINFO_16, podV2 } from '../host/recordings.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const traffic = (busy: number, average = busy / 3): Traffic => ({
  busy,
  average,
  peak: busy,
  busyFrom: 0,
  busyTo: 900,
  from: 0,
  to: 86_400,
  seconds: 86_400,
  isShort: false,
  isPartOfDay: false,
});
const host = (cores: number | null, memoryGib: number | null, more: Partial<Host> = {}): Host => ({
  cores,
  memoryGib,
  busyCpu: 0,
  usedMemoryGib: 0,
  ...more,
});

describe('mdiVerdict', () => {
  it.each<[string, number, number, Host, string]>([
    ['small and roomy', 800, 300, host(4, 16), 'Yes'],
    ['the least hardware', 800, 300, host(2, 6), 'Yes'],
    ['less than the least hardware', 800, 300, host(1, 6), 'Yes, but additional resources required'],
    ['too little memory for its row', 15_000, 5000, host(4, 8), 'Yes, but additional resources required'],
    ['too few cores for its row', 30_000, 9000, host(2, 16), 'Yes, but additional resources required'],
    ['exactly its row', 20_000, 9000, host(2, 9), 'Yes'],
    ['a little over the row', 20_001, 9000, host(2, 9), 'Yes, but additional resources required'],
    ['a spike', 8000, 700, host(4, 16), 'Maybe'],
    ['ten times is not yet a spike', 8000, 800, host(4, 16), 'Yes'],
    ['a spike, and too little memory', 8000, 700, host(4, 6), 'Maybe, but additional resources required'],
    ['60k', 60_000, 30_000, host(16, 64), 'Yes'],
    ['above 60k, whatever it has', 60_001, 30_000, host(16, 64), 'Maybe, but additional resources required'],
    ['the end of the table', 100_000, 50_000, host(16, 64), 'Maybe, but additional resources required'],
    ['beyond the table', 100_001, 50_000, host(16, 64), 'No'],
    ['no cores known', 800, 300, host(null, 16), 'Missing core data'],
    ['no memory known', 800, 300, host(4, null), 'Missing RAM data'],
    ['no system known, though asked for', 800, 300, host(4, 16, { os: null }), 'Missing OS Data'],
  ])('%s', (_, busy, average, machine, words) => {
    const verdict = mdiVerdict(traffic(busy, average), machine);
    expect(verdict.words).toBe(words);
    expect(verdict.because.length).toBeGreaterThan(0);
  });

  it('is Missing Traffic Data without traffic', () => {
    expect(mdiVerdict(null, host(4, 16)).words).toBe('Missing Traffic Data');
  });

  it('says how much more is needed', () => {
    expect(mdiVerdict(traffic(30_000), host(2, 8)).because).toEqual([
      '1.5 cores more: it has 2, row 20k-50k and the least hardware ask for 3.5',
      '1.5 GB more: it has 8, row 20k-50k and the least hardware ask for 9.5',
    ]);
    expect(mdiVerdict(traffic(800), host(4 / 3, 8)).because[0]).toMatch(/^0.67 cores more: it has 1.33, /);
  });
});

const model: Model = {
  form: 'adtap-model-1',
  adtap: '0.0.0',
  measuredOn: 'a table',
  load: 'none',
  workers: 2,
  budget: { cores: 2, memoryGib: 6, words: 'none' },
  points: [
    { packetsPerSecond: 1000, cores: 0.1, memoryGib: 0.2 },
    { packetsPerSecond: 101_000, cores: 0.5, memoryGib: 0.3 },
    { packetsPerSecond: 501_000, cores: 1.7, memoryGib: 0.5 },
  ],
};

describe('a model', () => {
  it.each([
    [0, { cores: 0.1, memoryGib: 0.2 }],
    [1000, { cores: 0.1, memoryGib: 0.2 }],
    [51_000, { cores: 0.3, memoryGib: 0.25 }],
    [301_000, { cores: 1.1, memoryGib: 0.4 }],
    [501_000, { cores: 1.7, memoryGib: 0.5 }],
  ])('%d packets/s take what lies between the points', (rate, needs) => {
    const found = needsAt(model, rate)!;
    expect(found.cores).toBeCloseTo(needs.cores, 9);
    expect(found.memoryGib).toBeCloseTo(needs.memoryGib, 9);
  });

  it('knows nothing beyond its highest point', () => expect(needsAt(model, 501_001)).toBeNull());

  it('turns needs back into a rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 501_000 }), (rate) => {
        const { cores, memoryGib } = needsAt(model, rate)!;
        expect(Math.abs(rateWithin(model, cores + 1e-9, memoryGib + 1e-9) - rate)).toBeLessThanOrEqual(2);
      }),
    );
    expect(rateWithin(model, 0.05, 10)).toBe(0);
    expect(rateWithin(model, 10, 0.1)).toBe(0);
    expect(rateWithin(model, 10, 10)).toBe(501_000);
  });

  it.each([
    ['{', /cannot be read as JSON/],
    ['{}', /not a model/],
    [JSON.stringify({ ...model, points: [] }), /points/],
    [JSON.stringify({ ...model, points: [...model.points].reverse() }), /must rise/],
    [JSON.stringify({ ...model, more: 1 }), /not a model/],
  ])('is refused when it is %j', (text, problem) => {
    const path = join(scratch, 'model.json');
    writeFileSync(path, text);
    expect(() => readModel(path)).toThrow(problem);
  });

  it('is read as it was written', () => {
    const path = join(scratch, 'model.json');
    writeFileSync(path, JSON.stringify(model));
    expect(readModel(path)).toEqual(model);
  });

  it('is shipped, and holds what its own form asks', () => {
    const path = join(scratch, 'model.json');
    writeFileSync(path, JSON.stringify(referenceModel));
    expect(readModel(path)).toEqual(referenceModel);
    expect(highestOf(referenceModel)).toBeGreaterThan(0);
  });
});

describe('adtapVerdict', () => {
  it.each<[string, number, Host, string]>([
    ['roomy', 50_000, host(4, 16), 'Yes'],
    ['beyond what was measured', 600_000, host(64, 256), 'No'],
    // 2 cores, 15% of them 0.3, leave 1.7: the highest point.
    ['exactly 15% free', 500_990, host(2, 16), 'Yes'],
    ['less than 15% free', 501_000, host(1.8, 16), 'Yes, with less than 15% free'],
    // The highest point takes 1.7 cores: all that there are.
    ['exactly what it has', 501_000, host(1.7, 16), 'Yes, with less than 15% free'],
    ['too busy already', 301_000, host(2, 16, { busyCpu: 0.5 }), 'No'],
    ['too little memory', 1000, host(2, 4, { usedMemoryGib: 3.9 }), 'No'],
    ['little memory', 1000, host(2, 4, { usedMemoryGib: 3.5 }), 'Yes, with less than 15% free'],
    ['unknown cores', 1000, host(null, 4), 'Missing cores or memory'],
  ])('%s', (_, busy, machine, words) => {
    expect(adtapVerdict(traffic(busy), machine, model).words).toBe(words);
  });

  it('says up to which rate it stays so, and that rate is itself a Yes and the next is not', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (cores, busyCpu) => {
          const machine = host(cores, 16, { busyCpu });
          const { holdsUpTo } = adtapVerdict(traffic(1), machine, model);
          if (holdsUpTo === null || holdsUpTo === 0) return;
          expect(adtapVerdict(traffic(holdsUpTo), machine, model).words).toBe('Yes');
          expect(adtapVerdict(traffic(holdsUpTo + 2), machine, model).words).not.toBe('Yes');
        },
      ),
    );
  });

  it('says what would leave 15% free', () => {
    // At 301,000 packets/s 1.1 cores and 0.4 GiB; of 1.2 cores and 0.44 GiB 85% are 1.02 and 0.374.
    expect(adtapVerdict(traffic(301_000), host(1.2, 0.44), model).because).toEqual([
      '0.08 cores more would leave 15% free',
      '0.03 GiB more would leave 15% free',
    ]);
    expect(adtapVerdict(traffic(1000), host(4, 16), model).because).toEqual([
      'up to 501,000 packets/s it stays so (501.0 times what there is)',
    ]);
  });

  it('tells of peaks beyond what was held', () => {
    const verdict = adtapVerdict({ ...traffic(50_000), peak: 700_000 }, host(4, 16), model);
    expect(verdict.words).toBe('Yes');
    expect(verdict.because[0]).toMatch(/700,000 packets\/s is more than the 501,000/);
  });
});

describe('planMachines', () => {
  it('puts all that fit somewhere, no machine over its capacity, in at most 11/9 of the least number and one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 30 }), (rates) => {
        const dcs = rates.map((busy, index) => ({ name: `dc${index}`, busy }));
        const { machines, tooBusy } = planMachines(dcs, 100);
        expect([...machines.flatMap(({ members }) => members), ...tooBusy].sort()).toEqual(dcs.map(({ name }) => name).sort());
        expect(tooBusy).toHaveLength(rates.filter((rate) => rate > 100).length);
        for (const { packetsPerSecond } of machines) expect(packetsPerSecond).toBeLessThanOrEqual(100);
        const least = Math.ceil(rates.filter((rate) => rate <= 100).reduce((sum, rate) => sum + rate, 0) / 100);
        // Any two machines are more than full together, so there are fewer than twice the least.
        expect(machines.length).toBeLessThanOrEqual(Math.max(1, 2 * least));
      }),
    );
  });

  it('does not open a machine while one has room', () => {
    const plan = planMachines(
      [60, 50, 40, 30, 20].map((busy, index) => ({ name: `dc${index}`, busy })),
      100,
    );
    expect(plan.machines.map(({ members }) => members)).toEqual([
      ['dc0', 'dc2'],
      ['dc1', 'dc3', 'dc4'],
    ]);
  });
});

describe('countAdapters', () => {
  /** A look every five seconds; null is an adapter that is away. */
  async function counted(
    readings: Readonly<Record<string, readonly (number | null)[]>>,
  ): Promise<AdapterCounts & { readonly warnings: readonly string[]; readonly said: readonly number[][] }> {
    const looks = new Map<string, number>();
    const warnings: string[] = [];
    const said: number[][] = [];
    const seconds = 5 * (Object.values(readings)[0]!.length - 1);
    let time = 1000;
    const counts = await countAdapters(
      Object.keys(readings),
      {
        seconds,
        intervalSeconds: 0.001,
        signal: new AbortController().signal,
        says: (...words) => said.push(words),
        warns: (what) => warnings.push(what),
      },
      (adapter) => {
        const look = looks.get(adapter) ?? 0;
        looks.set(adapter, look + 1);
        const total = readings[adapter]![look] ?? null;
        if (total === null) throw new AdtapError('ADTAP_E_ADAPTER', `${adapter}: there is no such adapter`);
        return total;
      },
      () => {
        time += 5;
        return time;
      },
    );
    return { ...counts, warnings, said };
  }

  it('turns counters into samples, and survives one that begins again', async () => {
    const { adapters, restarts, looked, warnings, said } = await counted({ a: [100, 150, 20, 60], b: [0, 0, 1000, 1000] });
    expect(adapters.get('a')).toEqual([
      { from: 1005, to: 1010, packets: 50 },
      { from: 1015, to: 1020, packets: 40 },
    ]);
    expect(adapters.get('b')?.map(({ packets }) => packets)).toEqual([0, 1000, 0]);
    expect({ restarts, looked, warnings }).toEqual({ restarts: 1, looked: { from: 1005, to: 1020 }, warnings: [] });
    // Of both adapters together, in 5 seconds each: 50 + 0, what is known of 1000, 40 + 0.
    expect(said).toEqual([
      [5, 10],
      [10, 200],
      [15, 8],
    ]);
  });

  it('goes on when an adapter vanishes, and counts it again when it comes back', async () => {
    const { adapters, warnings, looked } = await counted({ a: [100, 150, null, null, 7, 17, 37], b: [0, 5, 10, 15, 20, 25, 30] });
    // Known are the first interval and the last two: what came while it was away, and before the first look after, is not.
    expect(adapters.get('a')).toEqual([
      { from: 1005, to: 1010, packets: 50 },
      { from: 1025, to: 1030, packets: 10 },
      { from: 1030, to: 1035, packets: 20 },
    ]);
    expect(adapters.get('b')).toHaveLength(6);
    expect(warnings).toEqual([expect.stringMatching(/^a is gone/), expect.stringMatching(/^a is back/)]);
    expect(
      size([{ name: 'A', adapters, restarts: 0, mix: null, looked }], new Map(), host(4, 16), model).controllers[0]?.warnings,
    ).toContain('a: nothing is known of 15 s of 30 s');
  });

  it('ends early when told to, with what it has', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    let total = 0;
    const settings = { seconds: 3600, intervalSeconds: 600, signal: stop.signal, says: () => undefined, warns: () => undefined };
    const { adapters } = await countAdapters(['lo'], settings, () => ++total);
    expect(adapters.get('lo')).toHaveLength(1);
  });

  it('refuses what is no adapter', async () => {
    const settings = {
      seconds: 1,
      intervalSeconds: 1,
      signal: new AbortController().signal,
      says: () => undefined,
      warns: () => undefined,
    };
    for (const name of ['no-such-adapter', '../../etc', '..', ''])
      await expect(countAdapters([name], settings)).rejects.toMatchObject({ code: 'ADTAP_E_ADAPTER' });
  });
});

describe('linuxCounter', () => {
  const statistics = '/sys/class/net/eth0/statistics';
  it('adds up what came in and what went out', () => {
    const files = under(statistics, { rx_packets: '40\n', tx_packets: '2\n' });
    expect(linuxCounter(recordedMachine({ files }))('eth0')).toBe(42);
  });

  it.each([
    ['a counter that says nothing', recordedMachine({ files: under(statistics, { rx_packets: '40\n', tx_packets: '\n' }) })],
    ['an adapter that is gone', recordedMachine({})],
    ['another system', recordedMachine({ platform: 'win32' })],
  ])('refuses %s', (_, machine) => {
    expect(() => linuxCounter(machine)('eth0')).toThrow(AdtapError);
  });
});

describe('hostHere', () => {
  it('counts what a container may use, not what its machine has', async () => {
    const files = { ...podV2, '/proc/meminfo': MEMINFO_16, '/sys/devices/system/cpu/online': '0-7\n' };
    expect(await hostHere(recordedMachine({ files }))).toMatchObject({ cores: 1.5, memoryGib: 6 });
  });
});

/** Samples of so many seconds each, all of one rate. */
const every = (seconds: number, count: number, rate: number, from = 0): Sample[] =>
  Array.from({ length: count }, (_, index) => ({
    from: from + index * seconds,
    to: from + (index + 1) * seconds,
    packets: rate * seconds,
  }));

describe('size', () => {
  const warnings = (adapters: Readonly<Record<string, Sample[]>>): readonly string[] =>
    size([{ name: 'A', adapters: new Map(Object.entries(adapters)), restarts: 0, mix: null }], new Map(), host(4, 16), model)
      .controllers[0]!.warnings;

  it('warns of samples that are coarser than a minute', () => {
    expect(warnings({ x: every(60, 1440, 100) })).toEqual([]);
    expect(warnings({ x: every(600, 144, 100) })).toEqual([
      'a sample is the mean of 10 min: peaks are higher, the busiest 15 minutes may be',
    ]);
    expect(warnings({ x: every(60, 1440, 100), y: every(3600, 24, 100) })).toEqual([
      'a sample is the mean of 60 min: the busiest 15 minutes and the peak within it are higher',
    ]);
  });

  it('warns of time of which nothing is known, by adapter', () => {
    // The second adapter is missing from 6 to 9 o'clock.
    const whole = every(60, 1440, 100);
    const gap = [...every(60, 360, 100), ...every(60, 900, 100, 9 * 3600)];
    expect(warnings({ x: whole, y: gap })).toEqual(['y: nothing is known of 3 hours of 24 hours']);
    expect(warnings({ x: whole, y: [...whole.slice(0, 700), ...whole.slice(702)] })).toEqual([]);
    expect(warnings({ '': gap })).toEqual(['nothing is known of 3 hours of 24 hours', expect.stringMatching(/^only 21.0 hours/)]);
    expect(warnings({ x: whole, z: [] })).toEqual(['z: nothing is known of 24 hours of 24 hours']);
  });

  it('says that nothing was counted, and not how many times that fits', () => {
    const result = size(
      [{ name: 'A', adapters: new Map([['x', every(60, 1440, 0)]]), restarts: 0, mix: null }],
      new Map(),
      host(4, 16),
      model,
    );
    expect(result.controllers[0]?.warnings).toEqual([expect.stringMatching(/^no packet was counted/)]);
    expect(result.controllers[0]?.adtap.because).toEqual(['up to 501,000 packets/s it stays so']);
  });

  it('says in its plan what it counts as a sensor', () => {
    const samples = every(60, 1440, 2000);
    const observed = ['A', 'B'].map((name) => ({ name, adapters: new Map([['', samples]]), restarts: 0, mix: null }));
    const result = size(observed, new Map([['b', host(1, 4)]]), host(4, 16), model);
    expect(planTexts(result)[0]).toBe(
      "A sensor on each domain controller: 2 of 2 by MDI's table (Yes and Maybe; 1 of them with additional resources only), 2 by adtap's model (0 of them with less than 15% free).",
    );
  });

  it('names machines without traffic, and counts sensors and machines', () => {
    const samples = every(60, 1440, 2000);
    const observed = ['A', 'B'].map((name) => ({
      name,
      adapters: new Map([['', samples]]),
      restarts: name === 'A' ? 2 : 0,
      mix: null,
    }));
    const hosts = new Map([
      ['b', host(1, 4)],
      ['c', host(4, 16)],
    ]);
    const result = size(observed, hosts, hostOf(4, 16), model);
    expect(result.controllers.map(({ name, mdi, adtap }) => [name, mdi.words, adtap.words])).toEqual([
      ['A', 'Yes', 'Yes'],
      ['B', 'Yes, but additional resources required', 'Yes'],
      ['c', 'Missing Traffic Data', 'Missing traffic'],
    ]);
    expect(result.controllers[0]?.warnings).toEqual(['counters began again 2 times; the time between was left out']);
    expect(result.sensors).toEqual({ mdi: 2, adtap: 2 });
    expect(result.standalone.adtap.machines).toHaveLength(1);
  });
});
