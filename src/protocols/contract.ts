// What a protocol is to the house. A protocol knows bytes, its own transactions and the sinks below; it knows nothing of
// packets, files, threads or JSON. registry.ts lists all protocols; everything else follows from that list.
import type { Reason } from '../bytes/reason.ts';
import type { Charset } from '../bytes/text.ts';
import type { ActivityType, Field, FieldTable } from './fields.ts';
import type { Limit } from './limits.ts';

export type { Reason } from '../bytes/reason.ts';

/** 0: from the originator (client) to the responder (server); 1: the way back. */
export type Direction = 0 | 1;
export type Transport = 'tcp' | 'udp';

/**
 * A reusable window on bytes it does not own. bind() proves once that every accessor stays inside [start, end), or says why
 * not; unless it said OK the accessors must not be called. Nobody keeps a view or its bytes past data().
 */
export interface View {
  bind(bytes: Uint8Array, start: number, end: number): Reason;
}

/** Where fields go: numbers, strings and byte ranges, in the order of the calls. Implementations write JSON, traces or records. */
export interface Sink {
  /** An exact integer, or any finite number; NaN is left out. */
  int(field: Field, value: number): void;
  bool(field: Field, value: boolean): void;
  text(field: Field, value: string): void;
  /** Text straight from packet bytes, no string in between. */
  bytes(field: Field, charset: Charset, bytes: Uint8Array, start: number, end: number): void;
  /** A range as lower-case hexadecimal digits. */
  hex(field: Field, bytes: Uint8Array, start: number, end: number): void;
  /** A nested object; inside a list the field is ITEM. */
  open(field: Field): void;
  close(): void;
  /** A list, whose entries are written with the field ITEM. */
  list(field: Field): void;
  endList(): void;
}

/** `--emit messages`: one line a decoded message. begin() writes frame, proto, src, sport, dst and dport. */
export interface MessageSink extends Sink {
  begin(protocol: string, context: Context): void;
  end(): void;
}

export type AccountKind = 'user' | 'computer' | 'service' | 'anonymous';
export type Outcome = 'success' | 'failure' | 'unanswered';

/** Who acts. `ticket` stands for an account that only the Kerberos ticket names: the house fills it in from the ticket's issue. */
export interface Identity {
  name: string;
  domain: string;
  kind: AccountKind;
  /** Ticket id (ticketId()) when the name is not in clear here; 0 otherwise. */
  ticket: number;
}

/** The fixed fields of an activity, filled before ActivitySink.begin(); one reusable object a worker. */
export interface Envelope {
  type: ActivityType;
  /** Time of the first message, seconds and nanoseconds since 1970 UTC. */
  seconds: number;
  nanoseconds: number;
  /** Frame of the first message; envelope() sets it to the current frame. */
  firstFrame: number;
  /** Which way the request went: its sender is the activity's source. */
  direction: Direction;
  /** What carried the protocol ('smb', 'ldap', 'http', 'dcerpc', 'smtp' …); empty when nothing did. */
  carrier: string;
  account: Identity | null;
  /** Service principal, account, host or object acted on; empty when there is none. */
  target: string;
  outcome: Outcome;
  /** Reason of a failure in the protocol's own name; empty on success. */
  reason: string;
  /** Name of the MDI activity it stands for; empty when there is none. */
  mdi: string;
  /** Time of the answer; seconds < 0 when unanswered. */
  endSeconds: number;
  endNanoseconds: number;
  /** Id (ticketId()) of the ticket that this activity issued to `account`, so that its later uses can be attributed; 0: none. */
  issues: number;
  /** Whose name the issued ticket bears where that is not who acted (MS-SFU); null where it is. */
  bearer: Identity | null;
  /** Somebody logs on: where it succeeds, the account has a session on the source address from now on. */
  logon: boolean;
}

/** Activities: begin(envelope) writes everything up to the details object, then come the details, then end(). */
export interface ActivitySink extends Sink {
  /** The one envelope, cleared; fill it, then begin(). */
  envelope(type: ActivityType, context: Context): Envelope;
  begin(envelope: Envelope, context: Context): void;
  end(): void;
}

