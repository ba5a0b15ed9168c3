// What a piscina worker runs: one long task that reads slot after slot until the capture ends or it is told to stop.
import type { MessagePort } from 'node:worker_threads';
import { CounterBlocks } from '../slots/counters.ts';
import { Ring, type RingMemory } from '../slots/ring.ts';
import { counterMap } from './catalogue.ts';
import { Shard, type ShardSettings } from './shard.ts';

export interface ShardTask {
  readonly settings: ShardSettings;
  readonly ring: RingMemory;
  readonly counters: SharedArrayBuffer;
  /** Where what was said of each slot is sent. */
  readonly port: MessagePort;
}

export function shard(task: ShardTask): void {
  const { settings, port } = task;
  const ring = new Ring(task.ring);
  const counters = new CounterBlocks(counterMap, settings.shards + 1, task.counters);
  const reader = new Shard(settings, counters.block(settings.shard + 1));
  for (let sequence = 0; ring.wait(sequence); sequence++) {
    const slot = ring.slot(sequence);
    const last = slot.last;
    const said = reader.read(slot, sequence, last ? ring.lastFrame : 0);
    port.postMessage(said, [said.lines.buffer as ArrayBuffer, said.rows.buffer as ArrayBuffer]);
    if (last) break;
  }
  port.close();
}
