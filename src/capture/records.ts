// The contract of a capture format: finds packets in bytes of the file, in place. A format keeps what it learned from headers
// (byte order, interfaces); it never keeps the bytes.

/** A packet or a piece of file without one. */
export interface RecordReader {
  /** Offset of the packet's bytes, its captured and original length, time, and linktype; valid after PACKET. */
  readonly offset: number;
  readonly caplen: number;
  readonly wirelen: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly linktype: number;
  /** Bytes of the whole record, after PACKET and SKIP; after NEED how many are needed at least, always more than there are. */
  readonly size: number;
  /** What is wrong, after DAMAGED; after SKIP what was wrong with a record that should have been a packet, else empty. */
  readonly problem: string;
  /** Looks at the record at `at`. */
  next(bytes: Uint8Array, at: number, end: number): RecordKind;
}

export const PACKET = 0;
/** No packet; go on behind it. It may be longer than what is there: skip it. */
export const SKIP = 1;
/** Cut: more bytes are needed. */
export const NEED = 2;
/** No record: the rest cannot be read. */
export const DAMAGED = 3;
export type RecordKind = typeof PACKET | typeof SKIP | typeof NEED | typeof DAMAGED;

/** Longest packet: the largest snaplen that libpcap allows. */
export const MAX_CAPLEN = 262_144;
