// What tells a command to end early.

/** Calls `end` at the first signal of each kind; the next of that kind ends the process at once. The returned function takes this back. */
export function onStop(end: () => void, signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']): () => void {
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}
