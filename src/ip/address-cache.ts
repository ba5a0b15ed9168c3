// What is made of addresses again and again, such as their texts.
import { u32be } from '../bytes/read.ts';

const BITS = 12;
const SPREAD = 0x9e3779b1;

/** What was made of IPv4 addresses lately, each at the place that its address's hash gives: a newcomer takes the place over. */
export class AddressCache<T> {
  readonly #make: (address: number) => T;
  readonly #addresses = new Float64Array(1 << BITS).fill(-1);
  readonly #made = new Array<T>(1 << BITS);

  constructor(make: (address: number) => T) {
    this.#make = make;
  }

  /** What `make` gives for the address, a whole number below 2^32. */
  of(address: number): T {
    const place = Math.imul(address, SPREAD) >>> (32 - BITS);
    if (this.#addresses[place] !== address) {
      this.#addresses[place] = address;
      this.#made[place] = this.#make(address);
    }
    return this.#made[place]!;
  }
}

/** The same of IPv6 addresses. */
export class Address6Cache<T> {
  readonly #make: (bytes: Uint8Array, at: number) => T;
  readonly #words = new Int32Array(4 << BITS);
  readonly #made = new Array<T | undefined>(1 << BITS);

  constructor(make: (bytes: Uint8Array, at: number) => T) {
    this.#make = make;
  }

  /** What `make` gives for the address of 16 bytes at `at`. */
  of(bytes: Uint8Array, at: number): T {
    const a = u32be(bytes, at) | 0;
    const b = u32be(bytes, at + 4) | 0;
    const c = u32be(bytes, at + 8) | 0;
    const d = u32be(bytes, at + 12) | 0;
    const place = Math.imul(Math.imul(Math.imul(Math.imul(a, SPREAD) + b, SPREAD) + c, SPREAD) + d, SPREAD) >>> (32 - BITS);
    const words = this.#words;
    const from = place << 2;
    const kept = this.#made[place];
    if (kept !== undefined && words[from] === a && words[from + 1] === b && words[from + 2] === c && words[from + 3] === d)
      return kept;
    words[from] = a;
    words[from + 1] = b;
    words[from + 2] = c;
    words[from + 3] = d;
    const made = this.#make(bytes, at);
    this.#made[place] = made;
    return made;
  }
}
