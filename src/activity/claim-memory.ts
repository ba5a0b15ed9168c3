// What was claimed last of each address and by which method, so that it is not said again with every packet. A table of open
// addressing: it is asked with every name in every DNS answer.

/** One claim as it was said last; methods of one address hang together. */
interface Remembered {
  readonly method: string;
  name: string;
  os: string;
  mac: string;
  seconds: number;
  readonly next: Remembered | null;
}

const FIRST_PLACES = 256;

export class ClaimMemory {
  #addresses = new Float64Array(FIRST_PLACES);
  #claims: (Remembered | null)[] = new Array<null>(FIRST_PLACES).fill(null);
  /** Addresses remembered. */
  size = 0;
  /** Places taken, those of forgotten addresses as well. */
  #taken = 0;

  /**
   * Whether this is news: not what was said last of the address (see addressKey) by the method, or said `repeat` seconds ago or
   * longer. Remembers it if so.
   */
  isNews(address: number, method: string, name: string, os: string, mac: string, seconds: number, repeat: number): boolean {
    const place = this.#place(address);
    const first = this.#claims[place]!;
    for (let known: Remembered | null = first; known !== null; known = known.next) {
      if (known.method !== method) continue;
      const isSame = known.name === name && known.os === os && known.mac === mac;
      if (isSame && seconds - known.seconds < repeat) return false;
      known.name = name;
      known.os = os;
      known.mac = mac;
      known.seconds = seconds;
      return true;
    }
    this.#claims[place] = { method, name, os, mac, seconds, next: first };
    if (first === null) this.size++;
    if (this.#addresses[place] === 0) {
      this.#addresses[place] = address + 1;
      this.#taken++;
      if (this.#taken * 2 > this.#addresses.length) this.#grow();
    }
    return true;
  }

  /** What comes next of the address is news, even if it is what was said before. */
  forget(address: number): void {
    const place = this.#place(address);
    if (this.#claims[place] === null) return;
    this.#claims[place] = null;
    this.size--;
  }

  /** Where the address is, or the free place for it. Zero marks a free place, so addresses are kept plus one. */
  #place(address: number): number {
    const addresses = this.#addresses;
    const mask = addresses.length - 1;
    let place = (Math.imul(address | 0, 0x9e3779b1) >>> 8) & mask;
    while (addresses[place] !== 0 && addresses[place] !== address + 1) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const addresses = this.#addresses;
    const claims = this.#claims;
    this.#addresses = new Float64Array(addresses.length * 2);
    this.#claims = new Array<null>(addresses.length * 2).fill(null);
    this.#taken = this.size;
    for (let i = 0; i < addresses.length; i++) {
      if (claims[i] === null) continue;
      const place = this.#place(addresses[i]! - 1);
      this.#addresses[place] = addresses[i]!;
      this.#claims[place] = claims[i]!;
    }
  }
}
