// What a shard says: message and activity lines as JSON bytes, a row of numbers beside each, and the claims. One a shard.
import type { HashKey } from '../bytes/hash.ts';
import { Piece } from '../bytes/piece.ts';
import { formatAddress } from '../ip/address.ts';
import type {
  ActivitySink,
  ClaimSink,
  Context,
  Direction,
  Envelope,
  Identity,
  MessageSink,
  Outcome,
  Transport,
} from '../protocols/contract.ts';
import type { ActivityType, Field } from '../protocols/fields.ts';
import { defineLimits, hit } from '../protocols/limits.ts';
import { PARTITIONS } from '../slots/layout.ts';
import type { FlowContext } from '../transport/flow-context.ts';
import { addressHashKey, addressKey } from './address-key.ts';
import { ClaimMemory } from './claim-memory.ts';
import { accountFields, activityEnvelope, endpointFields, houseDetails, messageEnvelope, SCHEMA_VERSION } from './fields.ts';
import { JsonWriter } from './json-writer.ts';
import * as row from './rows.ts';

export const speakerLimits = defineLimits('claims', {
  remembered: {
    default: 65_536,
    max: 16_777_216,
    unit: 'claims',
    policy: 'drop-oldest',
    help: 'Claims a shard remembers so as not to repeat them; a forgotten one is said again.',
  },
});

/** A piece of a line, of keys with their colons and what stands between them. */
const piece = (...parts: readonly (Field | string)[]): Piece =>
  new Piece(parts.map((part) => (typeof part === 'string' ? part : part.json.text)).join(''));

// The envelope's keys stand always in the same order, so what lies between two values is copied as one piece.
const E = activityEnvelope;
const FRAME = piece(',', E.frame);
const PORT = piece(',', endpointFields.port);
const COMPUTER = piece(',', endpointFields.computer);
const DESTINATION = piece('null},', E.destination, '{', endpointFields.ip);
const ACCOUNT = piece('null},', E.account);
const TARGET = piece(',', E.target);
const SUCCESS = piece(',', E.outcome, '"success",', E.reason, 'null,', E.durationMs);
const OUTCOME = piece(',', E.outcome);
const REASON = piece(',', E.reason);
const DURATION = piece(',', E.durationMs);
const MDI = piece(',', E.mdi);
const DETAILS = piece(',', E.details, '{');
const NULL = piece('null');
const NOBODY: ActivityType = { type: '', protocol: '', help: '' };

class LineEnvelope implements Envelope {
  type: ActivityType = NOBODY;
  seconds = 0;
  nanoseconds = 0;
  firstFrame = 0;
  direction: Direction = 0;
  carrier = '';
  account: Identity | null = null;
  target = '';
  outcome: Envelope['outcome'] = 'success';
  reason = '';
  mdi = '';
  endSeconds = -1;
  endNanoseconds = 0;
  issues = 0;
  bearer: Identity | null = null;
  logon = false;
}

/** Counts of what was said, by protocol and by activity type. */
export interface SpeechCounter {
  message(protocol: string): void;
  activity(type: ActivityType, outcome: Outcome): void;
}

export class Speaker {
  readonly json = new JsonWriter();
  rows = new row.Rows();
  claimed: row.Claim[] = [];
  readonly messages: MessageSink;
  readonly activities: ActivitySink;
  readonly claims: ClaimSink;
  readonly #addressHashKey: HashKey;

  constructor(context: () => FlowContext, sensor: string, key: Uint8Array, counter: SpeechCounter) {
    this.#addressHashKey = addressHashKey(key);
    this.messages = new MessageLines(this, context, counter);
    this.activities = new ActivityLines(this, context, sensor, counter);
    this.claims = new Claims(this, context);
  }

  /** The number that stands for an address in rows and claims. */
  addressKey(bytes: Uint8Array, at: number, length: 4 | 16): number {
    return addressKey(this.#addressHashKey, bytes, at, length);
  }

  /** Everything from now on is written there; into larger memory of its own when that is full. */
  into(lines: Uint8Array, rows: Float64Array): void {
    this.json.into(lines);
    this.rows.values = rows;
    this.rows.count = 0;
    this.claimed = [];
  }

  /** Everything said since the last into(), in place. */
  said(sequence: number): row.Said {
    return { sequence, lines: this.json.buffer, rows: this.rows.values.subarray(0, this.rows.length), claims: this.claimed };
  }
}

/** The two ends of the flow as they are printed, kept while the flow is the same. */
class EndTexts {
  #flow = -1;
  readonly #ips: [string, string] = ['', ''];

