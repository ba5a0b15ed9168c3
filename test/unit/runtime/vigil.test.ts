// What a sensor knows of itself, and what it tells of it in the log's stead: the health file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CaptureStats } from '../../../src/capture/live/backend.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { AdapterStatus } from '../../../src/runtime/live/adapters.ts';
import { Vigil, type Watched } from '../../../src/runtime/live/vigil.ts';
import { openLog } from '../../../src/runtime/log.ts';

const BUDGET = 6 * 2 ** 30;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'adtap-vigil-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const none = { received: 0, receivedBytes: 0, delivered: 0, noSlot: 0, tooLong: 0, left: 0 };
const kernel = { kernelReceived: 0, kernelDropped: 0, adapterDropped: 0 };

function adapter(counts: Partial<Omit<CaptureStats, 'state' | 'error'>>, change: Partial<AdapterStatus> = {}): AdapterStatus {
  return {
    name: 'eth0',
    state: 'capturing',
    reason: '',
    linktype: 1,
    opened: 1,
    counts: { ...none, ...kernel, ...counts },
    ...change,
  };
}

const watched = (change: Partial<Watched> & { status?: AdapterStatus[] } = {}): Watched => ({
  adapters: { status: () => change.status ?? [adapter({})], warnings: [] },
  controllers: { status: () => [] },
  names: { active: null },
  sink: { state: { fault: '', writtenLines: 0, lostLines: 0 } },
  surroundings: { clockOffsets: new Map(), powerProblem: '' },
  dropped: 0,
  ...change,
});

function vigil(path = '', clock = () => 0, log = openLog('silent', false)) {
  const { config } = loadConfig(
    null,
    {},
    new Map([
      ['sensor.name', 's1'],
      ['health.path', path],
    ]),
  );
  return new Vigil(config, Date.now(), log, clock);
}

const keys = (one: Vigil): string[] => one.open.map(({ key, subject }) => `${key} ${subject}`.trim());

