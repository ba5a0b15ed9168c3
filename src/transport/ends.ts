// How a packet's way ends in a shard. Together with the verdicts of the header walk these are all ends there are:
// packets in = decoded + ignored + dropped, and a test proves the sum.

export interface End {
  readonly label: string;
  readonly end: 'decoded' | 'ignored' | 'dropped';
  readonly help: string;
}

export const DECODED_END = 0;
export const NO_PAYLOAD = 1;
export const NOT_OF_INTEREST = 2;
export const UNIDENTIFIED = 3;
export const RETRANSMISSION = 4;
export const OUTSIDE_WINDOW = 5;
export const OVER_LIMIT = 6;
export const SHED = 7;
/** These are counted by the main thread: no worker is left to do it. */
export const WORKER_LOST = 8;
export const NOT_READ = 9;

/** The ends by number. */
export const ENDS: readonly End[] = [
  { label: 'decoded', end: 'decoded', help: 'Its payload was given to a decoder.' },
  { label: 'no-payload', end: 'ignored', help: 'A TCP or UDP packet without payload, such as a bare acknowledgment.' },
  { label: 'not-of-interest', end: 'ignored', help: 'Of a flow that no decoder wants (any more).' },
  { label: 'unidentified', end: 'ignored', help: 'Of a flow whose protocol was not known yet.' },
  { label: 'retransmission', end: 'ignored', help: 'TCP bytes that had been seen before.' },
  { label: 'outside-window', end: 'dropped', help: 'A TCP sequence number that no window reaches.' },
  { label: 'over-limit', end: 'dropped', help: 'Of a flow that was given up because a buffer reached its limit.' },
  { label: 'shed', end: 'dropped', help: 'Of a flow that was shed from its start, to spare the machine.' },
  { label: 'worker-lost', end: 'dropped', help: 'Its worker crashed before it could say how the packet ended.' },
  { label: 'not-read', end: 'dropped', help: 'The time to read it was over when the sensor had to end.' },
];
