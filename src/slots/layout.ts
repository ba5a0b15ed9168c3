// The map of the shared memory: what lies where in the ring. The main thread fills slots, workers read them; nobody else needs
// to know an offset.

/**
 * Flows belong to partitions, partitions to shards (partition modulo number of shards). Tables and limits are a partition's
 * own, so what is said does not depend on how many workers there are.
 */
export const PARTITIONS = 64;

/** Words of the control block. */
export const PUBLISHED = 0;
export const STOP = 1;
/** Low and high half of the number of the capture's last frame, valid with the last slot. */
export const LAST_FRAME_LOW = 2;
export const LAST_FRAME_HIGH = 3;
/** How many of 256 parts of the flows are to be shed, by class of protocol (see Restraint); written at any time. */
export const SHED = 4;
/** From here on: which slot holds which sequence, one word a slot. */
export const CONTROL_WORDS = 16;

/** The partition of a flow, by the hash of its five-tuple. */
export const partitionOf = (hash: number): number => hash % PARTITIONS;

/** Words of a packet's entry. */
export const ENTRY_FRAME = 0; // relative to the slot's first frame
export const ENTRY_SECONDS = 1;
export const ENTRY_NANOSECONDS = 2;
export const ENTRY_HASH = 3;
// What the gate's walk over the headers found: offsets of IP header, transport header and end of payload; see Packet.
export const ENTRY_NETWORK = 4;
export const ENTRY_TRANSPORT = 5;
export const ENTRY_END = 6;
export const ENTRY_MISSING = 7;
export const ENTRY_PROTOCOL = 8;
export const ENTRY_WORDS = 9;

/** Words of a slot's header; then comes the number of packets of each shard. */
export const HEADER_FIRST_FRAME_LOW = 0;
export const HEADER_FIRST_FRAME_HIGH = 1;
export const HEADER_LAST = 2;
/** Live only: the clock, when the slot brings no packets but time; else 0. Seconds since 1970. */
export const HEADER_TICK = 3;
export const HEADER_COUNTS = 4;

/** Sizes of a ring. */
export interface RingShape {
  readonly slots: number;
  readonly shards: number;
  /** Bytes a source may fill. */
  readonly slotBytes: number;
  /** Bytes behind them for datagrams put together from fragments. */
  readonly scratchBytes: number;
  /** Packets a slot can index. */
  readonly slotPackets: number;
  /**
   * Room for what shards say of a slot, in equal shares: bytes of lines, and numbers beside them. Enough for a slot full of DNS.
   * It takes memory when it is first written to.
   */
  readonly lineBytes: number;
  readonly rowNumbers: number;
}

/** 12 slots of 1 MiB: enough to keep all busy while another thread has the processor, few enough to stay in cache and budget. */
export const DEFAULT_SHAPE = {
  slots: 12,
  slotBytes: 1 << 20,
  scratchBytes: 1 << 18,
  slotPackets: 1 << 14,
  lineBytes: 3 << 20,
  rowNumbers: 1 << 16,
} as const;
