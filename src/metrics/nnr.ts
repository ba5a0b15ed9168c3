// What name resolution shows: the names that are known, and the look-ups of those that ask.
import type { Registry } from 'prom-client';
import type { ActiveNnr } from '../nnr/active-nnr.ts';
import type { Book } from '../nnr/book.ts';
import { IMPORTANCE } from '../nnr/queue.ts';
import { histogram, registerTable, type TableMetric } from './sensor.ts';

type NnrFacts = Pick<ActiveNnr, 'tally' | 'status'>;

type NamesFacts = Pick<Book, 'known' | 'hits' | 'misses'>;

/** Whether anybody is asked or not. */
export const namesMetrics: readonly TableMetric<NamesFacts>[] = [
  {
    name: 'adtap_names',
    type: 'gauge',
    labels: [],
    help: 'Addresses whose computer is known.',
    rows: ({ known }) => [[{}, known]],
  },
  {
    name: 'adtap_name_lookups_total',
    type: 'counter',
    labels: ['result'],
    help: 'Ends of activities whose computer was known (hit) or not (miss).',
    rows: ({ hits, misses }) => [
      [{ result: 'hit' }, hits],
      [{ result: 'miss' }, misses],
    ],
  },
];

/** All of active resolution but the histogram; docs/metrics.md is made from this table too. */
export const nnrMetrics: readonly TableMetric<NnrFacts>[] = [
  {
    name: 'adtap_nnr_attempts_total',
    type: 'counter',
    labels: ['method'],
    help: 'Active look-ups begun.',
    rows: ({ tally }) => [...tally.entries()].map(([method, { attempts }]) => [{ method }, attempts]),
  },
  {
    name: 'adtap_nnr_answers_total',
    type: 'counter',
    labels: ['method'],
    help: 'Active look-ups that gave a name.',
    rows: ({ tally }) => [...tally.entries()].map(([method, { answers }]) => [{ method }, answers]),
  },
  {
    name: 'adtap_nnr_failures_total',
    type: 'counter',
    labels: ['method', 'reason'],
    help: 'Active look-ups that gave none, by reason.',
    rows: ({ tally }) =>
      [...tally.entries()].flatMap(([method, { failures }]) =>
        [...failures].map(([reason, count]) => [{ method, reason }, count] as const),
      ),
  },
  {
    name: 'adtap_nnr_in_flight',
    type: 'gauge',
    labels: ['method'],
    help: 'Active look-ups under way, each with one socket.',
    rows: ({ tally }) => [...tally.entries()].map(([method, { inFlight }]) => [{ method }, inFlight]),
  },
  {
    name: 'adtap_nnr_queue',
    type: 'gauge',
    labels: ['importance'],
    help: 'Addresses that wait to be asked.',
    rows(facts) {
      const { queued } = facts.status();
      return Object.entries(IMPORTANCE).map(([importance, level]) => [{ importance }, queued[level] ?? 0]);
    },
  },
  {
    name: 'adtap_nnr_dropped_total',
    type: 'counter',
    labels: [],
    help: 'Addresses that were not asked because too many waited.',
    rows: (facts) => [[{}, facts.status().dropped]],
  },
  {
    name: 'adtap_nnr_remembered',
    type: 'gauge',
    labels: [],
    help: 'Addresses that were asked and are left alone for a while.',
    rows: (facts) => [[{}, facts.status().known]],
  },
];

/** The histogram's name and help. */
export const NNR_SECONDS = { name: 'adtap_nnr_seconds', help: 'How long active look-ups took.' } as const;

/** Adds those of the book to a registry. */
export function registerNames(registry: Registry, book: NamesFacts): void {
  registerTable(registry, namesMetrics, book);
}

/** Adds those of active resolution to a registry. */
export function registerNnr(registry: Registry, facts: NnrFacts): void {
  registerTable(registry, nnrMetrics, facts);
  registry.registerMetric(
    histogram(NNR_SECONDS, () => [...facts.tally.entries()].map(([method, { latency }]) => [{ method }, latency])),
  );
}
