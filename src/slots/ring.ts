// The ring of slots. Back-pressure is here and only here: a slot is filled again when every shard has let go of it.
import {
  CONTROL_WORDS,
  ENTRY_WORDS,
  HEADER_COUNTS,
  HEADER_FIRST_FRAME_HIGH,
  HEADER_FIRST_FRAME_LOW,
  HEADER_LAST,
  HEADER_TICK,
  LAST_FRAME_HIGH,
  LAST_FRAME_LOW,
  PUBLISHED,
  type RingShape,
  SHED,
  STOP,
} from './layout.ts';

/** The shared memory itself, as it travels to workers. */
export interface RingMemory {
  readonly shape: RingShape;
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  readonly index: SharedArrayBuffer;
  readonly said: SharedArrayBuffer;
}

const headerWords = (shape: RingShape): number => HEADER_COUNTS + shape.shards;
const listWords = (shape: RingShape): number => (shape.slotPackets / 2) * shape.shards;
const roomLineBytes = (shape: RingShape): number => Math.ceil(shape.lineBytes / shape.shards / 8) * 8;
const roomNumbers = (shape: RingShape): number => Math.ceil(shape.rowNumbers / shape.shards);
const roomBytes = (shape: RingShape): number => roomLineBytes(shape) + roomNumbers(shape) * 8;
const indexWords = (shape: RingShape): number => headerWords(shape) + shape.slotPackets * ENTRY_WORDS + listWords(shape);

export function allocateRing(shape: RingShape): RingMemory {
  return {
    shape,
    control: controlOf(shape),
    data: new SharedArrayBuffer(shape.slots * slotStride(shape)),
    index: new SharedArrayBuffer(shape.slots * indexWords(shape) * 4),
    said: new SharedArrayBuffer(shape.slots * shape.shards * roomBytes(shape)),
  };
}

/** A ring of files fills its slots in turn; live capture says each time which one it filled (see Ring.assign). */
function controlOf(shape: RingShape): SharedArrayBuffer {
  const control = new SharedArrayBuffer((CONTROL_WORDS + shape.slots) * 4);
  const words = new Int32Array(control);
  for (let number = 0; number < shape.slots; number++) words[CONTROL_WORDS + number] = number;
  return control;
}

/** Where a slot's bytes begin in `data`, and how many there are to the next. */
export const slotStride = (shape: RingShape): number => shape.slotBytes + shape.scratchBytes;

/** Where a shard writes what it says of a slot: the same memory again for the slot's next use, so nothing is allocated. */
export interface SaidRoom {
  lines: Uint8Array;
  rows: Float64Array;
}

/** One slot, seen by whoever holds the ring. */
export class Slot {
  readonly bytes: Uint8Array;
  readonly header: Uint32Array;
  readonly entries: Uint32Array;
  /** Per shard: numbers of its entries, in order. */
  readonly lists: readonly Uint16Array[];
  /** Per shard: room for what it says. */
  readonly rooms: readonly SaidRoom[];

  constructor(memory: RingMemory, number: number) {
    const { shape } = memory;
    const dataBytes = slotStride(shape);
    this.bytes = new Uint8Array(memory.data, number * dataBytes, dataBytes);
    const start = number * indexWords(shape) * 4;
    this.header = new Uint32Array(memory.index, start, headerWords(shape));
    const entriesAt = start + headerWords(shape) * 4;
    this.entries = new Uint32Array(memory.index, entriesAt, shape.slotPackets * ENTRY_WORDS);
    const listsAt = entriesAt + shape.slotPackets * ENTRY_WORDS * 4;
    this.lists = Array.from(
      { length: shape.shards },
      (_, shard) => new Uint16Array(memory.index, listsAt + shard * shape.slotPackets * 2, shape.slotPackets),
    );
    this.rooms = Array.from({ length: shape.shards }, (_, shard) => {
      const at = (number * shape.shards + shard) * roomBytes(shape);
      const rows = new Float64Array(memory.said, at, roomNumbers(shape));
      return { rows, lines: new Uint8Array(memory.said, at + rows.byteLength, roomLineBytes(shape)) };
    });
  }

  get firstFrame(): number {
    return this.header[HEADER_FIRST_FRAME_LOW]! + this.header[HEADER_FIRST_FRAME_HIGH]! * 0x1_0000_0000;
  }
  set firstFrame(frame: number) {
    this.header[HEADER_FIRST_FRAME_LOW] = frame % 0x1_0000_0000;
    this.header[HEADER_FIRST_FRAME_HIGH] = Math.floor(frame / 0x1_0000_0000);
  }
  /** Seconds since 1970 when the slot brings time and no packets, else 0. */
  get tick(): number {
    return this.header[HEADER_TICK]!;
  }
  set tick(seconds: number) {
    this.header[HEADER_TICK] = seconds;
  }
  /** Whether the capture ends with this slot. */
  get last(): boolean {
    return this.header[HEADER_LAST] === 1;
  }
  set last(last: boolean) {
    this.header[HEADER_LAST] = last ? 1 : 0;
  }
}

/** Both sides of the ring: the main thread publishes, workers wait. */
export class Ring {
  readonly slots: readonly Slot[];
  readonly #control: Int32Array;

  constructor(memory: RingMemory) {
    this.slots = Array.from({ length: memory.shape.slots }, (_, number) => new Slot(memory, number));
    this.#control = new Int32Array(memory.control);
  }

  slot(sequence: number): Slot {
    return this.slots[this.number(sequence)]!;
  }

  /** Which slot holds `sequence`. */
  number(sequence: number): number {
    return this.#control[CONTROL_WORDS + (sequence % this.slots.length)]!;
  }

  /** Main thread, before it publishes `sequence`: slot `number` holds it. */
  assign(sequence: number, number: number): void {
    this.#control[CONTROL_WORDS + (sequence % this.slots.length)] = number;
  }

  /** Main thread: slots [0, published) may be read. Sequences are compared modulo 2^32. */
  publish(published: number): void {
    Atomics.store(this.#control, PUBLISHED, published | 0);
    Atomics.notify(this.#control, PUBLISHED);
  }

  /** Main thread: no more slots come, not even those published. */
  stop(): void {
    Atomics.store(this.#control, STOP, 1);
    Atomics.notify(this.#control, PUBLISHED);
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, STOP) === 1;
  }

  /** Worker: blocks until slot `sequence` is published; false when told to stop. */
  wait(sequence: number): boolean {
    for (;;) {
      if (this.stopped) return false;
      const published = Atomics.load(this.#control, PUBLISHED);
      if (((published - sequence) | 0) > 0) return true;
      Atomics.wait(this.#control, PUBLISHED, published, 1000);
    }
  }

  /** Main thread: how many of 256 parts of the flows workers are to shed from now on. */
  set shed(parts: number) {
    Atomics.store(this.#control, SHED, parts);
  }
  get shed(): number {
    return Atomics.load(this.#control, SHED);
  }

  set lastFrame(frame: number) {
    Atomics.store(this.#control, LAST_FRAME_LOW, (frame % 0x1_0000_0000) | 0);
    Atomics.store(this.#control, LAST_FRAME_HIGH, Math.floor(frame / 0x1_0000_0000));
  }
  get lastFrame(): number {
    return (Atomics.load(this.#control, LAST_FRAME_LOW) >>> 0) + Atomics.load(this.#control, LAST_FRAME_HIGH) * 0x1_0000_0000;
  }
}
