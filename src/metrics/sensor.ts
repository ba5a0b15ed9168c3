// What a sensor shows beyond the pipeline's counters: adapters, drops by place, slots, delays, restraint, health.
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import { issueKinds, type OpenIssue } from '../health/issues.ts';
import type { AdapterStatus } from '../runtime/live/adapters.ts';
import type { ControllerStatus } from '../runtime/live/domain-controllers.ts';
import type { PipelineState } from '../runtime/pipeline.ts';
import { metricsRegistry } from './exposition.ts';
import type { LagHistogram } from './lag.ts';

/** What the metrics read, each time they are asked for. */
export interface SensorFacts {
  readonly version: string;
  readonly backend: { readonly name: string; readonly library: string };
  readonly state: PipelineState;
  readonly lag: LagHistogram;
  adapters(): readonly AdapterStatus[];
  controllers(): readonly ControllerStatus[];
  issues(): readonly OpenIssue[];
  slots(): { readonly used: number; readonly total: number };
  lines(): { readonly written: number; readonly lost: number; readonly dropped: number; readonly bytes: number };
  /** Shares, 0 to 1: of new flows that is shed, and of its time that the main thread was busy. */
  shed(): number;
  loopUtilisation(): number;
  /** Time that each worker was busy. */
  busySeconds(): readonly number[];
  crashes(): number;
  /** Flows that crashed workers held. */
  lostFlows(): number;
}

type Rows = readonly (readonly [Readonly<Record<string, string>>, number])[];

/** A metric as a row of a table: what it is, and how it is read from facts of the kind F. */
export interface TableMetric<F> {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly help: string;
  /** Label values and what they have now; NaN is left out. */
  rows(facts: F): Rows;
}

/** All of them but the histogram; docs/metrics.md is made from this table too. */
export const sensorMetrics: readonly TableMetric<SensorFacts>[] = [
  {
    name: 'adtap_build_info',
    type: 'gauge',
    labels: ['version', 'node', 'backend', 'libpcap'],
    help: 'Versions; always 1.',
    rows: ({ version, backend }) => [
      [{ version, node: process.versions.node, backend: backend.name, libpcap: backend.library }, 1],
    ],
  },
  {
    name: 'adtap_adapter_up',
    type: 'gauge',
    labels: ['adapter'],
    help: 'Whether packets are captured from the adapter.',
    rows: (facts) =>
      facts
        .adapters()
        .filter(({ state }) => state !== 'gone')
        .map(({ name, state }) => [{ adapter: name }, state === 'capturing' ? 1 : 0]),
  },
  {
    name: 'adtap_capture_packets_total',
    type: 'counter',
    labels: ['adapter'],
    help: 'Packets read from the adapter.',
    rows: (facts) => facts.adapters().map(({ name, counts }) => [{ adapter: name }, counts.received]),
  },
  {
    name: 'adtap_capture_bytes_total',
    type: 'counter',
    labels: ['adapter'],
    help: 'Bytes of those packets, as captured.',
    rows: (facts) => facts.adapters().map(({ name, counts }) => [{ adapter: name }, counts.receivedBytes]),
  },
  {
    name: 'adtap_capture_dropped_packets_total',
    type: 'counter',
    labels: ['adapter', 'place'],
    help: 'Packets lost before they were decoded: by the adapter, by the kernel, for want of a free slot (no-slot), longer than a slot (too-long), not read at the end (left). A place that the backend knows nothing of is missing.',
    rows: (facts) =>
      facts
        .adapters()
        .flatMap(({ name, counts }) => [
          [{ adapter: name, place: 'adapter' }, counts.adapterDropped] as const,
          [{ adapter: name, place: 'kernel' }, counts.kernelDropped] as const,
          [{ adapter: name, place: 'no-slot' }, counts.noSlot] as const,
          [{ adapter: name, place: 'too-long' }, counts.tooLong] as const,
          [{ adapter: name, place: 'left' }, counts.left] as const,
        ]),
  },
  {
    name: 'adtap_domain_controller_packets_total',
    type: 'counter',
    labels: ['address'],
    help: 'Packets from or to a domain controller.',
    rows: (facts) => facts.controllers().map(({ address, packets }) => [{ address }, packets]),
  },
  {
    name: 'adtap_domain_controller_bytes_total',
    type: 'counter',
    labels: ['address'],
    help: 'Bytes on the wire of those packets.',
    rows: (facts) => facts.controllers().map(({ address, bytes }) => [{ address }, bytes]),
  },
  {
    name: 'adtap_slots',
    type: 'gauge',
    labels: ['use'],
    help: 'Slots of shared memory: filled, or free for the capture threads.',
    rows(facts) {
      const { used, total } = facts.slots();
      return [
        [{ use: 'filled' }, used],
        [{ use: 'free' }, total - used],
      ];
    },
  },
  {
    name: 'adtap_lines_total',
    type: 'counter',
    labels: ['result'],
    help: 'Lines by what became of them: written, unwritable (the file refused them), sink-too-slow.',
    rows(facts) {
      const { written, lost, dropped } = facts.lines();
      return [
        [{ result: 'written' }, written],
        [{ result: 'unwritable' }, lost],
        [{ result: 'sink-too-slow' }, dropped],
      ];
    },
  },
  {
    name: 'adtap_output_bytes_total',
    type: 'counter',
    labels: [],
    help: 'Bytes handed to the output.',
    rows: (facts) => [[{}, facts.lines().bytes]],
  },
  {
    name: 'adtap_shed_ratio',
    type: 'gauge',
    labels: [],
    help: 'Share of new flows that is shed to spare the machine.',
    rows: (facts) => [[{}, facts.shed()]],
  },
  {
    name: 'adtap_worker_crashes_total',
    type: 'counter',
    labels: [],
    help: 'Workers that crashed and were replaced.',
    rows: (facts) => [[{}, facts.crashes()]],
  },
  {
    name: 'adtap_worker_lost_flows_total',
    type: 'counter',
    labels: [],
    help: 'Flows that were lost with crashed workers.',
    rows: (facts) => [[{}, facts.lostFlows()]],
  },
  {
    name: 'adtap_worker_busy_seconds_total',
    type: 'counter',
    labels: ['shard'],
    help: 'Time that a worker was reading slots.',
    rows: (facts) => facts.busySeconds().map((value, shard) => [{ shard: String(shard) }, value]),
  },
  {
    name: 'adtap_event_loop_utilisation_ratio',
    type: 'gauge',
    labels: [],
    help: 'Share of the last seconds that the main thread was busy.',
    rows: (facts) => [[{}, facts.loopUtilisation()]],
  },
  {
    name: 'adtap_cpu_seconds_total',
    type: 'counter',
    labels: ['mode'],
    help: 'Processor time of the process.',
    rows() {
      const { user, system } = process.cpuUsage();
      return [
        [{ mode: 'user' }, user / 1e6],
        [{ mode: 'system' }, system / 1e6],
      ];
    },
  },
  {
    name: 'adtap_health_issues',
    type: 'gauge',
    labels: ['issue', 'severity'],
    help: 'Health issues that are open, by kind (docs/health.md).',
    rows: (facts) =>
      issueKinds.map(({ key, severity }) => [
        { issue: key, severity },
        facts.issues().filter((issue) => issue.key === key).length,
      ]),
  },
];

