// Each issue begins at its threshold and not before, and ends; both are told once.
import { describe, expect, it } from 'vitest';
import { type Condition, examine } from '../../../src/health/examine.ts';
import { HealthBook, type IssueKey, type IssueLine, issueKinds } from '../../../src/health/issues.ts';

const GIB = 2 ** 30;
const well: Condition = {
  now: 10_000,
  started: 1000,
  adapters: [
    { name: 'eth0', isCapturing: true, reason: '' },
    { name: 'eth1', isCapturing: true, reason: '' },
  ],
  controllers: [{ address: '10.0.0.1', lastSeconds: 9999 }],
  packets: { seen: 2000, lost: 50 },
  before: { seen: 1000, lost: 40 },
  isLossKnown: true,
  residentBytes: GIB,
  memoryBytes: 2 * GIB,
  component: [],
  outputFault: '',
  clockOffsets: new Map([['10.0.0.1', 12]]),
  powerProblem: '',
};
const thresholds = { silenceSeconds: 300, lossPercent: 1 };

const keys = (condition: Partial<Condition>): string[] =>
  examine({ ...well, ...condition }, thresholds).map(({ key, subject }) => (subject === '' ? key : `${key} ${subject}`));

describe('examine', () => {
  it('finds nothing wrong with a sensor that is well', () => {
    expect(keys({})).toEqual([]);
  });

  const down = (...names: string[]): Condition['adapters'] =>
    well.adapters.map(({ name }) => ({ name, isCapturing: !names.includes(name), reason: names.includes(name) ? 'down' : '' }));
  const controller = (lastSeconds: number): Condition['controllers'] => [{ address: '10.0.0.1', lastSeconds }];
  const looked = (made: number, named: number) => [{ method: 'netbios' as const, made, named }];
  const clock = (offset: number): Condition['clockOffsets'] => new Map([['10.0.0.1', offset]]);

  // What is just bearable, and what is just not.
  it.each<[IssueKey, Partial<Condition>, Partial<Condition>, string]>([
    ['adapterUnavailable', {}, { adapters: down('eth1') }, 'adapterUnavailable eth1'],
    ['allAdaptersUnavailable', { adapters: down('eth1') }, { adapters: down('eth0', 'eth1') }, 'allAdaptersUnavailable'],
    ['noTraffic', { controllers: controller(9700.5) }, { controllers: controller(9700) }, 'noTraffic 10.0.0.1'],
    [
      'noTraffic',
      { controllers: controller(0), started: 9701 },
      { controllers: controller(0), started: 9700 },
      'noTraffic 10.0.0.1',
    ],
    ['trafficNotAnalysed', { packets: { seen: 2000, lost: 50 } }, { packets: { seen: 2000, lost: 51 } }, 'trafficNotAnalysed'],
    ['trafficNotAnalysed', { packets: { seen: 1000, lost: 40 } }, { packets: { seen: 1001, lost: 41 } }, 'trafficNotAnalysed'],
    ['lossUnknown', {}, { isLossKnown: false }, 'lossUnknown'],
    ['memoryLimit', { residentBytes: 1.8 * GIB }, { residentBytes: 1.8 * GIB + 4096 }, 'memoryLimit'],
    ['captureComponent', {}, { component: ['the addon is not built'] }, 'captureComponent the addon is not built'],
    ['outputNotWritable', {}, { outputFault: 'ENOSPC' }, 'outputNotWritable'],
    ['clockSkew', { clockOffsets: clock(300_000) }, { clockOffsets: clock(300_001) }, 'clockSkew 10.0.0.1'],
    ['clockSkew', { clockOffsets: clock(-300_000) }, { clockOffsets: clock(-300_001) }, 'clockSkew 10.0.0.1'],
    ['powerPlan', {}, { powerProblem: 'the governor is powersave' }, 'powerPlan'],
    ['nameResolution', { resolution: looked(19, 0) }, { resolution: looked(20, 0) }, 'nameResolution netbios'],
    ['nameResolution', { resolution: looked(100, 10) }, { resolution: looked(100, 9) }, 'nameResolution netbios'],
  ])('%s', (key, bearable, wrong, said) => {
    expect(keys(bearable).filter((one) => one.startsWith(key))).toEqual([]);
    expect(keys(wrong)).toContain(said);
  });

  it('says of no minute that more was lost than seen: what is shed is counted later', () => {
    const [issue] = examine({ ...well, packets: { seen: 1342, lost: 390 } }, thresholds);
    expect(issue?.message).toBe('342 of 342 packets of the last minute');
  });

  it('can find every issue that is documented', () => {
    const all = examine(
      {
        ...well,
        adapters: down('eth0', 'eth1'),
        controllers: controller(1),
        packets: { seen: 2000, lost: 1000 },
        isLossKnown: false,
        residentBytes: 3 * GIB,
        component: ['x'],
        outputFault: 'x',
        clockOffsets: clock(1e6),
        powerProblem: 'x',
        resolution: looked(100, 0),
      },
      thresholds,
    );
    expect(new Set(all.map(({ key }) => key))).toEqual(new Set(issueKinds.map(({ key }) => key)));
    for (const { message } of all) expect(message).not.toBe('');
  });
});

describe('HealthBook', () => {
  function book(): { readonly health: HealthBook; readonly told: IssueLine[]; readonly clock: { now: number } } {
    const told: IssueLine[] = [];
    const clock = { now: Date.UTC(2026, 0, 1) };
    const health = new HealthBook(
      'dc1',
      (line) => told.push(line),
      () => clock.now,
    );
    return { health, told, clock };
  }

  it('tells each issue once when it begins and once when it ends', () => {
    const { health, told, clock } = book();
    const silent = { key: 'noTraffic', subject: '10.0.0.1', message: 'none for 300 seconds' } as const;
    health.update([silent]);
    clock.now += 5000;
    health.update([{ ...silent, message: 'none for 305 seconds' }]);
    expect(health.open).toMatchObject([{ since: '2026-01-01T00:00:00.000Z', message: 'none for 305 seconds' }]);
    clock.now += 5000;
    health.update([]);
    health.update([]);
    const common = {
      v: 1,
      kind: 'health',
      sensor: 'dc1',
      key: 'noTraffic',
      subject: '10.0.0.1',
      title: 'No traffic received from domain controller',
      severity: 'medium',
      since: '2026-01-01T00:00:00.000Z',
    };
    expect(told).toEqual([
      { ...common, state: 'open', time: '2026-01-01T00:00:00.000Z', message: 'none for 300 seconds' },
      { ...common, state: 'closed', time: '2026-01-01T00:00:10.000Z', message: 'none for 305 seconds' },
    ]);
    expect(health.open).toEqual([]);
  });

  it('keeps issues of the same kind apart by what they are about, and begins them anew', () => {
    const { health, told } = book();
    const at = (subject: string) => ({ key: 'adapterUnavailable', subject, message: 'down' }) as const;
    health.update([at('eth0'), at('eth1')]);
    health.update([at('eth1')]);
    health.update([at('eth1'), at('eth0')]);
    expect(told.map(({ state, subject }) => `${state} ${subject}`)).toEqual([
      'open eth0',
      'open eth1',
      'closed eth0',
      'open eth0',
    ]);
    expect(health.open.map(({ subject }) => subject)).toEqual(['eth1', 'eth0']);
  });
});
