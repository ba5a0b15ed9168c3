// Replays at the capture's own speed, or a multiple of it: a packet is due when as much time has passed since the start.
import type { PaceClock } from './pipeline.ts';

/** `speed` 1 is real time. Times before the first packet's are due at once. */
export function paceClock(speed: number, now: () => number = () => performance.now()): PaceClock {
  let start = -1;
  let base = 0;
  let wait = 0;
  return {
    due(seconds, nanoseconds) {
      const time = seconds * 1000 + nanoseconds / 1e6;
      if (start < 0) {
        start = now();
        base = time;
      }
      wait = (time - base) / speed - (now() - start);
      return wait <= 0;
    },
    waitMs: () => Math.max(0, wait),
  };
}
