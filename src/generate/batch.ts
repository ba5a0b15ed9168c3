// Frames by the hundred in one reusable buffer: what the generator fills, and a file writer or a player empties. Nothing is
// allocated for a frame. Room before and behind each frame lets a writer put its record header there and write all at once.

export interface FrameRoom {
  /** Bytes left free before each frame, and behind it. */
  readonly before: number;
  readonly behind: number;
  /** Frames start on multiples of this many bytes, counted with the room before them. */
  readonly align: number;
}

/** Bare frames, one after the other. */
const NO_ROOM: FrameRoom = { before: 0, behind: 0, align: 1 };

/** Longest frame: an Ethernet header and the largest IP packet. */
const MAX_FRAME = 14 + 65_535;

export class FrameBatch {
  readonly bytes: Uint8Array;
  readonly room: FrameRoom;
  count = 0;
  /** Where the next frame may be written; the end of the last record. */
  end = 0;
  /** Of each frame: offset of its first byte, length, and time. */
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly seconds: Uint32Array;
  readonly nanoseconds: Uint32Array;

  constructor(bytes = 1 << 20, frames = 8192, room = NO_ROOM) {
    this.bytes = new Uint8Array(Math.max(bytes, MAX_FRAME + 64));
    this.room = room;
    this.offsets = new Uint32Array(frames);
    this.lengths = new Uint32Array(frames);
    this.seconds = new Uint32Array(frames);
    this.nanoseconds = new Uint32Array(frames);
  }

  clear(): void {
    this.count = 0;
    this.end = 0;
  }

  /** Whether a frame of `length` bytes fits. */
  fits(length: number): boolean {
    const { room } = this;
    const size = room.before + length + room.behind + room.align;
    return this.count < this.offsets.length && this.end + size <= this.bytes.length;
  }

  /** Where the next frame's first byte goes. */
  get at(): number {
    return this.end + this.room.before;
  }

  /** The frame at `at`, `length` bytes long, is written. */
  add(length: number, seconds: number, nanoseconds: number): void {
    const { room, count } = this;
    const at = this.at;
    this.offsets[count] = at;
    this.lengths[count] = length;
    this.seconds[count] = seconds;
    this.nanoseconds[count] = nanoseconds;
    this.count = count + 1;
    this.end = at + Math.ceil(length / room.align) * room.align + room.behind;
  }
}