  ip(context: FlowContext, end: Direction): string {
    if (this.#flow !== context.flow) {
      this.#flow = context.flow;
      this.#ips[0] = formatAddress(context.addresses, 0, context.addressLength);
      this.#ips[1] = formatAddress(context.addresses, 16, context.addressLength);
    }
    return this.#ips[end];
  }
}

const portOf = (context: FlowContext, end: Direction): number => (end === 0 ? context.originatorPort : context.responderPort);

/** Sink calls go to the speaker's writer: the base of both kinds of line. */
class Lines {
  protected readonly speaker: Speaker;
  protected readonly json: JsonWriter;
  protected readonly context: () => FlowContext;
  protected readonly counter: SpeechCounter;
  protected readonly ends = new EndTexts();

  constructor(speaker: Speaker, context: () => FlowContext, counter: SpeechCounter) {
    this.speaker = speaker;
    this.json = speaker.json;
    this.context = context;
    this.counter = counter;
  }

  int(field: Field, value: number): void {
    this.json.int(field, value);
  }
  bool(field: Field, value: boolean): void {
    this.json.bool(field, value);
  }
  text(field: Field, value: string): void {
    this.json.text(field, value);
  }
  bytes(field: Field, charset: Parameters<MessageSink['bytes']>[1], bytes: Uint8Array, start: number, end: number): void {
    this.json.bytes(field, charset, bytes, start, end);
  }
  hex(field: Field, bytes: Uint8Array, start: number, end: number): void {
    this.json.hex(field, bytes, start, end);
  }
  open(field: Field): void {
    this.json.open(field);
  }
  close(): void {
    this.json.close();
  }
  list(field: Field): void {
    this.json.list(field);
  }
  endList(): void {
    this.json.endList();
  }
}

class MessageLines extends Lines implements MessageSink {
  #row = 0;

