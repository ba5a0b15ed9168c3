// One TCP connection of a script (RFC 9293): handshake, segments of the MSS, an acknowledgment for every second of them, FIN
// both ways. Some segments are sent again or overtake one another, at the profile's rates.
import { ACK, FIN, MSS, PSH, RST, SYN, tcpFrame } from './frames.ts';
import { DONE, MICROSECOND, MILLISECOND, type Speaker, type Stage, type Step } from './step.ts';
import type { Ends, Mark } from './truth.ts';
import type { Host } from './world.ts';

const CLIENT = 0;
const SERVER = 1;
type Side = typeof CLIENT | typeof SERVER;

const OPENING = 0;
const SENDING = 1;
const CLOSING = 2;
const RESETTING = 3;

/** Segments of one message that may wait for an acknowledgment. */
const ACK_EVERY = 2;

export class Tcp implements Step {
  lead = 0;
  readonly ends: Ends;
  readonly #speaker: Speaker;
  readonly #hosts: readonly [Host, Host];
  readonly #ports: readonly [number, number];
  /** Next sequence number of each side; whatever a side sends acknowledges all of the other's. */
  readonly #next: [number, number];
  #doing = OPENING;
  #stage = 0;
  #side: Side = CLIENT;
  /** Of the message being sent: how much is out, and segments since the last acknowledgment. */
  #sent = 0;
  #unacknowledged = 0;
  /** The segment at `#sent` that its successor overtook, or the one before it that is sent again. */
  #overtaken = false;
  #again = 0;
  #mark: Mark = { frame: 0, time: 0 };

  constructor(speaker: Speaker, client: Host, server: Host, clientPort: number, serverPort: number) {
    this.#speaker = speaker;
    this.#hosts = [client, server];
    this.#ports = [clientPort, serverPort];
    this.#next = [speaker.random.next(), speaker.random.next()];
    this.ends = {
      transport: 'tcp',
      sourceIp: client.address,
      sourcePort: clientPort,
      destinationIp: server.address,
      destinationPort: serverPort,
    };
  }

  open(): this {
    this.lead = this.#speaker.random.between(20, 400) * MICROSECOND;
    this.#begin(OPENING, CLIENT);
    return this;
  }

  /** The client sends what `out` holds. */
  ask(): this {
    this.lead = this.#speaker.random.between(30, 500) * MICROSECOND;
    this.#begin(SENDING, CLIENT);
    return this;
  }

  /** The server sends what `out` holds. */
  answer(): this {
    this.lead = this.#speaker.random.between(100, 1500) * MICROSECOND;
    this.#begin(SENDING, SERVER);
    return this;
  }

  /** FIN from a side, then from the other. */
  close(side: Side = CLIENT): this {
    this.lead = this.#speaker.random.between(50, 2000) * MICROSECOND;
    this.#begin(CLOSING, side);
    return this;
  }

  reset(side: Side): this {
    this.lead = this.#speaker.random.between(50, 500) * MICROSECOND;
    this.#begin(RESETTING, side);
    return this;
  }

  /** The frame that completed the last message, or the last of a handshake. */
  get mark(): Mark {
    return this.#mark;
  }

