// The pipeline's counters in the Prometheus text format. Threads count in shared memory; prom-client only sees the sums, at
// the moment they are asked for.
import { Counter, Gauge, Registry } from 'prom-client';
import type { PipelineState } from '../runtime/pipeline.ts';
import { counterMap } from '../worker/catalogue.ts';

/** A registry that reads the pipeline's counters whenever it is collected. */
export function metricsRegistry(state: PipelineState): Registry {
  const registry = new Registry();
  for (const family of counterMap.families) {
    new (family.isGauge === true ? Gauge : Counter)({
      name: family.name,
      help: family.help,
      labelNames: family.labels,
      registers: [registry],
      collect() {
        this.reset();
        const totals = state.counters.totals(family.name);
        family.cells.forEach((values, index) => {
          const labels = Object.fromEntries(family.labels.map((label, at) => [label, values[at] ?? '']));
          this.inc(labels, totals[index] ?? 0);
        });
      },
    });
  }
  new Counter({
    name: 'adtap_packets_total',
    help: 'Packets taken from the source.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(state.gate.frame);
    },
  });
  new Counter({
    name: 'adtap_fragments_total',
    help: 'IP fragments: joined into a datagram, or dropped by reason.',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ result: 'joined' }, state.gate.fragments.completedFragments);
      for (const [reason, packets] of state.gate.fragments.droppedByReason()) this.inc({ result: reason }, packets);
    },
  });
  new Gauge({
    name: 'adtap_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return registry;
}
