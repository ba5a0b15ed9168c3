// Connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE): binds, with and without a security token, and calls of the interfaces
// that reconnaissance and replication use.
import type { MessageBuffer } from '../message-buffer.ts';
import type { World } from '../world.ts';
import type { Tokens } from './tokens.ts';

const PTYPE = { REQUEST: 0, RESPONSE: 2, BIND: 11, BIND_ACK: 12 } as const;
const FIRST_AND_LAST = 0x03;
const LITTLE_ENDIAN = 0x10;
const MAX_FRAGMENT = 5840;
const ASSOCIATION = 0x0001_2e4f;
const AUTH_SPNEGO = 9;
const PACKET_PRIVACY = 6;
const AUTH_CONTEXT = 1;

interface Interface {
  /** UUID as bytes on the wire, first three fields little-endian. */
  readonly uuid: string;
  readonly version: number;
}
export const INTERFACES = {
  /** 4b324fc8-1670-01d3-1278-5a47bf6ee188, MS-SRVS. */
  srvsvc: { uuid: 'c84f324b7016d30112785a47bf6ee188', version: 3 },
  /** 12345778-1234-abcd-ef00-0123456789ac, MS-SAMR. */
  samr: { uuid: '785734123412cdabef000123456789ac', version: 1 },
  /** e3514235-4b06-11d1-ab04-00c04fc2dcd2, MS-DRSR. */
  drsuapi: { uuid: '354251e3064bd111ab0400c04fc2dcd2', version: 4 },
} as const satisfies Readonly<Record<string, Interface>>;
/** 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2: NDR. */
const NDR = '045d888aeb1cc9119fe808002b104860';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

export class DceRpcMessages {
  readonly #world: World;
  readonly #tokens: Tokens;
  readonly #uuids = new Map<string, Uint8Array>(
    [NDR, ...Object.values(INTERFACES).map(({ uuid }) => uuid)].map((text) => [text, hex(text)]),
  );

  constructor(world: World, tokens: Tokens) {
    this.#world = world;
    this.#tokens = tokens;
  }

  /** Appends a bind, with the security token that `token` appends. */
  bind(out: MessageBuffer, callId: number, { uuid, version }: Interface, token: (() => void) | null): void {
    const start = this.#begin(out, PTYPE.BIND, callId);
    out.u16le(MAX_FRAGMENT).u16le(MAX_FRAGMENT).u32le(0).u8(1).zeros(3);
    out.u16le(0).u8(1).u8(0).raw(this.#uuid(uuid)).u32le(version).raw(this.#uuid(NDR)).u32le(2);
    this.#end(out, start, token);
  }

  bound(out: MessageBuffer, callId: number, port: string, token: (() => void) | null): void {
    const start = this.#begin(out, PTYPE.BIND_ACK, callId);
    out.u16le(MAX_FRAGMENT).u16le(MAX_FRAGMENT).u32le(ASSOCIATION);
    out
      .u16le(port.length + 1)
      .ascii(port)
      .u8(0)
      .align(4, start);
    out.u8(1).zeros(3).u16le(0).u16le(0).raw(this.#uuid(NDR)).u32le(2);
    this.#end(out, start, token);
  }

  /** Appends a call of a procedure, its arguments in clear as `body` appends them. */
  call(out: MessageBuffer, callId: number, opnum: number, body: () => void): void {
    const start = this.#begin(out, PTYPE.REQUEST, callId);
    const hint = out.reserve(4);
    out.u16le(0).u16le(opnum);
    const from = out.length;
    body();
    out.set32le(hint, out.length - from);
    this.#end(out, start, null);
  }

  result(out: MessageBuffer, callId: number, body: () => void): void {
    const start = this.#begin(out, PTYPE.RESPONSE, callId);
    const hint = out.reserve(4);
    out.u16le(0).u8(0).u8(0);
    const from = out.length;
    body();
    out.set32le(hint, out.length - from);
    this.#end(out, start, null);
  }

  /** The same, sealed: `size` bytes that only the two ends can read, and a signature. */
  sealedCall(out: MessageBuffer, callId: number, opnum: number, size: number, random: number): void {
    const start = this.#begin(out, PTYPE.REQUEST, callId);
    out.u32le(size).u16le(0).u16le(opnum);
    this.#sealed(out, start, true, size, random);
  }
  sealedResult(out: MessageBuffer, callId: number, size: number, random: number): void {
    const start = this.#begin(out, PTYPE.RESPONSE, callId);
    out.u32le(size).u16le(0).u8(0).u8(0);
    this.#sealed(out, start, false, size, random);
  }

  #sealed(out: MessageBuffer, start: number, fromClient: boolean, size: number, random: number): void {
    const padded = (size + 15) & ~15;
    out.noise(this.#world.pool, random, padded);
    this.#end(out, start, () => this.#tokens.sealed(out, fromClient, 0, random));
  }

  #begin(out: MessageBuffer, ptype: number, callId: number): number {
    const start = out.length;
    out.u8(5).u8(0).u8(ptype).u8(FIRST_AND_LAST).u32le(LITTLE_ENDIAN).u32le(0).u32le(callId);
    return start;
  }

  /** The verifier (C706 13.2.6.1) and the lengths. */
  #end(out: MessageBuffer, start: number, token: (() => void) | null): void {
    let auth = 0;
    if (token !== null) {
      const body = out.length;
      out.align(4, start);
      const padding = out.length - body;
      out.u8(AUTH_SPNEGO).u8(PACKET_PRIVACY).u8(padding).u8(0).u32le(AUTH_CONTEXT);
      const from = out.length;
      token();
      auth = out.length - from;
    }
    out.set16le(start + 8, out.length - start);
    out.set16le(start + 10, auth);
  }

  #uuid(text: string): Uint8Array {
    return this.#uuids.get(text) as Uint8Array;
  }
}

/** A conformant varying string with its NUL (C706 14.3.4.2). */
export function wideString(out: MessageBuffer, text: string): void {
  const length = text.length + 1;
  out.u32le(length).u32le(0).u32le(length).utf16(`${text}\0`).align(4);
}
