// Every counter of the pipeline, built from the tables of the rooms that count. Main thread and workers build the same map.
// Rooms that declare limits: all must be loaded before the list is made, in every thread.
import '../activity/speaker.ts';
import '../ip/limits.ts';
import '../link/link.ts';
import '../nnr/active/limits.ts';
import '../nnr/limits.ts';
import '../transport/limits.ts';
import { REASON_NAMES } from '../bytes/reason.ts';
import { VERDICTS } from '../ip/verdict.ts';
import type { Outcome } from '../protocols/contract.ts';
import { limits } from '../protocols/limits.ts';
import { protocols } from '../protocols/registry.ts';
import type { GateCounters } from '../shard/gate.ts';
import { CounterMap, type Family } from '../slots/counters.ts';
import { ENDS } from '../transport/ends.ts';

export const GATE_ENDS = 'adtap_gate_packets_total';
export const SHARD_ENDS = 'adtap_shard_packets_total';
export const FILTERED = 'adtap_filtered_packets_total';
export const BYTES = 'adtap_bytes_total';
export const MESSAGES = 'adtap_messages_total';
export const ACTIVITIES = 'adtap_activities_total';
export const REFUSALS = 'adtap_refusals_total';
export const LIMITS = 'adtap_limit_hits_total';
export const FLOWS = 'adtap_flows_total';
export const ACTIVE_FLOWS = 'adtap_active_flows';
export const WORKER_BUSY = 'adtap_workers_busy_seconds_total';

/** Why a packet never reached the header walk. */
export const FILTERED_CELLS = ['filter', 'time-range'] as const;
export const FLOW_CELLS = ['opened', 'closed', 'evicted', 'timedOut', 'gaps', 'gapBytes', 'copies', 'shed'] as const;

/** Outcomes of activities, in the order of their cells. */
export const OUTCOMES: readonly Outcome[] = ['success', 'failure', 'unanswered'];
export const activityTypes = protocols.flatMap((protocol) => protocol.activities);
const messageProtocols = [...new Set(protocols.map((protocol) => protocol.name))];

/** All limits, in the order of their counters. */
export const allLimits = limits();

const families: Family[] = [
  {
    name: GATE_ENDS,
    help: 'Packets by the verdict of the header walk.',
    labels: ['verdict', 'end'],
    cells: VERDICTS.map((one) => [one.label, one.end]),
  },
  {
    name: SHARD_ENDS,
    help: 'TCP and UDP packets by how they ended.',
    labels: ['reason', 'end'],
    cells: ENDS.map((one) => [one.label, one.end]),
  },
  {
    name: FILTERED,
    help: 'Packets left out because the user asked so.',
    labels: ['by'],
    cells: FILTERED_CELLS.map((by) => [by]),
  },
  { name: BYTES, help: 'Captured bytes of packets.', labels: [], cells: [[]] },
  { name: MESSAGES, help: 'Messages written.', labels: ['protocol'], cells: messageProtocols.map((name) => [name]) },
  {
    name: ACTIVITIES,
    help: 'Activities said.',
    labels: ['protocol', 'type', 'outcome'],
    cells: activityTypes.flatMap((one) => OUTCOMES.map((outcome) => [one.protocol, one.type, outcome])),
  },
  {
    name: REFUSALS,
    help: 'Pieces of messages refused as malformed, over a limit, or in a form that is not read (unsupported).',
    labels: ['protocol', 'reason'],
    cells: messageProtocols.flatMap((name) => REASON_NAMES.map((reason) => [name, reason])),
  },
  { name: LIMITS, help: 'Arrivals at a limit.', labels: ['limit'], cells: allLimits.map((limit) => [limit.key]) },
  { name: FLOWS, help: 'What happened to flows.', labels: ['event'], cells: FLOW_CELLS.map((name) => [name]) },
  { name: WORKER_BUSY, help: 'Time that all workers were reading slots.', labels: [], cells: [[]] },
  { name: ACTIVE_FLOWS, help: 'Flows held now.', isGauge: true, labels: [], cells: [[]] },
];

export const counterMap = new CounterMap(families);
export const shardEndCount = ENDS.length;
export const reasonCount = REASON_NAMES.length;
export const protocolIndex = new Map(messageProtocols.map((name, index) => [name, index]));
export const activityIndex = new Map(activityTypes.map((type, index) => [type, index]));

/** Where the gate counts, in the main thread's block. */
export const gateCounters = (block: Float64Array): GateCounters => ({
  block,
  verdicts: counterMap.offset(GATE_ENDS),
  filtered: counterMap.offset(FILTERED),
  bytes: counterMap.offset(BYTES),
});
