// A sink and a context for tests: what a decoder says becomes plain objects.
import { type Charset, hex, text } from '../../src/bytes/text.ts';
import type {
  ActivitySink,
  ClaimSink,
  Context,
  Direction,
  Envelope,
  MessageSink,
  Reason,
  Transport,
} from '../../src/protocols/contract.ts';
import type { ActivityType, Field } from '../../src/protocols/fields.ts';

export type Record_ = { [key: string]: unknown };

class Writer {
  #stack: (Record_ | unknown[])[] = [];
  protected root: Record_ = {};
  protected start(root: Record_): void {
    this.root = root;
    this.#stack = [root];
  }
  #put(field: Field, value: unknown): void {
    const top = this.#stack.at(-1);
    if (Array.isArray(top)) {
      if (field.key !== '') throw new Error(`field ${field.key} written into a list`);
      top.push(value);
    } else if (top) {
      if (field.key === '') throw new Error('ITEM written into an object');
      if (field.key in top) throw new Error(`field ${field.key} written twice`);
      top[field.key] = value;
    } else throw new Error('nothing begun');
  }
  int(field: Field, value: number): void {
    if (!Number.isNaN(value)) this.#put(field, value);
  }
  bool(field: Field, value: boolean): void {
    this.#put(field, value);
  }
  text(field: Field, value: string): void {
    this.#put(field, value);
  }
  bytes(field: Field, charset: Charset, bytes: Uint8Array, start: number, end: number): void {
    this.#put(field, text(charset, bytes, start, end));
  }
  hex(field: Field, bytes: Uint8Array, start: number, end: number): void {
    this.#put(field, hex(bytes, start, end));
  }
  open(field: Field): void {
    const inner: Record_ = {};
    this.#put(field, inner);
    this.#stack.push(inner);
  }
  close(): void {
    if (this.#stack.length < 2 || Array.isArray(this.#stack.pop())) throw new Error('close without open');
  }
  list(field: Field): void {
    const inner: unknown[] = [];
    this.#put(field, inner);
    this.#stack.push(inner);
  }
  endList(): void {
    if (this.#stack.length < 2 || !Array.isArray(this.#stack.pop())) throw new Error('endList without list');
  }
  protected finish(): Record_ {
    if (this.#stack.length !== 1) throw new Error('object or list left open');
    this.#stack = [];
    return this.root;
  }
}

class Messages extends Writer implements MessageSink {
  readonly said: Record_[] = [];
  begin(protocol: string, context: Context): void {
    this.start({ frame: context.frame, proto: protocol });
  }
  end(): void {
    this.said.push(this.finish());
  }
}

class Activities extends Writer implements ActivitySink {
  readonly said: Record_[] = [];
  envelope(type: ActivityType, context: Context): Envelope {
    return {
      type,
      seconds: context.seconds,
      nanoseconds: context.nanoseconds,
      firstFrame: context.frame,
      direction: context.direction,
      carrier: '',
      account: null,
      target: '',
      outcome: 'success',
      reason: '',
      mdi: '',
      endSeconds: -1,
      endNanoseconds: 0,
      issues: 0,
      bearer: null,
      logon: false,
    };
  }
  begin(envelope: Envelope, context: Context): void {
    const account = envelope.account && { ...envelope.account };
    this.said.push({
      ...envelope,
      type: envelope.type.type,
      protocol: envelope.type.protocol,
      account,
      frame: context.frame,
      details: {},
    });
    this.start(this.said.at(-1)?.['details'] as Record_);
  }
  end(): void {
    this.finish();
  }
}

/** A context that remembers everything that is said through it. */
export class TestContext implements Context {
  frame = 1;
  seconds = 1_700_000_000;
  nanoseconds = 0;
  direction: Direction = 0;
  transport: Transport = 'tcp';
  serverPort = 0;
  duplicate = false;
  toMulticast = false;
  tap: Context['tap'] = null;
  readonly messages = new Messages();
  readonly activities = new Activities();
  readonly refusals: { protocol: string; reason: Reason }[] = [];
  readonly claimed: Record_[] = [];
  readonly claims: ClaimSink = {
    sender: (direction, name, domain, method, _context, os = '', mac = '') =>
      this.claimed.push({ direction, name, domain, method, os, ...(mac === '' ? {} : { mac }) }),
    address: (bytes, at, length, name, domain, method, _context, os = '', mac = '') =>
      this.claimed.push({
        address: hex(bytes, at, at + length),
        name,
        domain,
        method,
        ...(os === '' ? {} : { os }),
        ...(mac === '' ? {} : { mac }),
      }),
    end: (bytes, at, length, method) => this.claimed.push({ address: hex(bytes, at, at + length), method, ends: true }),
  };
  refuse(protocol: string, reason: Reason): void {
    this.refusals.push({ protocol, reason });
  }
}
