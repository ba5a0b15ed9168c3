// How much room V8 takes for objects, in all threads of the process.
import { setFlagsFromString } from 'node:v8';

/** Node 22's. */
const LAVISH_V8 = 12;

/**
 * Has heaps grow in small steps; to be called before threads start. V8 from 12 on otherwise takes 50 to 70 MB more for the same
 * work with two workers; older versions do not, and would pay for it with 3 % of the processor time (docs/performance.md).
 */
export function growSparingly(): void {
  if (Number.parseInt(process.versions.v8, 10) >= LAVISH_V8) setFlagsFromString('--optimize-for-size');
}
