// How far a replay is, on a terminal's stderr; nothing at all anywhere else.
import type { PipelineState } from '../runtime/pipeline.ts';
import { ACTIVITIES } from '../worker/catalogue.ts';
import { showBar } from './bar.ts';
import { count, size } from './text.ts';

/** Starts the bar; the returned function takes it away again. */
export function showProgress(
  state: PipelineState,
  progress: () => { readonly read: number; readonly total: number },
): () => void {
  const started = performance.now();
  const { total } = progress();
  const whole = Math.max(total, 1);
  const format = '{bar} {percentage}% | {read} of {size} | {rate} packets/s | {activities} activities | {left}';
  const first = { read: size(0), size: total > 0 ? size(total) : '?', rate: '0', activities: '0', left: '' };
  return showBar(format, whole, first, () => {
    const { read } = progress();
    const seconds = (performance.now() - started) / 1000;
    return {
      done: Math.min(read, whole),
      fields: {
        read: size(read),
        rate: count(Math.round(state.gate.frame / seconds)),
        activities: count(state.counters.totals(ACTIVITIES).reduce((sum, one) => sum + one, 0)),
        left: total > 0 && read > 0 ? `${Math.ceil((seconds * (total - read)) / read)} s left` : '',
      },
    };
  });
}
