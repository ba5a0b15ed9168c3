// What bounds the memory of flows and streams. Totals are shared out evenly among the partitions.
import { defineLimits } from '../protocols/limits.ts';

export const transportLimits = defineLimits('flow', {
  flows: {
    default: 1_048_576,
    max: 16_777_216,
    unit: 'flows',
    policy: 'drop-oldest',
    help: 'Flows known at once; at the limit the one not used for longest, to the second, is closed.',
  },
  tcpIdleSeconds: {
    default: 600,
    max: 86_400,
    unit: 'seconds',
    policy: 'drop-oldest',
    help: 'A TCP flow without packets for so long (capture time) is closed.',
  },
  udpIdleSeconds: {
    default: 60,
    max: 86_400,
    unit: 'seconds',
    policy: 'drop-oldest',
    help: 'A UDP flow without packets for so long is closed.',
  },
  closedSeconds: {
    default: 10,
    max: 3_600,
    unit: 'seconds',
    policy: 'drop-oldest',
    help: 'How long a finished TCP flow is remembered, so that its late retransmissions start no new one.',
  },
  bufferedBytes: {
    default: 1_048_576,
    max: 16_777_216,
    unit: 'bytes',
    policy: 'give-up-flow',
    help: 'Bytes of one direction kept while a message is incomplete.',
  },
  heldSegments: {
    default: 256,
    max: 65_536,
    unit: 'segments',
    policy: 'skip',
    help: 'Segments of one direction kept while one before them is missing; at the limit the gap is skipped.',
  },
  heldBytes: {
    default: 1_048_576,
    max: 16_777_216,
    unit: 'bytes',
    policy: 'skip',
    help: 'Bytes of one direction kept while a segment before them is missing; at the limit the gap is skipped.',
  },
  probes: {
    default: 8,
    max: 1_024,
    unit: 'segments',
    policy: 'give-up-flow',
    help: 'Pieces of data looked at before a flow that no protocol recognises is given up.',
  },
});