describe('a vigil', () => {
  it('finds nothing wrong with a sensor that is well', () => {
    const one = vigil();
    one.look(watched({ status: [adapter({ delivered: 1000 })] }), BUDGET);
    expect(keys(one)).toEqual([]);
  });

  it.each([
    ['by the kernel', { kernelDropped: 20 }],
    ['by the adapter', { adapterDropped: 20 }],
    ['for want of slots', { noSlot: 20 }],
    ['for their length', { tooLong: 20 }],
    ['at the end', { left: 20 }],
  ])('counts packets lost %s', (_, counts) => {
    const one = vigil();
    one.look(watched(), BUDGET);
    one.look(watched({ status: [adapter({ delivered: 980, ...counts })] }), BUDGET);
    expect(one.open.map(({ key, message }) => [key, message])).toEqual([
      ['trafficNotAnalysed', '20 of 1000 packets of the last minute'],
    ]);
  });

  it('counts packets that were delivered and dropped, of all adapters', () => {
    const one = vigil();
    one.look(watched(), BUDGET);
    const status = [adapter({ delivered: 600 }), adapter({ delivered: 400 }, { name: 'eth1' })];
    one.look(watched({ status, dropped: 30 }), BUDGET);
    expect(one.open[0]?.message).toBe('30 of 1000 packets of the last minute');
  });

  it('forgets a loss after a minute of looks every five seconds without one', () => {
    const one = vigil();
    one.look(watched(), BUDGET);
    const status = [adapter({ delivered: 980, kernelDropped: 20 })];
    for (let look = 0; look < 12; look++) one.look(watched({ status }), BUDGET);
    expect(keys(one)).toEqual(['trafficNotAnalysed']);
    one.look(watched({ status }), BUDGET);
    expect(keys(one)).toEqual([]);
  });

  it('says that a loss is not known where one adapter does not tell it, and adds up what the others do', () => {
    const one = vigil();
    one.look(watched(), BUDGET);
    const status = [
      adapter({ delivered: 900, kernelDropped: Number.NaN, left: Number.NaN }),
      adapter({ noSlot: 100 }, { name: 'eth1' }),
    ];
    one.look(watched({ status }), BUDGET);
    expect(keys(one)).toEqual(['trafficNotAnalysed', 'lossUnknown']);
    expect(one.open[0]?.message).toBe('100 of 1000 packets of the last minute');
  });

  it('misses adapters that are unavailable, not those that are gone', () => {
    const one = vigil();
    const gone = adapter({}, { name: '(others)', state: 'gone' });
    const down = adapter({}, { name: 'eth1', state: 'unavailable', reason: 'it is down' });
    one.look(watched({ status: [gone, adapter({}), down] }), BUDGET);
    expect(keys(one)).toEqual(['adapterUnavailable eth1']);
  });

  it('tells of a crash for ten minutes and counts it for good', () => {
    let now = 0;
    const one = vigil('', () => now);
    one.crashed(1, 'out of memory\n  at a line of code', 10, 3);
    one.look(watched(), BUDGET);
    expect(one.open.map(({ message }) => message)).toEqual(['a worker crashed: out of memory']);
    now += 599_999;
    one.look(watched(), BUDGET);
    expect(keys(one)).toEqual(['captureComponent a worker crashed: out of memory']);
    now += 1;
    one.look(watched(), BUDGET);
    expect(keys(one)).toEqual([]);
    expect([one.crashes, one.lostFlows]).toEqual([1, 3]);
  });

  it('logs an issue when it begins and when it ends, and a crash', () => {
    const logged: unknown[][] = [];
    const log = pino({ base: null }, { write: (line) => logged.push(facts(JSON.parse(line))) });
    const facts = ({ level, issue, subject, msg }: Record<string, unknown>): unknown[] => [level, issue, subject, msg];
    const one = vigil('', undefined, log);
    const down = adapter({}, { name: 'eth1', state: 'unavailable', reason: 'it is down' });
    for (const status of [[adapter({}), down], [adapter({}), down], [adapter({})]]) one.look(watched({ status }), BUDGET);
    one.crashed(1, 'out of memory', 10, 3);
    const [title] = /^health: ([^:]*): /.exec(String(logged[0]?.[3]))?.slice(1) ?? [];
    // Levels of pino: 40 warns, 30 informs, 50 is an error.
    expect(logged).toEqual([
      [40, 'adapterUnavailable', 'eth1', expect.stringMatching(/^health: .+: .*it is down/)],
      [30, 'adapterUnavailable', 'eth1', `health: over: ${title}`],
      [50, undefined, undefined, 'a worker crashed and is replaced'],
    ]);
  });

  it('tells as long as it lasts of a component that is wrong from the start', () => {
    const one = vigil();
    one.note('the addon is not built');
    one.look(watched(), BUDGET);
    one.look(watched({ adapters: { status: () => [adapter({})], warnings: ['eth0: no promiscuous mode'] } }), BUDGET);
    expect(keys(one)).toEqual(['captureComponent the addon is not built', 'captureComponent eth0: no promiscuous mode']);
  });

  it('writes a line when an issue begins and one when it ends, and goes on when it cannot', async () => {
    const path = join(folder, 'health.ndjson');
    const one = vigil(path);
    const lines = (): Record<string, unknown>[] =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const full = watched({ sink: { state: { fault: 'the disk is full', writtenLines: 0, lostLines: 9 } } });
    one.look(full, BUDGET);
    one.look(full, BUDGET);
    await vi.waitFor(() => expect(lines()).toHaveLength(1));
    one.thresholds = { ...one.thresholds, path: join(folder, 'missing', 'health.ndjson') };
    one.note('nobody reads this');
    one.look(full, BUDGET);
    one.thresholds = { ...one.thresholds, path };
    one.look(watched(), BUDGET);
    await vi.waitFor(() => expect(lines()).toHaveLength(2));
    expect(lines().map(({ kind, sensor, key, state, message }) => [kind, sensor, key, state, message])).toEqual([
      ['health', 's1', 'outputNotWritable', 'open', 'the disk is full'],
      ['health', 's1', 'outputNotWritable', 'closed', 'the disk is full'],
    ]);
  });
});
