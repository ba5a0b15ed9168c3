// A SEQUENCE of explicitly tagged fields [0], [1] … as Kerberos writes them all (RFC 4120 5.1): one walk, a range a field.
import { context, SEQUENCE, Tlv } from '../../bytes/der.ts';
import { BAD_TAG, OK, type Reason } from '../../bytes/reason.ts';

const ABSENT = -1;

export class Sequence {
  /** Ranges of the fields' contents by tag number: the inner value with its own header. */
  readonly #from: Int32Array;
  readonly #until: Int32Array;
  readonly #tlv = new Tlv();

  constructor(fields: number) {
    this.#from = new Int32Array(fields).fill(ABSENT);
    this.#until = new Int32Array(fields);
  }

  /** Walks the SEQUENCE at `at`. What was whole before the first error stays readable. */
  bind(bytes: Uint8Array, at: number, end: number): Reason {
    const tlv = this.#tlv;
    this.clear();
    const outer = tlv.read(bytes, at, end);
    if (outer !== OK) return outer;
    if (tlv.tag !== SEQUENCE) return BAD_TAG;
    const until = tlv.until;
    for (let next = tlv.from; next < until; next = tlv.until) {
      const reason = tlv.read(bytes, next, until);
      if (reason !== OK) return reason;
      const number = tlv.tag - context(0);
      // Tags come in order, so each costs one comparison; unknown ones are extensions (RFC 4120 1.5.1).
      if (number < 0 || number > 30) return BAD_TAG;
      if (number < this.#from.length && this.#from[number] === ABSENT) {
        this.#from[number] = tlv.from;
        this.#until[number] = tlv.until;
      }
    }
    return OK;
  }

  clear(): void {
    this.#from.fill(ABSENT);
  }

  has(field: number): boolean {
    return this.#from[field] !== ABSENT;
  }
  from(field: number): number {
    return this.#from[field]!;
  }
  until(field: number): number {
    return this.#until[field]!;
  }
}
