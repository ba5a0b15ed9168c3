// Whether active name resolution works, method by method: the real sensor's rule is that more than 90% fail.
import type { ActiveMethod } from '../nnr/answer.ts';
import type { Issue } from './issues.ts';

const FAILING_SHARE = 0.9;
/** Fewer look-ups say nothing. */
const LEAST = 20;

/** Look-ups of the last ten minutes by one method, and those that gave a name. */
export interface Recent {
  readonly method: ActiveMethod;
  readonly made: number;
  readonly named: number;
}

export function nameResolution(methods: readonly Recent[]): Issue[] {
  return methods
    .filter(({ made, named }) => made >= LEAST && made - named > made * FAILING_SHARE)
    .map(({ method, made, named }) => ({
      key: 'nameResolution',
      subject: method,
      message: `${made - named} of ${made} look-ups of the last ten minutes gave no name`,
    }));
}
