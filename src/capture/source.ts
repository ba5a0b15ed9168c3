// What fills slots. A source knows nothing of protocols: it has packets, their times and their linktype.

/** Where a source puts packets: one slot of shared memory. */
export interface SlotWriter {
  /** The slot's memory; the source may write anywhere in [0, capacity). */
  readonly bytes: Uint8Array;
  readonly capacity: number;
  /**
   * Says that a packet lies at [offset, offset + caplen) of `bytes`. False: the slot takes no more; this packet was not taken
   * and must come first in the next slot.
   */
  add(offset: number, caplen: number, wirelen: number, seconds: number, nanoseconds: number, linktype: number): boolean;
}

export interface Source {
  /**
   * Fills one slot as far as it can. False when there is nothing more (this slot may have got packets nevertheless); true only
   * after the slot was offered a packet at least. A promise only when the input makes one wait.
   */
  fill(slot: SlotWriter): boolean | Promise<boolean>;
  /** Bytes of the input read so far, and in all where that is known (0 when not). */
  progress(): { readonly read: number; readonly total: number };
  /** What the user should be told once the source has ended, such as a truncated last record. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}
