// Runs scripts side by side in the time of the capture: the one whose next frame is due first writes it. New scripts begin as
// often as the profile's rate asks for, until the end is reached; those that have begun are brought to their end.
import type { FrameBatch } from './batch.ts';
import { MSS } from './frames.ts';
import type { Life } from './life.ts';
import { DONE, type Script, SECOND, type Stage, type Step } from './step.ts';

/** Largest frame that a step writes. */
const LARGEST_STEP = 14 + 20 + 32 + MSS;

interface Task {
  /** Nanoseconds since the start. */
  due: number;
  /** Settles which of two that are due at once goes first. */
  order: number;
  script: Script | null;
  step: Step | null;
  life: Life | null;
  frames: number;
}

/** Where scripts come from. */
export interface Director {
  /** A new script and the life that it uses; the life comes back when the script is over. */
  begin(life: Life): Script;
  makeLife(): Life;
  /**
   * Nanoseconds until the next script begins; DONE when there are to be no more. `expected` frames are written once all that have
   * begun are over; a script writes `packets` on average.
   */
  next(now: number, expected: number, packets: number): number;
  /** Tells the scripts what time it is. */
  tell(now: number): void;
}

/** Packets that a script is taken to write while none has ended. */
const FIRST_GUESS = 24;
const GUESS_WEIGHT = 32;
/** Scripts side by side; beyond, none begins until one has ended. A million packets a second is reached with a tenth of them. */
export const MOST_RUNNING = 65_536;

export class Engine implements Stage {
  batch!: FrameBatch;
  now = 0;
  /** Frames written so far. */
  frames = 0;
  /** Scripts that did not begin since too many were under way. */
  skipped = 0;
  readonly #director: Director;
  readonly #startSeconds: number;
  readonly #mostRunning: number;
  readonly #heap: Task[] = [];
  readonly #spare: Task[] = [];
  readonly #lives: Life[] = [];
  #order = 0;
  #ended = 0;
  #framesOfEnded = 0;
  #running = 0;

  constructor(director: Director, startSeconds: number, mostRunning: number) {
    this.#director = director;
    this.#startSeconds = startSeconds;
    this.#mostRunning = mostRunning;
    // The task without a script is the one that begins others.
    this.#push(0, null, null);
  }

  /** When something is to be done next, nanoseconds since the start; infinite at the end. */
  get due(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Fills the batch, which is cleared first, with what is due by `until` (nanoseconds since the start); false when that is nothing. */
  fill(batch: FrameBatch, until = Number.POSITIVE_INFINITY): boolean {
    this.batch = batch;
    batch.clear();
    while (this.#heap.length > 0 && this.due <= until && batch.fits(LARGEST_STEP)) this.#turn(this.#heap[0] as Task);
    return batch.count > 0;
  }

  sent(length: number): number {
    const second = Math.floor(this.now / SECOND);
    this.batch.add(length, this.#startSeconds + second, this.now - second * SECOND);
    this.frames++;
    return this.frames;
  }

  #turn(task: Task): void {
    this.now = task.due;
    if (task.script === null) {
      this.#begin(task);
      return;
    }
    const before = this.frames;
    if (task.step !== null) {
      const gap = task.step.frame(this);
      task.frames += this.frames - before;
      if (gap !== DONE) {
        task.due += gap;
        this.#sink();
        return;
      }
    }
    this.#director.tell(this.now);
    const next = task.script.next();
    if (next.done === true) this.#end(task);
    else {
      task.step = next.value;
      task.due += next.value.lead;
      this.#sink();
    }
  }

  #begin(task: Task): void {
    // What scripts write on average: from those that ended, and a guess that soon weighs nothing; no less than has been written.
    const guessed = FIRST_GUESS * GUESS_WEIGHT;
    const average = Math.max(
      (this.#framesOfEnded + guessed) / (this.#ended + GUESS_WEIGHT),
      (this.frames + guessed) / (this.#ended + this.#running + GUESS_WEIGHT),
    );
    const gap = this.#director.next(this.now, Math.max(this.frames, this.#framesOfEnded + this.#running * average), average);
    if (gap === DONE) {
      this.#pop();
      return;
    }
    this.#director.tell(this.now);
    task.due += gap;
    this.#sink();
    if (this.#running >= this.#mostRunning) {
      this.skipped++;
      return;
    }
    const life = this.#lives.pop() ?? this.#director.makeLife();
    this.#running++;
    this.#push(this.now, this.#director.begin(life), life);
  }

  #end(task: Task): void {
    this.#running--;
    this.#ended++;
    this.#framesOfEnded += task.frames;
    this.#pop();
    if (task.life !== null) this.#lives.push(task.life);
    task.script = null;
    task.step = null;
    task.life = null;
    this.#spare.push(task);
  }

  // ── A binary heap by time ────────────────────────────────────────────────────────────────────────────────────────────────

  #push(due: number, script: Script | null, life: Life | null): void {
    const task = this.#spare.pop() ?? { due: 0, order: 0, script: null, step: null, life: null, frames: 0 };
    task.due = due;
    task.order = this.#order++;
    task.script = script;
    task.step = null;
    task.life = life;
    task.frames = 0;
    const heap = this.#heap;
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Task;
      if (!isBefore(task, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const last = this.#heap.pop() as Task;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  /** Puts the first task where it belongs now. */
  #sink(): void {
    const heap = this.#heap;
    const task = heap[0] as Task;
    const { length } = heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      const right = child + 1;
      if (right < length && isBefore(heap[right] as Task, heap[child] as Task)) child = right;
      const below = heap[child] as Task;
      if (!isBefore(below, task)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = task;
  }
}

const isBefore = (a: Task, b: Task): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);