  begin(protocol: string, _context: Context): void {
    const { json, speaker } = this;
    const context = this.context();
    this.counter.message(protocol);
    this.#row = speaker.rows.add();
    const values = speaker.rows.values;
    values[this.#row + row.ORDER] = context.order;
    values[this.#row + row.FRAME] = context.frame;
    values[this.#row + row.KIND] = row.MESSAGE;
    values[this.#row + row.START] = json.at;
    const from = context.direction;
    const to = from === 0 ? 1 : 0;
    json.openObject();
    json.int(messageEnvelope.frame, context.frame);
    json.text(messageEnvelope.proto, protocol);
    json.key(messageEnvelope.src);
    json.quoted(this.ends.ip(context, from));
    json.int(messageEnvelope.sport, portOf(context, from));
    json.key(messageEnvelope.dst);
    json.quoted(this.ends.ip(context, to));
    json.int(messageEnvelope.dport, portOf(context, to));
  }

  end(): void {
    this.json.endLine();
    this.speaker.rows.values[this.#row + row.END] = this.json.at;
  }
}

/** The pieces of an activity's line that depend on its type. */
interface Head {
  readonly type: ActivityType;
  /** Up to the time. */
  readonly start: Piece;
  /** From the frame to the source's address, by transport and carrier: carriers are protocols, so they are few. */
  readonly middles: Readonly<Record<Transport, Map<string, Piece>>>;
}

class ActivityLines extends Lines implements ActivitySink {
  readonly #envelope = new LineEnvelope();
  readonly #sensor: string;
  readonly #heads = new Map<ActivityType, Head>();
  #row = 0;

  constructor(speaker: Speaker, context: () => FlowContext, sensor: string, counter: SpeechCounter) {
    super(speaker, context, counter);
    this.#sensor = sensor;
  }

  envelope(type: ActivityType, context: Context): Envelope {
    const e = this.#envelope;
    e.type = type;
    e.seconds = context.seconds;
    e.nanoseconds = context.nanoseconds;
    e.firstFrame = context.frame;
    e.direction = context.direction;
    e.carrier = '';
    e.account = null;
    e.target = '';
    e.outcome = 'success';
    e.reason = '';
    e.mdi = '';
    e.endSeconds = -1;
    e.endNanoseconds = 0;
    e.issues = 0;
    e.bearer = null;
    e.logon = false;
    return e;
  }

  begin(e: Envelope, _context: Context): void {
    const { json, speaker } = this;
    const context = this.context();
    this.counter.activity(e.type, e.outcome);
    const at = speaker.rows.add();
    this.#row = at;
    const values = speaker.rows.values;
    const from = e.direction;
    const to = from === 0 ? 1 : 0;
    values[at + row.ORDER] = context.order;
    values[at + row.FRAME] = context.frame;
    values[at + row.KIND] = row.ACTIVITY;
    if (e.bearer !== null) {
      // It is no part of the line.
      values[at + row.BEARER] = json.at;
      this.#account(e.bearer);
      values[at + row.BEARER_END] = json.at;
    }
    values[at + row.START] = json.at;
    values[at + row.SOURCE] = speaker.addressKey(context.addresses, 16 * from, context.addressLength);
    values[at + row.DESTINATION] = speaker.addressKey(context.addresses, 16 * to, context.addressLength);
    values[at + row.TICKET] = e.account?.ticket ?? 0;
    values[at + row.ISSUES] = e.issues;
    values[at + row.LOGON] = !e.logon ? row.NO_LOGON : e.outcome === 'success' ? row.LOGGED_ON : row.NOT_LOGGED_ON;
    values[at + row.SECONDS] = e.seconds;
    values[at + row.NANOSECONDS] = e.nanoseconds;

    const head = this.#head(e.type);
    json.raw(head.start);
    json.time(e.seconds, e.nanoseconds);
    json.raw(FRAME);
    json.number(context.frame);
    json.raw(this.#middle(head, e.carrier, context.transport));
    values[at + row.SOURCE_COMPUTER] = this.#endpoint(context, from);
    json.raw(DESTINATION);
    values[at + row.DESTINATION_COMPUTER] = this.#endpoint(context, to);
    json.raw(ACCOUNT);
    values[at + row.ACCOUNT] = json.at;
    this.#account(e.account);
    values[at + row.ACCOUNT_END] = json.at;
    json.raw(TARGET);
    if (e.target === '') json.raw(NULL);
    else {
      values[at + row.TARGET] = json.at + 1;
      json.string(e.target);
      values[at + row.TARGET_END] = json.at - 1;
    }
    if (e.outcome === 'success' && e.reason === '') json.raw(SUCCESS);
    else {
      json.raw(OUTCOME);
      json.quoted(e.outcome);
      json.raw(REASON);
      this.#orNull(e.reason);
      json.raw(DURATION);
    }
    this.#duration(e);
    json.raw(MDI);
    this.#orNull(e.mdi);
    json.openWith(DETAILS);
    if (e.firstFrame !== context.frame) json.int(houseDetails.firstFrame, e.firstFrame);
    if (context.isPartial) json.text(houseDetails.coverage, 'partial');
  }

  end(): void {
    this.json.close();
    this.json.endLine();
    this.speaker.rows.values[this.#row + row.END] = this.json.at;
  }

  #head(type: ActivityType): Head {
    let head = this.#heads.get(type);
    if (head === undefined) {
      const start = piece(`{"v":${SCHEMA_VERSION},"kind":"activity","type":${JSON.stringify(type.type)},`, E.time);
      head = { start, type, middles: { tcp: new Map(), udp: new Map() } };
      this.#heads.set(type, head);
    }
    return head;
  }

  /** What stands between the frame and the source's address. */
  #middle(head: Head, carrier: string, transport: Transport): Piece {
    const middles = head.middles[transport];
    let middle = middles.get(carrier);
    if (middle === undefined) {
      const value = carrier === '' ? 'null' : JSON.stringify(carrier);
      const protocol = JSON.stringify(head.type.protocol);
      const end = [',', E.carrier, value, ',', E.transport, `"${transport}",`, E.source, '{', endpointFields.ip];
      middle = piece(',', E.sensor, JSON.stringify(this.#sensor), ',', E.protocol, protocol, ...end);
      middles.set(carrier, middle);
    }
    return middle;
  }

  #orNull(value: string): void {
    if (value !== '') this.json.string(value);
    else this.json.raw(NULL);
  }

  /** Writes one end up to its computer; returns where the computer's `null` is to stand. */
  #endpoint(context: FlowContext, end: Direction): number {
    const json = this.json;
    json.address(context.addresses, 16 * end, context.addressLength);
    json.raw(PORT);
    json.number(portOf(context, end));
    json.raw(COMPUTER);
    return json.at;
  }

  #account(account: Identity | null): void {
    const json = this.json;
    if (account === null || (account.name === '' && account.kind !== 'anonymous')) {
      json.null();
      return;
    }
    json.openObject();
    json.text(accountFields.name, account.name);
    json.text(accountFields.domain, account.domain);
    json.key(accountFields.kind);
    json.quoted(account.kind);
    json.close();
  }

  #duration(e: Envelope): void {
    if (e.endSeconds < 0) {
      this.json.null();
      return;
    }
    let seconds = e.endSeconds - e.seconds;
    let nanoseconds = e.endNanoseconds - e.nanoseconds;
    if (nanoseconds < 0 && seconds > 0) {
      seconds--;
      nanoseconds += 1_000_000_000;
    }
    this.json.milliseconds(seconds, nanoseconds);
  }
}

/** Seconds of capture time after which an unchanged claim is said again: another partition may have said otherwise since. */
const REPEAT_SECONDS = 60;

/** What is said without a name, about the system, does not change with leases: it is said again less often. */
const REPEAT_NAMELESS_SECONDS = 3600;

class Claims implements ClaimSink {
  readonly #speaker: Speaker;
  readonly #context: () => FlowContext;
  /** What each partition said last, by address and method: partitions stay the same however many workers share them. */
  readonly #memory: (ClaimMemory | undefined)[] = new Array(PARTITIONS);

  constructor(speaker: Speaker, context: () => FlowContext) {
    this.#speaker = speaker;
    this.#context = context;
  }

  sender(direction: Direction, name: string, domain: string, method: string, _context: Context, os = '', mac = ''): void {
    const context = this.#context();
    this.#claim(context.addresses, 16 * direction, context.addressLength, name, domain, method, os, mac);
  }

  address(
    bytes: Uint8Array,
    at: number,
    length: 4 | 16,
    name: string,
    domain: string,
    method: string,
    _context: Context,
    os = '',
    mac = '',
  ): void {
    this.#claim(bytes, at, length, name, domain, method, os, mac);
  }

  end(bytes: Uint8Array, at: number, length: 4 | 16, method: string, _context: Context): void {
    const context = this.#context();
    const address = this.#speaker.addressKey(bytes, at, length);
    // What comes next is news, even if it is what was said before.
    this.#memoryOf(context.partition).forget(address);
    this.#push(address, formatAddress(bytes, at, length), '', '', method, '', '');
  }

  #claim(
    bytes: Uint8Array,
    at: number,
    length: 4 | 16,
    name: string,
    domain: string,
    method: string,
    os: string,
    mac: string,
  ): void {
    if (name === '' && os === '' && mac === '') return;
    const context = this.#context();
    const { seconds } = context;
    const address = this.#speaker.addressKey(bytes, at, length);
    const repeat = name === '' && mac === '' ? REPEAT_NAMELESS_SECONDS : REPEAT_SECONDS;
    if (!this.#memoryOf(context.partition).isNews(address, method, name, os, mac, seconds, repeat)) return;
    this.#push(address, formatAddress(bytes, at, length), name, domain, method, os, mac);
  }

  #push(address: number, ip: string, name: string, domain: string, method: string, os: string, mac: string): void {
    const { order, frame, seconds, nanoseconds } = this.#context();
    this.#speaker.claimed.push({ order, frame, seconds, nanoseconds, address, ip, name, domain, os, mac, method });
  }

  #memoryOf(partition: number): ClaimMemory {
    let memory = this.#memory[partition];
    if (memory === undefined || memory.size >= Math.ceil(speakerLimits.remembered.value / PARTITIONS)) {
      if (memory !== undefined) hit(speakerLimits.remembered);
      memory = new ClaimMemory();
      this.#memory[partition] = memory;
    }
    return memory;
  }
}