  #begin(doing: number, side: Side): void {
    this.#doing = doing;
    this.#side = side;
    this.#stage = 0;
    this.#sent = 0;
    this.#unacknowledged = 0;
    this.#overtaken = false;
    this.#again = 0;
  }

  frame(stage: Stage): number {
    switch (this.#doing) {
      case OPENING:
        return this.#threeWay(stage, CLIENT, SYN, SYN | ACK);
      case SENDING:
        return this.#message(stage);
      case CLOSING:
        return this.#threeWay(stage, this.#side, FIN | ACK, FIN | ACK);
      default:
        this.#segment(stage, this.#side, RST | ACK, 0, 0);
        return DONE;
    }
  }

  /** Three segments: one side's flags, the other's, and the acknowledgment. A SYN and a FIN count as a byte (RFC 9293 3.4). */
  #threeWay(stage: Stage, side: Side, first: number, second: number): number {
    const { random } = this.#speaker;
    const other: Side = side === CLIENT ? SERVER : CLIENT;
    switch (this.#stage++) {
      case 0:
        this.#segment(stage, side, first, 0, 0);
        this.#next[side] = (this.#next[side] + 1) >>> 0;
        return random.between(60, 900) * MICROSECOND;
      case 1:
        this.#segment(stage, other, second, 0, 0);
        this.#next[other] = (this.#next[other] + 1) >>> 0;
        return random.between(20, 90) * MICROSECOND;
      default:
        this.#segment(stage, side, ACK, 0, 0);
        return DONE;
    }
  }

  /** The message in `out`, segment by segment. */
  #message(stage: Stage): number {
    const speaker = this.#speaker;
    const { random, profile } = speaker;
    const side = this.#side;
    const total = speaker.out.length;
    if (this.#again > 0) {
      // The segment before `#sent` once more.
      const length = this.#again;
      this.#again = 0;
      speaker.impaired.retransmitted++;
      this.#data(stage, side, this.#sent - length, length);
      return this.#sent < total ? 15 * MICROSECOND : DONE;
    }
    if (this.#unacknowledged >= ACK_EVERY && this.#sent < total && !this.#overtaken) {
      this.#unacknowledged = 0;
      this.#segment(stage, side === CLIENT ? SERVER : CLIENT, ACK, 0, 0);
      return 12 * MICROSECOND;
    }
    const left = total - this.#sent;
    if (this.#overtaken) {
      // Its successor went first: now both are there.
      this.#overtaken = false;
      const later = Math.min(MSS, left - MSS);
      this.#data(stage, side, this.#sent, MSS);
      this.#sent += MSS + later;
      this.#unacknowledged += 2;
      this.#next[side] = (this.#next[side] + MSS + later) >>> 0;
    } else if (left > MSS && random.chance(profile.reordering)) {
      this.#overtaken = true;
      speaker.impaired.reordered++;
      this.#data(stage, side, this.#sent + MSS, Math.min(MSS, left - MSS));
      return random.between(5, 60) * MICROSECOND;
    } else {
      const length = Math.min(MSS, left);
      this.#data(stage, side, this.#sent, length);
      this.#sent += length;
      this.#unacknowledged++;
      this.#next[side] = (this.#next[side] + length) >>> 0;
      if (random.chance(profile.retransmission)) this.#again = length;
    }
    if (this.#sent >= total) this.#mark = { frame: this.#frame, time: stage.now };
    if (this.#again > 0) return random.between(20, 300) * MILLISECOND;
    return this.#sent < total ? random.between(4, 30) * MICROSECOND : DONE;
  }

  #frame = 0;

  /** Bytes [from, from + length) of the message, `#sent` of which the sequence number already counts. */
  #data(stage: Stage, side: Side, from: number, length: number): void {
    const last = from + length >= this.#speaker.out.length;
    this.#segment(stage, side, last ? ACK | PSH : ACK, from, from + length, (this.#next[side] + from - this.#sent) >>> 0);
  }

  #segment(stage: Stage, side: Side, flags: number, from: number, until: number, sequence = this.#next[side]): void {
    const other: Side = side === CLIENT ? SERVER : CLIENT;
    const { batch } = stage;
    const length = tcpFrame(
      batch.bytes,
      batch.at,
      this.#hosts[side],
      this.#hosts[other],
      this.#ports[side],
      this.#ports[other],
      sequence,
      flags === SYN ? 0 : this.#next[other],
      flags,
      this.#speaker.out.bytes,
      from,
      until,
    );
    this.#frame = stage.sent(length);
    if (this.#doing !== SENDING) this.#mark = { frame: this.#frame, time: stage.now };
  }
}
