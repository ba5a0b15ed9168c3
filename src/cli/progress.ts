// A progress bar on a terminal's stderr; nothing at all anywhere else.
import cliProgress from 'cli-progress';
import type { PipelineState } from '../runtime/pipeline.ts';
import { ACTIVITIES } from '../worker/catalogue.ts';
import { count, size } from './text.ts';

const INTERVAL_MS = 200;

/** Starts the bar; the returned function takes it away again. */
export function showProgress(
  state: PipelineState,
  progress: () => { readonly read: number; readonly total: number },
): () => void {
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}% | {read} of {size} | {rate} packets/s | {activities} activities | {left}',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  const started = performance.now();
  const { total } = progress();
  bar.start(Math.max(total, 1), 0, { read: size(0), size: total > 0 ? size(total) : '?', rate: '0', activities: '0', left: '' });
  const timer = setInterval(() => {
    const { read } = progress();
    const seconds = (performance.now() - started) / 1000;
    const left = total > 0 && read > 0 ? `${Math.ceil((seconds * (total - read)) / read)} s left` : '';
    bar.update(Math.min(read, Math.max(total, 1)), {
      read: size(read),
      rate: count(Math.round(state.gate.frame / seconds)),
      activities: count(state.counters.totals(ACTIVITIES).reduce((sum, one) => sum + one, 0)),
      left,
    });
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}
