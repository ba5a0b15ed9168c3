// Limits with their policy: what they bound, what happens there, and how often it did. docs/limits.md is made from these.

export interface Limit {
  /** Configuration key, such as `kerberos.messageBytes`. */
  readonly key: string;
  readonly default: number;
  readonly max: number;
  readonly unit: string;
  readonly policy: 'refuse' | 'drop-oldest' | 'give-up-flow' | 'skip';
  readonly help: string;
  /** The value in force in this thread. */
  value: number;
  /** How often it was reached in this thread. */
  hits: number;
}

type Definition = Omit<Limit, 'key' | 'value' | 'hits'>;

const all: Limit[] = [];

/** Declares the limits of one room; keys become `room.name`. */
export function defineLimits<const K extends string>(room: string, definitions: Record<K, Definition>): Record<K, Limit> {
  const table = {} as Record<K, Limit>;
  for (const name of Object.keys(definitions) as K[]) {
    const limit: Limit = { ...definitions[name], key: `${room}.${name}`, value: definitions[name].default, hits: 0 };
    table[name] = limit;
    all.push(limit);
  }
  return table;
}

/** Counts one arrival at a limit. */
export function hit(limit: Limit): void {
  limit.hits++;
}

/** Every limit declared so far, by key. worker/catalogue.ts loads all rooms that declare some. */
export const limits = (): readonly Limit[] => all.toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** Sets limits by key for this thread and starts their counts anew. Unknown keys and values outside 1..max are the caller's to have refused. */
export function configureLimits(values: Readonly<Record<string, number>>): void {
  for (const limit of all) {
    limit.value = values[limit.key] ?? limit.default;
    limit.hits = 0;
  }
}
