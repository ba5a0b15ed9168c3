// TLS 1.3 as a listener without keys sees it (RFC 8446): two hellos, then records of ciphertext.
import type { MessageBuffer } from '../message-buffer.ts';
import type { World } from '../world.ts';

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const TLS_1_0 = 0x0301;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
const CIPHER_SUITES = [0x1302, 0x1301, 0xc030, 0xc02f, 0x009f] as const;
const EXTENSION = { SERVER_NAME: 0, GROUPS: 10, SIGNATURES: 13, VERSIONS: 43, KEY_SHARE: 51 } as const;
const X25519 = 29;
const RSA_PSS_SHA256 = 0x0804;
const ECDSA_SHA256 = 0x0403;
const KEY_BYTES = 32;

/** Writes what `write` writes behind its own length of two or three bytes. */
function vector(out: MessageBuffer, size: 2 | 3, write: () => void): void {
  const at = out.reserve(size);
  write();
  const length = out.length - at - size;
  for (let i = 0; i < size; i++) out.bytes[at + i] = length >>> (8 * (size - 1 - i));
}

export class TlsMessages {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  clientHello(out: MessageBuffer, serverName: string, random: number): void {
    out.clear();
    this.#hello(out, TLS_1_0, CLIENT_HELLO, random, () => {
      vector(out, 2, () => {
        for (const suite of CIPHER_SUITES) out.u16be(suite);
      });
      out.u8(1).u8(0);
      vector(out, 2, () => {
        out.u16be(EXTENSION.SERVER_NAME);
        vector(out, 2, () =>
          vector(out, 2, () => {
            out.u8(0);
            vector(out, 2, () => out.ascii(serverName));
          }),
        );
        out.u16be(EXTENSION.GROUPS).u16be(4).u16be(2).u16be(X25519);
        out.u16be(EXTENSION.SIGNATURES).u16be(6).u16be(4).u16be(RSA_PSS_SHA256).u16be(ECDSA_SHA256);
        out.u16be(EXTENSION.VERSIONS).u16be(5).u8(4).u16be(TLS_1_3).u16be(TLS_1_2);
        out.u16be(EXTENSION.KEY_SHARE);
        vector(out, 2, () => vector(out, 2, () => this.#keyShare(out, random)));
      });
    });
  }

  /** ServerHello, a ChangeCipherSpec for middleboxes, and the rest of the handshake in ciphertext. */
  serverHello(out: MessageBuffer, random: number): void {
    out.clear();
    this.#hello(out, TLS_1_2, SERVER_HELLO, random, () => {
      out.u16be(CIPHER_SUITES[0]).u8(0);
      vector(out, 2, () => {
        out.u16be(EXTENSION.VERSIONS).u16be(2).u16be(TLS_1_3);
        out.u16be(EXTENSION.KEY_SHARE);
        vector(out, 2, () => this.#keyShare(out, random));
      });
    });
    this.#changeCipherSpec(out);
    this.#record(out, 1_900 + (random & 0x3ff), random);
  }

  clientFinished(out: MessageBuffer, random: number): void {
    out.clear();
    this.#changeCipherSpec(out);
    this.#record(out, 69, random);
  }

  data(out: MessageBuffer, length: number, random: number): void {
    this.#record(out.clear(), length, random);
  }

  #hello(out: MessageBuffer, recordVersion: number, type: number, random: number, rest: () => void): void {
    out.u8(HANDSHAKE).u16be(recordVersion);
    vector(out, 2, () => {
      out.u8(type);
      vector(out, 3, () => {
        out.u16be(TLS_1_2);
        out.noise(this.#world.pool, random, KEY_BYTES);
        // A session id only to look like TLS 1.2 (RFC 8446 D.4).
        out.u8(KEY_BYTES);
        out.noise(this.#world.pool, random + 64, KEY_BYTES);
        rest();
      });
    });
  }

  #keyShare(out: MessageBuffer, random: number): void {
    out.u16be(X25519).u16be(KEY_BYTES);
    out.noise(this.#world.pool, random + 128, KEY_BYTES);
  }

  #changeCipherSpec(out: MessageBuffer): void {
    out.u8(CHANGE_CIPHER_SPEC).u16be(TLS_1_2).u16be(1).u8(1);
  }

  #record(out: MessageBuffer, length: number, random: number): void {
    out.u8(APPLICATION_DATA).u16be(TLS_1_2).u16be(length);
    out.noise(this.#world.pool, random, length);
  }
}
