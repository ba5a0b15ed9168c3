// What is made of IPv4 addresses again and again, such as their texts.

const BITS = 12;

/** What was made lately, each at the place that its address's hash gives: a newcomer takes the place over. */
export class AddressCache<T> {
  readonly #make: (address: number) => T;
  readonly #addresses = new Float64Array(1 << BITS).fill(-1);
  readonly #made = new Array<T>(1 << BITS);

  constructor(make: (address: number) => T) {
    this.#make = make;
  }

  /** What `make` gives for the address, a whole number below 2^32. */
  of(address: number): T {
    const place = Math.imul(address, 0x9e3779b1) >>> (32 - BITS);
    if (this.#addresses[place] !== address) {
      this.#addresses[place] = address;
      this.#made[place] = this.#make(address);
    }
    return this.#made[place]!;
  }
}