/** The histogram's name and help. */
export const LAG_METRIC = {
  name: 'adtap_activity_lag_seconds',
  help: "From an activity's first packet to its line being written.",
} as const;

/** The registry of /metrics. */
export function sensorRegistry(facts: SensorFacts): Registry {
  const registry = metricsRegistry(facts.state);
  registerTable(registry, sensorMetrics, facts);
  registry.registerMetric(lagMetric(facts.lag));
  return registry;
}

/** Puts the metrics of a table into a registry. */
export function registerTable<F>(registry: Registry, metrics: readonly TableMetric<F>[], facts: F): void {
  for (const { name, type, labels, help, rows } of metrics) {
    const options = { name, help, labelNames: labels, registers: [registry] };
    const known = (): Rows => rows(facts).filter(([, value]) => !Number.isNaN(value));
    if (type === 'counter')
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const [values, value] of known()) this.inc({ ...values }, value);
        },
      });
    else
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const [values, value] of known()) this.set({ ...values }, value);
        },
      });
  }
}

/** prom-client's own histogram would cost an object an observation; this one is filled in only when asked. */
function lagMetric(lag: LagHistogram): Metric {
  return histogram(LAG_METRIC, () => [[{}, lag]]);
}

/** One that is filled in from plain buckets, by label values. */
export function histogram(
  { name, help }: { readonly name: string; readonly help: string },
  read: () => readonly (readonly [Readonly<Record<string, string>>, LagHistogram])[],
): Metric {
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    reset: () => undefined,
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: read().flatMap(([labels, lag]) => [
        ...lag.buckets().map(({ le, count }) => ({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count })),
        { metricName: `${name}_sum`, labels, value: lag.sum },
        { metricName: `${name}_count`, labels, value: lag.count },
      ]),
    }),
  };
  return metric as unknown as Metric;
}
