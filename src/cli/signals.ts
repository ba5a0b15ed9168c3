// What tells a command to end early.
import { constants } from 'node:os';

/** Calls `end` at the first signal of each kind; the next of that kind ends the process at once. The returned function takes this back. */
export function onStop(
  end: (signal: NodeJS.Signals) => void,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): () => void {
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}

/** The process ends with the exit code that shells give a program that a signal ended: what it did is not all that it was to do. */
export function endedBy(signal: NodeJS.Signals): void {
  process.exitCode = 128 + constants.signals[signal];
}
