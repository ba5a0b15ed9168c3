// What a piscina worker runs: one long task that reads slot after slot until the capture ends or it is told to stop.
import type { MessagePort } from 'node:worker_threads';
import type { Claim, Said } from '../activity/rows.ts';
import { CounterBlocks } from '../slots/counters.ts';
import { Ring, type RingMemory, type SaidRoom } from '../slots/ring.ts';
import { counterMap, WORKER_BUSY } from './catalogue.ts';
import { Shard, type ShardSettings } from './shard.ts';

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

/** Sent when a slot is read: what was said lies in the slot's room, but for what outgrew it. */
export interface Word {
  readonly sequence: number;
  /** Numbers in the room's rows. */
  readonly numbers: number;
  readonly lines: Uint8Array | null;
  readonly rows: Float64Array | null;
  readonly claims: readonly Claim[];
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
      send(port, said, slot.rooms[settings.shard] as SaidRoom);
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

function send(port: MessagePort, said: Said, room: SaidRoom): void {
  const { sequence, claims } = said;
  const lines = said.lines === room.lines ? null : said.lines;
  const rows = said.rows.buffer === room.rows.buffer ? null : said.rows;
  const outgrown = [lines, rows].flatMap((one) => (one === null ? [] : [one.buffer as ArrayBuffer]));
  const word: Word = { sequence, numbers: said.rows.length, lines, rows, claims };
  port.postMessage(word, outgrown);
}
