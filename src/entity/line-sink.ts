// What takes the lines that leave the enrichment.

/** Where finished lines go. */
export interface LineSink {
  /** Appends UTF-8, the bytes [start, end) of `from`. */
  append(from: Uint8Array, start: number, end: number): void;
  /** The line is whole. */
  endLine(): void;
}
