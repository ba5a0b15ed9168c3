// The ground truth: what a sensor that hears these packets should say, in the fields that identify an activity. It is written
// by who made the packets, from what was meant, and knows nothing of decoders.
import type { Account } from './world.ts';

/** Where and when a message ended. */
export interface Mark {
  /** 1-based number of the frame that completes it. */
  readonly frame: number;
  /** Nanoseconds since the start. */
  readonly time: number;
}

/** Who spoke to whom. */
export interface Ends {
  readonly transport: 'tcp' | 'udp';
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
}

/** One question and what came of it. */
export interface Exchange {
  readonly ends: Ends;
  readonly asked: Mark;
  /** null: when it becomes known depends on time-outs of who listens. */
  readonly answered: Mark | null;
}

/** Who acted, as the packets name it, or as the ticket that they show was issued; null where they do not tell. */
export type Who = Pick<Account, 'name' | 'domain'> | null;
export type Carrier = 'smb' | 'ldap' | 'dcerpc' | null;
type Outcome = 'success' | 'failure' | 'unanswered';

const FIRST_BYTES = 1 << 16;
/** Longer than any line. */
const LINE_BYTES = 4096;

export class Truth {
  /** Activities by type. */
  readonly counts = new Map<string, number>();
  readonly #startSeconds: number;
  readonly #wanted: boolean;
  #bytes: Buffer;
  #length = 0;

  /** Lines are kept until they are taken, unless nobody wants them. */
  constructor(startSeconds: number, wanted: boolean) {
    this.#startSeconds = startSeconds;
    this.#wanted = wanted;
    this.#bytes = Buffer.allocUnsafe(wanted ? FIRST_BYTES : 0);
  }

  /** One expected activity, in the words of the activity schema; `mdi` is what Defender for Identity calls it. */
  expect(
    type: string,
    carrier: Carrier,
    exchange: Exchange,
    account: Who,
    target: string | null,
    outcome: Outcome,
    reason: string | null,
    mdi: string | null,
  ): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    if (!this.#wanted) return;
    if (this.#length + LINE_BYTES > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * this.#bytes.length);
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    // Written at once: lines that are kept as strings cost the collector more than they cost to make.
    this.#length += this.#bytes.write(
      this.#line(type, carrier, exchange, account, target, outcome, reason, mdi),
      this.#length,
      'latin1',
    );
  }

  /** The lines since the last call, as NDJSON; a copy, the caller's to keep. */
  take(): Uint8Array {
    const lines = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length);
    this.#length = 0;
    return lines;
  }

  #line(
    type: string,
    carrier: Carrier,
    { ends, asked, answered }: Exchange,
    account: Who,
    target: string | null,
    outcome: Outcome,
    reason: string | null,
    mdi: string | null,
  ): string {
    const who = account ? `{"name":${quote(account.name)},"domain":${quote(account.domain)}}` : 'null';
    const frames =
      answered === null ? `"frame":null,"firstFrame":${asked.frame}` : `"frame":${answered.frame},"firstFrame":${asked.frame}`;
    return (
      `{"type":"${type}","time":"${this.#time(asked.time)}",${frames},"protocol":"${type.slice(0, type.indexOf('.'))}",` +
      `"carrier":${quote(carrier)},"transport":"${ends.transport}",` +
      `"source":{"ip":"${ends.sourceIp}","port":${ends.sourcePort}},` +
      `"destination":{"ip":"${ends.destinationIp}","port":${ends.destinationPort}},"account":${who},` +
      `"target":${quote(target)},"outcome":"${outcome}",` +
      `"reason":${quote(reason)},"mdi":${quote(mdi)}}\n`
    );
  }

  #second = -1;
  #secondText = '';

  /** RFC 3339 with nanoseconds; the seconds' text is kept for the next one. */
  #time(nanoseconds: number): string {
    const second = Math.floor(nanoseconds / 1e9);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date((this.#startSeconds + second) * 1000).toISOString().slice(0, 19);
    }
    return `${this.#secondText}.${String(nanoseconds - second * 1e9).padStart(9, '0')}Z`;
  }
}

/** JSON text in ASCII, as all names of a generated domain are; they need escapes hardly ever. */
const quote = (text: string | null): string => (text === null ? 'null' : PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
const PLAIN = /^[\w .:/@$=,()-]*$/;
