// Progress bars on a terminal's stderr.
import cliProgress from 'cli-progress';

const INTERVAL_MS = 200;

/** What stands in the fields of a bar's format. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Shows `first`, then five times a second how much of `whole` is done; fields that are left out stay as they were. The returned
 * function takes the bar away, and does no harm when it is called again.
 */
export function showBar(
  format: string,
  whole: number,
  first: Fields,
  look: () => { readonly done: number; readonly fields: Fields },
): () => void {
  const bar = new cliProgress.SingleBar({ format, hideCursor: true, clearOnComplete: true, stream: process.stderr });
  bar.start(whole, 0, first);
  const timer = setInterval(() => {
    const { done, fields } = look();
    bar.update(done, fields);
  }, INTERVAL_MS);
  let isShown = true;
  return () => {
    if (!isShown) return;
    isShown = false;
    clearInterval(timer);
    bar.stop();
  };
}
