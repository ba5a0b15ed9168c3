// The book's memory over a restart: a JSON file, written beside and renamed, read with suspicion.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { Book, KeyOf } from './book.ts';

const FORMAT = 'adtap-names';
const VERSION = 1;
/** A larger file is not ours: the largest book takes some 400 bytes an address. */
const MAX_BYTES = 256 * 1024 * 1024;

const text = z.string().max(255);
const time = z.number().nonnegative();
const schema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  hits: z.array(
    z.object({
      ip: z.union([z.ipv4(), z.ipv6()]),
      netbios: text,
      dns: text,
      domain: text,
      os: text,
      mac: text,
      methods: z.record(text, time),
      from: time,
      last: time,
      rival: z.object({ netbios: text, dns: text, last: time }).nullable(),
    }),
  ),
  misses: z.array(z.object({ ip: z.union([z.ipv4(), z.ipv6()]), until: time })),
});

export interface CacheLoad {
  /** Addresses whose names were taken over. */
  readonly restored: number;
  /** Why nothing was, as a sentence for the log; empty when there was nothing wrong. */
  readonly problem: string;
}

/**
 * Fills a book from the file, as far as it is believed at `now` (seconds since 1970 UTC). Never rejects: a bad file is an empty one,
 * and is renamed to PATH.bad, as the next save would replace it.
 */
export async function loadBook(book: Book, path: string, keyOf: KeyOf, now: number): Promise<CacheLoad> {
  try {
    const file = await stat(path);
    // Renaming would move it with all that is in it.
    if (!file.isFile()) return { restored: 0, problem: `${path}: is no file; names are learnt anew` };
    if (file.size > MAX_BYTES) return await bad(path, `has ${file.size} bytes, more than any book of names`);
    const parsed = schema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (!parsed.success) return await bad(path, whatIsWrong(parsed.error));
    return { restored: book.restore(parsed.data, keyOf, now), problem: '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { restored: 0, problem: '' };
    return bad(path, error instanceof SyntaxError ? 'is no JSON' : (error as Error).message);
  }
}

async function bad(path: string, why: string): Promise<CacheLoad> {
  const aside = `${path}.bad`;
  const [moved] = await Promise.allSettled([rename(path, aside)]);
  const where =
    moved.status === 'fulfilled'
      ? `it is left aside as ${aside}`
      : `it cannot be left aside (${(moved.reason as Error).message})`;
  return { restored: 0, problem: `${path}: ${why}; ${where} and names are learnt anew` };
}

function whatIsWrong(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  if (where === 'version') return `is of another version than ${VERSION}`;
  return where === 'format' || where === '' ? 'is no cache of names' : `${where}: ${issue?.message ?? 'wrong'}`;
}

/** Writes what the book knows at `now`, whole or not at all. Rejects with the system's error. */
export async function saveBook(book: Book, path: string, now: number): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ format: FORMAT, version: VERSION, ...book.save(now) }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
