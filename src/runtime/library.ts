// Replay for programs: the lines of a capture as typed objects, one after the other.
import type { ActivityLine, EntityLine, Line, MessageLine } from '../activity/lines.ts';
import type { ByteSink } from '../sink/line-buffer.ts';
import { type Emit, type ReplaySettings, type ReplaySummary, replayTo } from './replay.ts';

/** An async iterable of lines; `summary` resolves when the replay is over (and rejects if it fails). */
export interface Replay<L extends Line> extends AsyncIterable<L> {
  readonly summary: Promise<ReplaySummary>;
  /** All lines at once. */
  all(): Promise<L[]>;
}

type LineOf<E extends Emit> = E extends 'activities' ? ActivityLine : E extends 'entities' ? EntityLine : MessageLine;

/**
 * Replays captures (pcap, pcapng, gzip; merged by time). Nothing is read before the first line is asked for, and no faster than
 * lines are taken. Rejects with AdtapError for files that are missing or no captures.
 */
export function replay<const E extends Emit = 'activities'>(
  files: string | readonly string[],
  settings: Omit<ReplaySettings, 'emit'> & { readonly emit?: readonly E[] } = {},
): Replay<LineOf<E>> {
  let settle: { resolve(summary: ReplaySummary): void; reject(error: unknown): void } | undefined;
  const summary = new Promise<ReplaySummary>((resolve, reject) => {
    settle = { resolve, reject };
  });
  summary.catch(() => undefined);
  const lines = async function* (): AsyncGenerator<LineOf<E>, void> {
    const sink = new QueueSink();
    let stop: (() => void) | undefined;
    const run = replayTo(typeof files === 'string' ? [files] : files, settings, sink, {
      stoppable(end) {
        stop = end;
      },
    });
    run.then(
      (done) => {
        settle?.resolve(done);
        sink.end(null);
      },
      (error: unknown) => {
        settle?.reject(error);
        sink.end(error);
      },
    );
    try {
      for (;;) {
        const piece = await sink.take();
        if (piece === null) break;
        for (const line of piece) yield JSON.parse(line) as LineOf<E>;
      }
    } finally {
      stop?.();
      sink.abandon();
      await run.catch(() => undefined);
    }
  };
  return {
    summary,
    [Symbol.asyncIterator]: lines,
    async all() {
      const found: LineOf<E>[] = [];
      for await (const line of lines()) found.push(line);
      return found;
    },
  };
}

/** Hands pieces of output to one reader; the writer waits until each is taken. */
class QueueSink implements ByteSink {
  #piece: string[] | null = null;
  #taken: (() => void) | null = null;
  #arrived: (() => void) | null = null;
  #ended = false;
  #abandoned = false;
  #error: unknown = null;

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#abandoned) return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    this.#piece = text.split('\n').slice(0, -1);
    this.#arrived?.();
    await new Promise<void>((resolve) => {
      this.#taken = resolve;
    });
  }

  async take(): Promise<string[] | null> {
    this.#taken?.();
    this.#taken = null;
    while (this.#piece === null) {
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const piece = this.#piece;
    this.#piece = null;
    return piece;
  }

  end(error: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#arrived?.();
  }

  /** The reader went away: the rest is thrown away. */
  abandon(): void {
    this.#abandoned = true;
    this.#taken?.();
  }

  async close(): Promise<void> {}
}
