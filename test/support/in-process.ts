// The pipeline without threads: the same gate, shards, order and enrichment, called one after the other. For tests that want
// the sources (and their coverage) rather than the build.
import { openCapture } from '../../src/capture/open.ts';
import type { Source } from '../../src/capture/source.ts';
import { Enricher } from '../../src/entity/enrich.ts';
import type { LineSink } from '../../src/entity/line-sink.ts';
import { Merger } from '../../src/order/merge.ts';
import { type Accounting, account } from '../../src/runtime/accounting.ts';
import { EVERYTHING, Gate, type Selection } from '../../src/shard/gate.ts';
import { CounterBlocks } from '../../src/slots/counters.ts';
import { DEFAULT_SHAPE, type RingShape } from '../../src/slots/layout.ts';
import { allocateRing, Ring } from '../../src/slots/ring.ts';
import { BYTES, counterMap, FILTERED, GATE_ENDS } from '../../src/worker/catalogue.ts';
import { type MessageTap, Shard } from '../../src/worker/shard.ts';
import { keepRoom, saidOf, wordOf } from '../../src/worker/word.ts';

export interface Options {
  readonly emit?: readonly ('messages' | 'activities' | 'entities')[];
  readonly shards?: number;
  readonly selection?: Partial<Selection>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly shape?: Partial<RingShape>;
  readonly tap?: MessageTap;
}

export interface Outcome {
  readonly text: string;
  readonly lines: { readonly [key: string]: unknown }[];
  readonly accounting: Accounting;
  readonly warnings: readonly string[];
}

class TextSink implements LineSink {
  readonly parts: string[] = [];
  append(from: Uint8Array, start: number, end: number): void {
    this.parts.push(Buffer.from(from.slice(start, end)).toString('utf8'));
  }
  endLine(): void {}
}

/** Runs capture files through the pipeline in this thread. */
export async function runFiles(files: string | readonly string[], options: Options = {}): Promise<Outcome> {
  const source = await openCapture(typeof files === 'string' ? [files] : files);
  try {
    return await runSource(source, options);
  } finally {
    await source.close();
  }
}

export async function runSource(source: Source, options: Options = {}): Promise<Outcome> {
  const emit = options.emit ?? ['activities'];
  const shards = options.shards ?? 1;
  const shape: RingShape = { ...DEFAULT_SHAPE, slots: 1, ...options.shape, shards };
  const memory = allocateRing(shape);
  const ring = new Ring(memory);
  const counters = new CounterBlocks(counterMap, shards + 1);
  const gate = new Gate(shape, { ...EVERYTHING, ...options.selection }, null, {
    block: counters.block(0),
    verdicts: counterMap.offset(GATE_ENDS),
    filtered: counterMap.offset(FILTERED),
    bytes: counterMap.offset(BYTES),
  });
  const sink = new TextSink();
  const enricher = new Enricher(sink, {
    entities: emit.includes('entities'),
    activities: emit.includes('activities'),
    sensor: 'test',
  });
  const merger = new Merger(shards, enricher);
  const readers = Array.from(
    { length: shards },
    (_, shard) =>
      new Shard(
        {
          shard,
          shards,
          messages: emit.includes('messages'),
          activities: emit.includes('activities') || emit.includes('entities'),
          sensor: 'test',
          runKey: new Uint8Array(16).fill(7),
          limits: options.limits ?? {},
        },
        counters.block(shard + 1),
        options.tap ?? null,
      ),
  );
  for (let sequence = 0, more = true; more; sequence++) {
    const slot = ring.slot(0);
    gate.begin(slot);
    more = (await source.fill(gate)) && !gate.full;
    gate.end(!more);
    if (!more) gate.fragments.flush();
    readers.forEach((reader, shard) => {
      const room = slot.rooms[shard]!;
      const word = wordOf(reader.read(slot, sequence, gate.frame), memory.said);
      keepRoom(word, room);
      merger.take(saidOf(structuredClone(word), room));
    });
  }
  const text = sink.parts.join('');
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { [key: string]: unknown });
  return { text, lines, accounting: account(gate, counters), warnings: source.warnings };
}
