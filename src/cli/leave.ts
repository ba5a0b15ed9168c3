// The last way out. A process waits for what it began, also for a write to a disk that is gone or to a pipe that nobody reads.
import { loadBinding } from '../native/binding.ts';

/** Ends the process after so many milliseconds if it has not ended by itself, with the exit code that it has by then. */
export function leaveWithin(milliseconds: number): void {
  setTimeout(() => {
    const loaded = loadBinding();
    const code = Number(process.exitCode ?? 0);
    if ('binding' in loaded) loaded.binding.leave(code);
    process.exit();
  }, milliseconds).unref();
}
