// Where every packet went: packets in = decoded + ignored + dropped, by reason. Nothing is lost without a number.
import type { Gate } from '../shard/gate.ts';
import type { CounterBlocks } from '../slots/counters.ts';
import {
  ACTIVITIES,
  BYTES,
  counterMap,
  FILTERED,
  FLOWS,
  GATE_ENDS,
  LIMITS,
  MESSAGES,
  REFUSALS,
  SHARD_ENDS,
} from '../worker/catalogue.ts';

export type EndKind = 'decoded' | 'ignored' | 'dropped';

/** One reason and how many packets ended for it. */
export interface Ended {
  readonly end: EndKind;
  readonly reason: string;
  readonly packets: number;
}

export interface Accounting {
  readonly packets: number;
  readonly bytes: number;
  readonly decoded: number;
  readonly ignored: number;
  readonly dropped: number;
  /** All ends with packets in them. */
  readonly ends: readonly Ended[];
  /** Messages and activities, refusals and limits reached, by name; zeros left out. */
  readonly messages: Readonly<Record<string, number>>;
  readonly activities: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
  readonly flows: Readonly<Record<string, number>>;
}

/** Adds up what all threads counted. */
export function account(gate: Gate, counters: CounterBlocks): Accounting {
  const ends: Ended[] = [];
  const add = (end: EndKind, reason: string, packets: number): void => {
    if (packets !== 0) ends.push({ end, reason, packets });
  };
  for (const [labels, packets] of labelled(counters, SHARD_ENDS)) add(labels[1] as EndKind, labels[0] ?? '', packets);
  // A packet that went on to a shard, or a fragment that waits for its datagram, has not ended at the gate.
  for (const [labels, packets] of labelled(counters, GATE_ENDS))
    if (labels[1] === 'ignored' || labels[1] === 'dropped') add(labels[1], labels[0] ?? '', packets);
  for (const [labels, packets] of labelled(counters, FILTERED)) add('ignored', labels[0] ?? '', packets);
  // The datagram's own end stands for the fragment that completed it; the others joined it.
  add('decoded', 'fragment-joined', gate.fragments.completedFragments - gate.datagrams);
  for (const [reason, packets] of gate.fragments.droppedByReason()) add('dropped', `fragment-${reason}`, packets);
  const sum = (end: EndKind): number => ends.reduce((total, one) => total + (one.end === end ? one.packets : 0), 0);
  return {
    packets: gate.frame,
    bytes: counters.totals(BYTES)[0] ?? 0,
    decoded: sum('decoded'),
    ignored: sum('ignored'),
    dropped: sum('dropped'),
    ends,
    messages: named(counters, MESSAGES),
    activities: named(counters, ACTIVITIES, 1, 2),
    refusals: named(counters, REFUSALS),
    limits: named(counters, LIMITS),
    flows: named(counters, FLOWS),
  };
}

function* labelled(counters: CounterBlocks, name: string): Generator<[readonly string[], number]> {
  const family = counterMap.families.find((one) => one.name === name);
  const totals = counters.totals(name);
  for (const [index, labels] of (family?.cells ?? []).entries()) yield [labels, totals[index] ?? 0];
}

/** Sums by the labels in [from, to). */
function named(counters: CounterBlocks, name: string, from = 0, to?: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [labels, count] of labelled(counters, name)) {
    if (count === 0) continue;
    const key = labels.slice(from, to).join(' ');
    found[key] = (found[key] ?? 0) + count;
  }
  return found;
}
