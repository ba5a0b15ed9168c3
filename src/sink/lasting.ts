// Sinks of a sensor: a disk that is full or a device that fails is no reason to stop, only to count.
import type { ByteSink } from './line-buffer.ts';

export interface SinkState {
  /** Why nothing can be written now, or empty. */
  readonly fault: string;
  readonly writtenLines: number;
  readonly lostLines: number;
}

/** Takes whole lines. write() rejects only when nobody can ever read them (a closed pipe). */
export interface LastingSink extends ByteSink {
  readonly state: SinkState;
}

const LINE_END = 10;

/** Lines that end in the bytes. */
export function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) count++;
  return count;
}
