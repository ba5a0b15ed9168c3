// Names repeat: realms, accounts, host names. Interning turns equal byte ranges into the same string without making it twice.
import { type Charset, text } from './text.ts';

const MAX_LENGTH = 256;

interface Entry {
  readonly charset: Charset;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Bounded map from byte ranges to strings. Two generations: when the young one is full the old one is forgotten, so names in
 * use survive and a flood of new ones costs no more memory than twice `capacity` entries.
 */
export class Intern {
  readonly #capacity: number;
  #young = new Map<number, Entry>();
  #old = new Map<number, Entry>();

  constructor(capacity = 16_384) {
    this.#capacity = capacity;
  }

  /** Text of the range in that charset. */
  text(charset: Charset, bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > MAX_LENGTH) return text(charset, bytes, start, end);
    let hash = length;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    let entry = this.#young.get(hash);
    if (entry === undefined) {
      entry = this.#old.get(hash);
      if (entry !== undefined) this.#keep(hash, entry);
    }
    if (entry !== undefined && entry.charset === charset && same(entry.bytes, bytes, start, length)) return entry.text;
    const made = { charset, bytes: bytes.slice(start, end), text: text(charset, bytes, start, end) };
    this.#keep(hash, made);
    return made.text;
  }

  #keep(hash: number, entry: Entry): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(hash, entry);
  }
}

function same(kept: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (kept.length !== length) return false;
  for (let i = 0; i < length; i++) if (kept[i] !== bytes[start + i]) return false;
  return true;
}

/** The names of this thread. */
export const names = new Intern();
