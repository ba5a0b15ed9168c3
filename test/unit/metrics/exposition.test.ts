// What /metrics shows: the text format's own rules (prometheus.io/docs/instrumenting/exposition_formats), names with units, and
// values that are the facts'.
import { describe, expect, it } from 'vitest';
import { LagHistogram } from '../../../src/metrics/lag.ts';
import { type SensorFacts, sensorRegistry } from '../../../src/metrics/sensor.ts';
import type { AdapterCounts } from '../../../src/runtime/live/adapters.ts';
import { EVERYTHING, Gate } from '../../../src/shard/gate.ts';
import { CounterBlocks } from '../../../src/slots/counters.ts';
import { DEFAULT_SHAPE } from '../../../src/slots/layout.ts';
import { ACTIVE_FLOWS, counterMap, gateCounters, SHARD_ENDS } from '../../../src/worker/catalogue.ts';

const counts: AdapterCounts = {
  received: 100,
  receivedBytes: 6400,
  delivered: 90,
  noSlot: 7,
  tooLong: 3,
  kernelReceived: 110,
  kernelDropped: 10,
  adapterDropped: Number.NaN,
  left: 0,
};
const WINDOWS = '\\Device\\NPF_{A "b"}\nx';

function facts(): SensorFacts {
  const counters = new CounterBlocks(counterMap, 3);
  counters.block(1)[counterMap.offset(SHARD_ENDS)] = 5;
  counters.block(2)[counterMap.offset(SHARD_ENDS)] = 6;
  counters.block(2)[counterMap.offset(ACTIVE_FLOWS)] = 4;
  const gate = new Gate({ ...DEFAULT_SHAPE, shards: 2 }, EVERYTHING, null, gateCounters(counters.block(0)));
  const lag = new LagHistogram();
  for (const value of [0.0005, 0.2, 1000]) lag.observe(value);
  const adapter = { state: 'capturing', reason: '', linktype: 1, counts, opened: 1 } as const;
  return {
    version: '1.2.3',
    backend: { name: 'native', library: 'libpcap version 1.10' },
    state: { counters, gate },
    lag,
    adapters: () => [
      { ...adapter, name: 'eth0' },
      { ...adapter, name: WINDOWS, state: 'unavailable' },
    ],
    controllers: () => [{ address: '10.0.0.1', packets: 12, bytes: 900, lastSeconds: 1 }],
    issues: () => [
      { key: 'powerPlan', subject: '', message: 'x', title: 'x', severity: 'low', since: '' },
      { key: 'adapterUnavailable', subject: 'eth1', message: 'x', title: 'x', severity: 'medium', since: '' },
    ],
    slots: () => ({ used: 5, total: 48 }),
    lines: () => ({ written: 20, lost: 2, dropped: 1, bytes: 8000 }),
    shed: () => 0.25,
    loopUtilisation: () => 0.5,
    busySeconds: () => [1.5, 2.5],
    lostFlows: () => 5,
    crashes: () => 1,
  };
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
interface Exposed {
  readonly types: Map<string, string>;
  readonly helps: Set<string>;
  readonly samples: Sample[];
}

/** A reader of the text format, strict. */
function read(text: string): Exposed {
  const exposed: Exposed = { types: new Map(), helps: new Set(), samples: [] };
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      expect(exposed.helps.has(help[1] ?? '')).toBe(false);
      exposed.helps.add(help[1] ?? '');
    } else if (type !== null) {
      expect(exposed.types.has(type[1] ?? '')).toBe(false);
      exposed.types.set(type[1] ?? '', type[2] ?? '');
    } else {
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line);
      expect([line, sample !== null]).toEqual([line, true]);
      const [, name = '', labelText = '', value = ''] = sample ?? [];
      const labels: Record<string, string> = {};
      const rest = labelText.replaceAll(
        /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)",?/g,
        (_all, label: string, raw: string) => {
          labels[label] = raw.replaceAll(/\\(.)/g, (_escape, letter: string) => (letter === 'n' ? '\n' : letter));
          return '';
        },
      );
      expect([line, rest]).toEqual([line, '']);
      exposed.samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  return exposed;
}

const exposed = async (): Promise<Exposed> => read(await sensorRegistry(facts()).metrics());
const family = (name: string, types: Map<string, string>): string =>
  types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');

