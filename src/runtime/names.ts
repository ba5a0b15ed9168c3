// The names of a run: the book that claims fill, the file that keeps it, and, where that is switched on, the methods that ask.
// Who is asked is decided here: both ends of each activity, as far as the book has no certain name for them.
import {
  DESTINATION,
  DESTINATION_COMPUTER,
  LOGGED_ON,
  LOGON,
  type Said,
  SECONDS,
  SOURCE,
  SOURCE_COMPUTER,
} from '../activity/rows.ts';
import { addressBefore } from '../entity/entity-lines.ts';
import { ActiveNnr, type ActiveSettings } from '../nnr/active-nnr.ts';
import type { Answer } from '../nnr/answer.ts';
import { Book, type KeyOf, PASSIVE_LIFETIMES } from '../nnr/book.ts';
import { Generations } from '../nnr/generations.ts';
import { IMPORTANCE, type Importance } from '../nnr/queue.ts';

/** Addresses that were offered lately are not offered again so soon, unless something more important is known of them. */
const OFFER_SECONDS = 30;
const OFFERED = 65_536;

/** Takes the answers of one address; `key` is the address as activities have it. */
export type Answered = (ip: string, key: number, answers: readonly Answer[]) => void;

export class Names {
  readonly book: Book;
  readonly active: ActiveNnr | null;
  readonly #offered = new Generations<number, { readonly level: Importance; readonly until: number }>(OFFERED);

  /** `ask` is null where nobody is asked; `keyOf` may only be called once packets flow. */
  constructor(ask: ActiveSettings | null, keyOf: KeyOf, answered: Answered) {
    const { missSeconds } = ask ?? PASSIVE_LIFETIMES;
    this.book = new Book({ ...PASSIVE_LIFETIMES, missSeconds });
    this.active = ask === null ? null : new ActiveNnr(ask, (ip, answers) => answered(ip, keyOf(ip), answers));
  }

  /** Sees both ends of an activity. Cheap: text is made of an address only when it is to be asked. */
  activity(said: Said, row: number): void {
    if (this.active === null) return;
    const { rows } = said;
    const isLogon = rows[row + LOGON] === LOGGED_ON;
    this.#offer(said, row, SOURCE, SOURCE_COMPUTER, isLogon ? IMPORTANCE.logon : IMPORTANCE.activity);
    this.#offer(said, row, DESTINATION, DESTINATION_COMPUTER, IMPORTANCE.seen);
  }

  #offer(said: Said, row: number, address: number, computer: number, level: Importance): void {
    const key = said.rows[row + address]!;
    const seconds = said.rows[row + SECONDS]!;
    const before = this.#offered.get(key);
    if (before !== undefined && before.until > seconds && before.level >= level) return;
    this.#offered.set(key, { level, until: seconds + OFFER_SECONDS });
    if (this.book.isWanted(key, seconds)) this.active?.offer(addressBefore(said, said.rows[row + computer]!), level);
  }

  /** Fills the book from a file of an earlier run. Gives what to log: how many names, or what is wrong. */
  async load(path: string, keyOf: KeyOf): Promise<{ readonly restored: number; readonly problem: string }> {
    const { loadBook } = await cacheFile();
    return loadBook(this.book, path, keyOf, Date.now() / 1000);
  }

  /** Rejects with the system's error. */
  async save(path: string): Promise<void> {
    const { saveBook } = await cacheFile();
    await saveBook(this.book, path, Date.now() / 1000);
  }
}

/** Only who keeps a file waits for what reads it with suspicion. */
const cacheFile = (): Promise<typeof import('../nnr/cache.ts')> => import('../nnr/cache.ts');
