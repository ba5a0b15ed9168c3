// The cache file: what goes in comes out, and whatever else is in it is said and left aside.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Book } from '../../../src/nnr/book.ts';
import { loadBook, saveBook } from '../../../src/nnr/cache.ts';

const NOW = 1_800_000_000;
const keyOf = (ip: string): number => [...ip].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 2 ** 40, 7);

function filled(): Book {
  const book = new Book();
  const base = { domain: '', os: '', mac: '' };
  const say = (ip: string, at: number, method: string, name: string, rest = {}): void => {
    book.claim({ ...base, address: keyOf(ip), ip, at, name, method, ...rest });
  };
  say('10.0.0.1', NOW - 100, 'ntlm-challenge', 'ws1.lab.example', { os: 'Windows 10.0.20348', mac: '02:00:00:00:00:01' });
  say('fd00::2', NOW - 50, 'dns-ptr', 'ws2.lab.example');
  say('10.0.0.3', NOW - 40, 'ntlm-challenge', 'ws3');
  say('10.0.0.3', NOW - 30, 'ntlm-workstation', 'ws4');
  book.miss(keyOf('10.0.0.9'), '10.0.0.9', NOW - 10);
  return book;
}

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adtap-cache-'));
  path = join(folder, 'names.json');
});
afterEach(() => rm(folder, { recursive: true }));

it('comes back as it was', async () => {
  const before = filled();
  await saveBook(before, path, NOW);
  const after = new Book();
  expect(await loadBook(after, path, keyOf, NOW)).toEqual({ restored: 3, problem: '' });
  expect(after.save(NOW)).toEqual(before.save(NOW));
  for (const ip of ['10.0.0.1', 'fd00::2', '10.0.0.3']) expect(after.find(keyOf(ip), NOW)).toEqual(before.find(keyOf(ip), NOW));
  expect(after.find(keyOf('10.0.0.1'), NOW)).toEqual({ text: 'ws1.lab.example', certainty: 'high' });
  expect(after.find(keyOf('10.0.0.3'), NOW)).toEqual({ text: 'WS3', certainty: 'low' });
  expect(after.isWanted(keyOf('10.0.0.9'), NOW)).toBe(false);
  expect(await readdir(folder)).toEqual(['names.json']);
});

it('believes names that are too old, or from the future, no more', async () => {
  await saveBook(filled(), path, NOW);
  const later = new Book();
  expect(await loadBook(later, path, keyOf, NOW + 9 * 3600)).toEqual({ restored: 0, problem: '' });
  expect(later.save(NOW + 9 * 3600)).toEqual({ hits: [], misses: [] });
  expect((await loadBook(new Book(), path, keyOf, NOW - 1000)).restored).toBe(0);
});

it('says nothing of a file that is not there', async () => {
  expect(await loadBook(new Book(), path, keyOf, NOW)).toEqual({ restored: 0, problem: '' });
});

describe('a bad file is an empty one, and says so', () => {
  it.each([
    ['', 'is no JSON'],
    ['{"format":"adtap-na', 'is no JSON'],
    ['[]', 'is no cache of names'],
    ['{"format":"other","version":1,"hits":[],"misses":[]}', 'is no cache of names'],
    ['{"format":"adtap-names","version":2,"hits":[],"misses":[]}', 'is of another version than 1'],
    ['{"format":"adtap-names","version":1,"hits":[{"ip":"nowhere"}],"misses":[]}', 'hits.0.ip: '],
    ['{"format":"adtap-names","version":1,"hits":[],"misses":[{"ip":"10.0.0.1","until":"soon"}]}', 'misses.0.until: '],
  ])('%s', async (content, why) => {
    await writeFile(path, content);
    const book = new Book();
    const { restored, problem } = await loadBook(book, path, keyOf, NOW);
    expect(restored).toBe(0);
    expect(problem).toContain(`${path}: ${why}`);
    expect(problem).not.toContain('\n');
    expect(book.save(NOW).hits).toEqual([]);
    // The next save leaves it alone.
    expect(problem).toContain(`left aside as ${path}.bad`);
    await saveBook(filled(), path, NOW);
    expect(await readFile(`${path}.bad`, 'utf8')).toBe(content);
    expect((await loadBook(new Book(), path, keyOf, NOW)).restored).toBe(3);
  });

  it('a file that cannot be left aside', async () => {
    await writeFile(path, '{');
    await mkdir(`${path}.bad`);
    const { problem } = await loadBook(new Book(), path, keyOf, NOW);
    expect(problem).toMatch(/is no JSON; it cannot be left aside \(.*\) and names are learnt anew$/);
  });

  it('a folder in its place', async () => {
    expect((await loadBook(new Book(), folder, keyOf, NOW)).problem).toBe(`${folder}: is no file; names are learnt anew`);
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  it('cut or changed anywhere', async () => {
    await saveBook(filled(), path, NOW);
    const whole = await readFile(path, 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.string({ maxLength: 4 }), fc.boolean(), async (at, put, isCut) => {
        await writeFile(path, isCut ? whole.slice(0, at) : `${whole.slice(0, at)}${put}${whole.slice(at + put.length)}`);
        const book = new Book();
        const { restored, problem } = await loadBook(book, path, keyOf, NOW);
        if (problem !== '') expect([restored, book.save(NOW).hits.length]).toEqual([0, 0]);
        if (isCut) expect(problem).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });
});

it('leaves the old file whole when it cannot write', async () => {
  await saveBook(filled(), path, NOW);
  const before = await readFile(path, 'utf8');
  const broken = new Book();
  broken.save = () => {
    throw new Error('no memory');
  };
  await expect(saveBook(broken, path, NOW)).rejects.toThrow('no memory');
  expect(await readFile(path, 'utf8')).toBe(before);
  expect(await readdir(folder)).toEqual(['names.json']);
  await expect(saveBook(filled(), join(folder, 'not', 'there'), NOW)).rejects.toThrow(/ENOENT/);
});