describe('/metrics', () => {
  it('keeps the rules of the format: each family once, described, typed, no sample twice', async () => {
    const { types, helps, samples } = await exposed();
    expect(types.size).toBeGreaterThan(25);
    expect([...helps].sort()).toEqual([...types.keys()].sort());
    const seen = new Set<string>();
    for (const { name, labels, value } of samples) {
      expect(types.has(family(name, types))).toBe(true);
      const id = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
      expect([id, seen.has(id)]).toEqual([id, false]);
      seen.add(id);
      expect(Number.isNaN(value)).toBe(false);
    }
  });

  it('has names with units in base units, counters that end in _total, and no other name that does', async () => {
    const { types } = await exposed();
    for (const [name, type] of types) {
      expect(name).toMatch(/^adtap_[a-z][a-z_]*[a-z]$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/(_ms|_milliseconds|_percent|_kib|_mib|_megabytes|_minutes)(_|$)/);
      if (/memory|lag|cpu|busy/.test(name)) expect(name).toMatch(/_(seconds|bytes)(_total)?$/);
      if (/utilisation|shed/.test(name) && type === 'gauge') expect(name).toMatch(/_ratio$/);
    }
  });

  it('shows what the facts are', async () => {
    const { samples } = await exposed();
    const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
      samples.find((one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text))?.value;
    expect(value('adtap_build_info', { version: '1.2.3', backend: 'native', libpcap: 'libpcap version 1.10' })).toBe(1);
    expect(value('adtap_adapter_up', { adapter: 'eth0' })).toBe(1);
    expect(value('adtap_adapter_up', { adapter: WINDOWS })).toBe(0);
    expect(value('adtap_capture_packets_total', { adapter: WINDOWS })).toBe(100);
    expect(value('adtap_capture_dropped_packets_total', { adapter: 'eth0', place: 'kernel' })).toBe(10);
    expect(value('adtap_capture_dropped_packets_total', { adapter: 'eth0', place: 'no-slot' })).toBe(7);
    // Unknown is not none.
    expect(value('adtap_capture_dropped_packets_total', { adapter: 'eth0', place: 'adapter' })).toBeUndefined();
    expect(value('adtap_domain_controller_bytes_total', { address: '10.0.0.1' })).toBe(900);
    expect([value('adtap_slots', { use: 'filled' }), value('adtap_slots', { use: 'free' })]).toEqual([5, 43]);
    expect(value('adtap_lines_total', { result: 'unwritable' })).toBe(2);
    expect(value('adtap_shed_ratio')).toBe(0.25);
    expect(value('adtap_worker_busy_seconds_total', { shard: '1' })).toBe(2.5);
    expect(value('adtap_health_issues', { issue: 'adapterUnavailable' })).toBe(1);
    expect(value('adtap_health_issues', { issue: 'clockSkew' })).toBe(0);
    expect(value('adtap_shard_packets_total', { reason: 'decoded' })).toBe(11);
    expect(value('adtap_active_flows')).toBe(4);
  });

  it('shows the delays as a histogram whose buckets never fall', async () => {
    const { samples, types } = await exposed();
    expect(types.get('adtap_activity_lag_seconds')).toBe('histogram');
    const buckets = samples.filter(({ name }) => name === 'adtap_activity_lag_seconds_bucket');
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(buckets.find(({ labels }) => labels['le'] === '0.001')?.value).toBe(1);
    expect(buckets.find(({ labels }) => labels['le'] === '0.25')?.value).toBe(2);
    expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: 3 });
    expect(samples.find(({ name }) => name === 'adtap_activity_lag_seconds_count')?.value).toBe(3);
    expect(samples.find(({ name }) => name === 'adtap_activity_lag_seconds_sum')?.value).toBeCloseTo(1000.2005);
  });

  it('no longer shows what is gone', async () => {
    const all = facts();
    let gone = false;
    const registry = sensorRegistry({ ...all, adapters: () => all.adapters().slice(0, gone ? 1 : 2) });
    const adapters = async (name: string): Promise<unknown> =>
      read(await registry.metrics()).samples.flatMap((one) => (one.name === name ? [one.labels['adapter']] : []));
    for (const name of ['adtap_adapter_up', 'adtap_capture_packets_total']) {
      gone = false;
      expect(await adapters(name)).toEqual(['eth0', WINDOWS]);
      gone = true;
      expect(await adapters(name)).toEqual(['eth0']);
    }
  });

  it('shows the same when asked twice', async () => {
    const registry = sensorRegistry(facts());
    const stable = (text: string): string => text.replaceAll(/^adtap_(cpu|resident)\S* .*$/gm, '');
    expect(stable(await registry.metrics())).toBe(stable(await registry.metrics()));
  });
});
