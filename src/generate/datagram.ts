// One UDP flow of a script.
import { type Destination, udpFrame } from './frames.ts';
import { DONE, MICROSECOND, type Speaker, type Stage, type Step } from './step.ts';
import type { Ends, Mark } from './truth.ts';
import type { Host } from './world.ts';

const TTL = 128;
const MULTICAST_TTL = 1;

export class Datagram implements Step {
  lead = 0;
  readonly ends: Ends;
  readonly #speaker: Speaker;
  readonly #client: Host;
  readonly #server: Destination | Host;
  readonly #clientPort: number;
  readonly #serverPort: number;
  #fromClient = true;
  #mark: Mark = { frame: 0, time: 0 };

  constructor(
    speaker: Speaker,
    client: Host,
    server: Destination | Host,
    address: string,
    clientPort: number,
    serverPort: number,
  ) {
    this.#speaker = speaker;
    this.#client = client;
    this.#server = server;
    this.#clientPort = clientPort;
    this.#serverPort = serverPort;
    this.ends = {
      transport: 'udp',
      sourceIp: client.address,
      sourcePort: clientPort,
      destinationIp: address,
      destinationPort: serverPort,
    };
  }

  /** The client sends what `out` holds. */
  ask(): this {
    this.#fromClient = true;
    this.lead = this.#speaker.random.between(20, 300) * MICROSECOND;
    return this;
  }

  /** The server sends what `out` holds. */
  answer(): this {
    this.#fromClient = false;
    this.lead = this.#speaker.random.between(80, 900) * MICROSECOND;
    return this;
  }

  /** The last datagram. */
  get mark(): Mark {
    return this.#mark;
  }

  frame(stage: Stage): number {
    const { out } = this.#speaker;
    const { batch } = stage;
    const server = this.#server;
    const length =
      this.#fromClient || !('name' in server)
        ? udpFrame(
            batch.bytes,
            batch.at,
            this.#client,
            server,
            this.#clientPort,
            this.#serverPort,
            'name' in server ? TTL : MULTICAST_TTL,
            out.bytes,
            0,
            out.length,
          )
        : udpFrame(
            batch.bytes,
            batch.at,
            server,
            this.#client,
            this.#serverPort,
            this.#clientPort,
            TTL,
            out.bytes,
            0,
            out.length,
          );
    this.#mark = { frame: stage.sent(length), time: stage.now };
    return DONE;
  }
}
