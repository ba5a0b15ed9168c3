// What a piscina worker runs: one long task that reads slot after slot until the capture ends or it is told to stop.
import type { MessagePort } from 'node:worker_threads';
import { CounterBlocks } from '../slots/counters.ts';
import { Ring, type RingMemory } from '../slots/ring.ts';
import { counterMap, WORKER_BUSY } from './catalogue.ts';
import { Shard, type ShardSettings } from './shard.ts';
import { keepRoom, wordOf } from './word.ts';

export interface ShardTask {
  readonly settings: ShardSettings;
  readonly ring: RingMemory;
  readonly counters: SharedArrayBuffer;
  /** Where what was said of each slot is sent. */
  readonly port: MessagePort;
  /** The first slot to read: not 0 for one that takes the place of a shard that crashed. */
  readonly from: number;
  /** Live capture: after a defect the whole thread ends, so that nothing of its state lives on. */
  readonly isSupervised: boolean;
}

/** Sent instead of what was said when a supervised shard ends by a defect. */
export interface Fault {
  readonly fault: string;
}

export function shard(task: ShardTask): void {
  const { settings, port } = task;
  try {
    const ring = new Ring(task.ring);
    const counters = new CounterBlocks(counterMap, settings.shards + 1, task.counters);
    const block = counters.block(settings.shard + 1);
    const busy = counterMap.offset(WORKER_BUSY);
    const reader = new Shard(settings, block);
    for (let sequence = task.from; ring.wait(sequence); sequence++) {
      const began = performance.now();
      const slot = ring.slot(sequence);
      const last = slot.last;
      reader.shed = ring.shed;
      const said = reader.read(slot, sequence, last ? ring.lastFrame : 0);
      block[busy]! += (performance.now() - began) / 1000;
      const word = wordOf(said, task.ring.said);
      keepRoom(word, slot.rooms[settings.shard]!);
      port.postMessage(word);
      if (last) break;
    }
  } catch (error) {
    if (!task.isSupervised) throw error;
    const fault: Fault = { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port.postMessage(fault);
    process.exit(1);
  } finally {
    port.close();
  }
}