/** Claims that an address belongs to a computer. The house forgets repetitions, so say them as often as they are seen. */
export interface ClaimSink {
  /**
   * The sender of packets in `direction` is the computer `name` (NetBIOS or DNS name). `os` and `mac` may be empty; a claim that
   * knows the system and no name is one too.
   */
  sender(direction: Direction, name: string, domain: string, method: string, context: Context, os?: string, mac?: string): void;
  /** The 4 or 16 bytes at `at` are an address of the computer `name`. */
  address(
    bytes: Uint8Array,
    at: number,
    length: 4 | 16,
    name: string,
    domain: string,
    method: string,
    context: Context,
    os?: string,
    mac?: string,
  ): void;
  /** Whoever had the address at `at` has given it back. */
  end(bytes: Uint8Array, at: number, length: 4 | 16, method: string, context: Context): void;
}

/** What surrounds the bytes: one object a worker, refilled for each packet. */
export interface Context {
  /** 1-based number of the frame being read. */
  frame: number;
  seconds: number;
  nanoseconds: number;
  direction: Direction;
  readonly transport: Transport;
  /** Port of the responder, as a hint (0 when unknown). */
  readonly serverPort: number;
  /** Whether the packet goes to a multicast group. */
  readonly toMulticast: boolean;
  /** This datagram is a second copy of one just seen (mirror ports): it is a message, but not another activity. */
  readonly duplicate: boolean;
  /** null unless somebody asked for messages: then nothing must be done for them. */
  readonly messages: MessageSink | null;
  /** null unless somebody wants the bytes of each message, as `adtap explain` does: called before the message's line. */
  readonly tap: ((protocol: string, bytes: Uint8Array, start: number, end: number) => void) | null;
  /** null unless somebody asked for activities. */
  readonly activities: ActivitySink | null;
  readonly claims: ClaimSink;
  /** Counts a refusal of this protocol, by reason. */
  refuse(protocol: string, reason: Reason): void;
}

/** Returned by data(): nothing more of this flow is of interest. */
export const GIVE_UP = -1;

/** One flow's worth of a protocol. All methods are total: no input makes them throw, loop, or read outside the range. */
export interface Conversation {
  /**
   * Bytes that must be there (from the first unconsumed one, in that direction) before data() is worth calling again; at least
   * 1. For datagrams it is not asked.
   */
  want(direction: Direction): number;
  /**
   * Reads [start, end): a datagram, or all unconsumed bytes of context.direction's stream. Returns the bytes done with. More than
   * were given: the surplus is skipped as it comes, unbuffered (bulk data). Fewer: the rest comes again, with more behind it,
   * when want() bytes are there. GIVE_UP: the flow is of no interest any more. `bytes` must not be kept.
   */
  data(bytes: Uint8Array, start: number, end: number, context: Context): number;
  /** `length` bytes of context.direction's stream are missing for good; the next data() starts behind them. False gives up. */
  gap(length: number, context: Context): boolean;
  /**
   * Datagrams: nothing waits, so the conversation may be taken back although the flow lives on. Most datagram flows are one
   * question and its answer, and are remembered much longer than they talk.
   */
  readonly isIdle?: boolean;
  /** Ended, timed out or evicted: say what waits unanswered. The conversation may be used again for another flow afterwards. */
  close(context: Context): void;
}

/** What src/protocols/<name>/index.ts gives to registry.ts. */
export interface Protocol {
  readonly name: string;
  /** Hints: where this protocol is expected, and the default capture filter. Never the truth. */
  readonly ports: readonly { readonly transport: Transport; readonly port: number }[];
  /** When a sensor must spare the machine, flows of the least worth are shed first: 0 before 1 before 2. */
  readonly worth: 0 | 1 | 2;
  readonly limits: Readonly<Record<string, Limit>>;
  /** Fields of its messages (`--emit messages`). */
  readonly messages: FieldTable;
  /** Fields of its activities' details. */
  readonly details: FieldTable;
  /** The activities it can say. */
  readonly activities: readonly ActivityType[];
  /**
   * Is [start, end), the start of a flow's data in one direction, of this protocol? 'more': too short to tell. On a port that is
   * not its own, 'yes' must be near certain.
   */
  probe(
    bytes: Uint8Array,
    start: number,
    end: number,
    direction: Direction,
    transport: Transport,
    hinted: boolean,
  ): 'no' | 'yes' | 'more';
  open(transport: Transport): Conversation;
}
