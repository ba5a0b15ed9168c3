// A message built once by its schema and filled in many times: the schema library takes 100 µs a message, a copy and a few
// patches a fraction of one. Messages of one shape differ only in slots of fixed lengths; where these lie is found by building
// the message again with another content in one slot and comparing.

export interface Shape<K extends string = string> {
  readonly bytes: Uint8Array;
  /** Offsets at which each slot's content stands: once, or as often as the message repeats it. */
  readonly at: Readonly<Record<K, readonly number[]>>;
}

/** What slots are filled with, one byte after the other: in the first build, and in the second. */
const FIRST_FILL = 0x41;
const SECOND_FILL = 0x61;
const MOST_SLOTS = SECOND_FILL - FIRST_FILL - 6;

/**
 * Finds the slots of what `make` builds. `make` must put each slot's content, unchanged and at least once, into its message, and
 * must always build messages of one length; it throws otherwise, since the shape would be wrong. A slot of length 0 is not there.
 */
export function shapeOf<K extends string>(
  slots: Readonly<Record<K, number | 'time'>>,
  make: (contents: Readonly<Record<K, Uint8Array>>) => Uint8Array,
): Shape<K> {
  const names = Object.keys(slots) as K[];
  if (names.length > MOST_SLOTS) throw new Error('too many slots to tell apart');
  const first = {} as Record<K, Uint8Array>;
  const second = {} as Record<K, Uint8Array>;
  const at = {} as Record<K, number[]>;
  names.forEach((name, index) => {
    const length = slots[name];
    const isTime = length === 'time';
    first[name] = isTime ? timeMark(index) : new Uint8Array(length).fill(FIRST_FILL + index);
    second[name] = isTime ? first[name] : new Uint8Array(length).fill(SECOND_FILL + index);
    at[name] = [];
  });
  const bytes = make(first);
  const again = make(second);
  if (bytes.length !== again.length) throw new Error('a slot changes the length of its message');
  for (let from = 0; from < bytes.length; from++) {
    if (bytes[from] === again[from]) continue;
    const name = names[(bytes[from] as number) - FIRST_FILL] as K;
    const length = slots[name] as number;
    for (let i = from; i < from + length; i++)
      if (bytes[i] !== first[name]?.[0] || again[i] !== second[name]?.[0])
        throw new Error(`slot ${name} is only in part in its message`);
    at[name].push(from);
    from += length - 1;
  }
  for (const name of names) {
    if (slots[name] === 'time') at[name] = find(bytes, first[name]);
    if (at[name].length === 0 && slots[name] !== 0) throw new Error(`slot ${name} is not in the message`);
  }
  return { bytes, at };
}

/** A time that stands for a slot, another one for each. */
const timeMark = (index: number): Uint8Array => new TextEncoder().encode(`2011111111${String(10 + index).padStart(2, '0')}11Z`);

function find(bytes: Uint8Array, mark: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + mark.length <= bytes.length; at++) if (mark.every((byte, i) => bytes[at + i] === byte)) found.push(at);
  return found;
}

/** A slot's content as what schemas take: text, a whole number, a time. */
export const asText = (content: Uint8Array): string => Buffer.from(content).toString('latin1');
export const asNumber = (content: Uint8Array): bigint => BigInt(`0x${Buffer.from(content).toString('hex')}`);
export function asTime(content: Uint8Array): Date {
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)Z$/.exec(asText(content)) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Shapes by key, made when they are first needed. */
export class Shapes {
  readonly #shapes = new Map<string, Shape>();

  /** A key stands for one maker, and so for one set of slots. */
  get<K extends string>(key: string, make: () => Shape<K>): Shape<K> {
    let shape = this.#shapes.get(key) as Shape<K> | undefined;
    if (shape === undefined) {
      shape = make();
      this.#shapes.set(key, shape);
    }
    return shape;
  }
}
