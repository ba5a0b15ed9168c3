// Lines to a file that is put aside: what is on the disk afterwards is compared with what was handed over, byte for byte.
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { RotatingFile, type RotationSettings } from '../../../src/sink/rotating-file.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-rotating-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let folders = 0;
function folder(): string {
  const path = join(scratch, String(folders++));
  mkdirSync(path);
  return path;
}

const NEVER: RotationSettings = { rotateBytes: 0, rotateSeconds: 0, keepBytes: 0, fsync: 'never' };
const START = Date.UTC(2026, 10, 21, 8, 0, 0);

/** A file in a folder of its own, on a clock that the test turns. */
function begin(settings: Partial<RotationSettings> = {}) {
  const path = join(folder(), 'out.ndjson');
  const clock = { now: START };
  const file = new RotatingFile(path, { ...NEVER, ...settings }, () => clock.now);
  const aside = (): string[] =>
    readdirSync(join(path, '..'))
      .filter((name) => name !== 'out.ndjson')
      .sort();
  return { path, clock, file, aside, text: () => readFileSync(path, 'utf8') };
}

const line = (text: string, length = text.length + 1): Buffer => Buffer.from(`${text.padEnd(length - 1, '.')}\n`);

/** The class of open files, whose methods a test can make fail as a disk does. */
async function fileHandles(): Promise<FileHandle> {
  const file = await open(scratch, constants.O_RDONLY | constants.O_DIRECTORY);
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}

type Write = (this: FileHandle, bytes: Uint8Array, at: number, length: number, position: number) => Promise<unknown>;

/** Makes writing fail as a full disk does: a part is written, then no more. */
function fill(handles: FileHandle) {
  const writer = handles as unknown as { write: Write };
  const { write } = writer;
  return vi
    .spyOn(writer, 'write')
    .mockImplementation(() => Promise.reject(noSpace))
    .mockImplementationOnce(function (this: FileHandle, bytes, at, _length, position) {
      return write.call(this, bytes, at, 4, position);
    });
}

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('rotation', () => {
  it('begins a new file before one would grow beyond its size, and tells when in the name', async () => {
    const { file, clock, aside, text, path } = begin({ rotateBytes: 100 });
    await file.write(line('a', 60));
    await file.write(line('b', 40));
    expect(aside()).toEqual([]);
    clock.now += 1500;
    await file.write(line('c'));
    expect(aside()).toEqual(['out.ndjson.20261121T080001500Z']);
    expect(readFileSync(`${path}.20261121T080001500Z`)).toEqual(Buffer.concat([line('a', 60), line('b', 40)]));
    expect(text()).toBe('c\n');
    expect(file.state).toEqual({ fault: '', writtenLines: 3, lostLines: 0, lostBytes: 0, rotations: 1 });
    await file.close();
  });

  it('begins a new file when one is old enough, but never puts an empty one aside', async () => {
    const { file, clock, aside, text } = begin({ rotateSeconds: 60 });
    await file.prepare();
    clock.now += 120_000;
    await file.write(line('first'));
    expect(aside()).toEqual([]);
    clock.now += 59_999;
    await file.write(line('second'));
    expect(aside().length).toBe(0);
    clock.now += 1;
    await file.write(line('third'));
    expect(aside().length).toBe(1);
    expect(text()).toBe('third\n');
    await file.close();
  });

  it('gives files of the same millisecond names of their own', async () => {
    const { file, aside } = begin({ rotateBytes: 1 });
    for (const text of ['a', 'b', 'c']) await file.write(line(text));
    expect(aside()).toEqual(['out.ndjson.20261121T080000000Z', 'out.ndjson.20261121T080000000Z-1']);
    await file.close();
  });

  it('splits no line and loses none, whatever comes when (property)', async () => {
    const piece = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });
    const what = fc.array(fc.oneof(piece, fc.constant('reopen'), fc.constant('hour')), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(what, fc.integer({ min: 0, max: 200 }), fc.boolean(), async (steps, rotateBytes, isHasty) => {
        const { file, clock, aside, path, text } = begin({ rotateBytes, rotateSeconds: 3600 });
        let number = 0;
        const wanted: string[] = [];
        const done: Promise<void>[] = [];
        for (const step of steps) {
          clock.now += 1;
          if (step === 'hour') clock.now += 3_600_000;
          else if (step === 'reopen') done.push(file.reopen());
          else {
            const some = (step as number[]).map((length) => `${number++} ${'x'.repeat(length)}\n`);
            wanted.push(...some);
            done.push(file.write(Buffer.from(some.join(''))));
          }
          // A hasty caller does not wait: SIGHUP comes in the middle of writing.
          if (!isHasty) await done.at(-1);
        }
        await Promise.all(done);
        await file.close();
        const names = aside().map((name) => join(path, '..', name));
        const numbered = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
        const parts = [...numbered.map((name) => readFileSync(name, 'utf8')), wanted.length > 0 ? text() : ''];
        for (const part of parts) expect(part === '' || part.endsWith('\n')).toBe(true);
        expect(parts.join('')).toBe(wanted.join(''));
        expect(file.state).toMatchObject({ writtenLines: wanted.length, lostLines: 0, rotations: numbered.length });
      }),
      { numRuns: 60 },
    );
  });

  it('goes on with a file that was there, over the half line of a crash', async () => {
    const { file, path, text } = begin();
    const long = 'y'.repeat(200_000);
    writeFileSync(path, `{"whole":1}\n${long}`);
    await file.write(line('next'));
    expect(text()).toBe('{"whole":1}\nnext\n');
    await file.close();
  });
});

describe('retention', () => {
  it('removes the oldest of its own files beyond the budget, and nothing else', async () => {
    const { file, clock, aside, path } = begin({ rotateBytes: 100, keepBytes: 250 });
    const others = ['out.ndjson.bak', 'out.ndjson.20260101', 'other.20200101T000000000Z', 'out.ndjson.20200101T000000000Z.gz'];
    for (const name of others) writeFileSync(join(path, '..', name), 'z'.repeat(1000));
    for (let number = 0; number < 6; number++) {
      clock.now += 1000;
      await file.write(line(String(number), 100));
    }
    const own = aside().filter((name) => !others.includes(name));
    expect(own).toEqual(['out.ndjson.20261121T080005000Z', 'out.ndjson.20261121T080006000Z']);
    expect(own.map((name) => readFileSync(join(path, '..', name), 'utf8')[0])).toEqual(['3', '4']);
    expect(aside()).toEqual(expect.arrayContaining(others));
    await file.close();
  });

  it('knows the tenth file of a millisecond from the second', async () => {
    const { file, aside, path } = begin({ rotateBytes: 10, keepBytes: 30 });
    for (let number = 0; number < 14; number++) await file.write(line(String(number), 10));
    expect(
      aside()
        .map((name) => Number.parseInt(readFileSync(join(path, '..', name), 'utf8'), 10))
        .sort(),
    ).toEqual([10, 11, 12]);
    await file.close();
  });

  it('takes the newest for the newest though the clock went back', async () => {
    const { file, clock, aside, path } = begin({ rotateBytes: 10, keepBytes: 20 });
    for (let number = 0; number < 6; number++) {
      await file.write(line(String(number), 10));
      clock.now -= 60_000;
    }
    expect(aside().map((name) => readFileSync(join(path, '..', name), 'utf8')[0])).toEqual(['3', '4']);
    await file.close();
  });

  it('keeps all without a budget', async () => {
    const { file, aside } = begin({ rotateBytes: 10 });
    for (let number = 0; number < 20; number++) await file.write(line('x', 10));
    expect(aside().length).toBe(19);
    await file.close();
  });
});

describe('a disk that fails', () => {
  it('counts what is lost, says why, and resumes with a whole line', async () => {
    const { file, clock, text } = begin();
    await file.write(line('before'));
    const handles = await fileHandles();
    const half = fill(handles);
    await file.write(Buffer.concat([line('lost one'), line('lost two')]));
    expect(file.state).toMatchObject({ fault: noSpace.message, writtenLines: 1, lostLines: 2, lostBytes: 18 });
    expect(text()).toBe('before\n');
    const tried = half.mock.calls.length;
    clock.now += 999;
    await file.write(line('too early'));
    expect(half.mock.calls.length).toBe(tried);
    expect(file.state).toMatchObject({ lostLines: 3, lostBytes: 28 });
    half.mockRestore();
    clock.now += 1;
    await file.write(line('after'));
    expect(file.state).toMatchObject({ fault: '', writtenLines: 2, lostLines: 3 });
    expect(text()).toBe('before\nafter\n');
    await file.close();
  });

  it('cuts the half line later when the disk would not let it at once', async () => {
    const { file, clock, text } = begin();
    await file.write(line('before'));
    const handles = await fileHandles();
    fill(handles);
    vi.spyOn(handles, 'truncate').mockImplementation(() => Promise.reject(noSpace));
    await file.write(line('lost'));
    expect(text()).toBe('before\nlost');
    vi.restoreAllMocks();
    clock.now += 1000;
    await file.write(line('after'));
    expect(text()).toBe('before\nafter\n');
    await file.close();
  });

  it('is refused by the real /dev/full, and counts', async () => {
    const file = new RotatingFile('/dev/full', { ...NEVER, rotateBytes: 1, fsync: 'second' });
    await file.prepare();
    await file.write(line('one'));
    expect(file.state).toMatchObject({ lostLines: 1, lostBytes: 4, writtenLines: 0, rotations: 0 });
    expect(file.state.fault).toMatch(/^ENOSPC/);
    await file.close();
  });

  it('never puts a device aside, nor cuts it', async () => {
    const file = new RotatingFile('/dev/null', { ...NEVER, rotateBytes: 1, keepBytes: 1, fsync: 'rotation' });
    await file.prepare();
    for (const text of ['one', 'two', 'three']) await file.write(line(text));
    await file.reopen();
    await file.close();
    expect(file.state).toEqual({ fault: '', writtenLines: 3, lostLines: 0, lostBytes: 0, rotations: 0 });
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('writes into a named pipe', async () => {
    const path = join(folder(), 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const reader = await open(path, constants.O_RDWR);
    const file = new RotatingFile(path, { ...NEVER, rotateBytes: 5 });
    await file.write(line('one'));
    await file.write(line('two'));
    expect((await reader.read(Buffer.alloc(100), 0, 100)).buffer.subarray(0, 8).toString()).toBe('one\ntwo\n');
    expect(file.state).toMatchObject({ fault: '', writtenLines: 2 });
    await file.close();
    await reader.close();
  });

  it('rejects at the start when the path cannot be written', async () => {
    await expect(new RotatingFile(scratch, NEVER).prepare()).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(new RotatingFile('/nowhere/x', NEVER).prepare()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('finds a folder that comes back', async () => {
    const { file, clock, path, text } = begin();
    const home = join(path, '..');
    rmSync(home, { recursive: true });
    await file.write(line('lost'));
    expect(file.state).toMatchObject({ lostLines: 1 });
    expect(file.state.fault).toMatch(/^ENOENT/);
    mkdirSync(home);
    clock.now += 1000;
    await file.write(line('back'));
    expect(file.state).toMatchObject({ fault: '', lostLines: 1, writtenLines: 1 });
    expect(text()).toBe('back\n');
    await file.close();
  });

  it('writes on where a file cannot be put aside, tells so, and tries again', async () => {
    const clock = { now: START };
    // Root may rename anything, but not to a name that is too long.
    const path = join(folder(), 'n'.repeat(250));
    const file = new RotatingFile(path, { ...NEVER, rotateBytes: 10 }, () => clock.now);
    await file.write(line('one', 10));
    await file.write(line('two', 10));
    expect(file.state).toMatchObject({ writtenLines: 2, lostLines: 0, rotations: 0 });
    expect(file.state.fault).toMatch(/^ENAMETOOLONG/);
    expect(readFileSync(path)).toEqual(Buffer.concat([line('one', 10), line('two', 10)]));
    const isBack = vi.spyOn(Date.prototype, 'toISOString').mockReturnValue('1');
    await file.write(line('three', 10));
    expect(isBack).not.toHaveBeenCalled();
    clock.now += 1000;
    await file.write(line('four', 10));
    expect(file.state).toMatchObject({ fault: '', writtenLines: 4, lostLines: 0, rotations: 1 });
    expect(readFileSync(path)).toEqual(line('four', 10));
    await file.close();
  });

  it('loses nothing when old files cannot be removed', async () => {
    const { file, path, text } = begin({ rotateBytes: 10, keepBytes: 1 });
    // A folder of that name is no file that rm() takes.
    mkdirSync(`${path}.20200101T000000000Z`);
    await file.write(line('one', 10));
    await file.write(line('two', 10));
    expect(file.state).toMatchObject({ writtenLines: 2, lostLines: 0 });
    expect(file.state.fault).toMatch(/20200101/);
    expect(text()).toBe(line('two', 10).toString());
    await file.close();
  });
});

describe('fsync', () => {
  async function watched(settings: Partial<RotationSettings>) {
    const handles = await fileHandles();
    const sync = vi.spyOn(handles, 'sync');
    const datasync = vi.spyOn(handles, 'datasync');
    return { ...begin(settings), sync, datasync };
  }

  it('never', async () => {
    const { file, sync, datasync } = await watched({ fsync: 'never', rotateBytes: 10 });
    for (let number = 0; number < 3; number++) await file.write(line('x', 10));
    await file.close();
    expect([sync.mock.calls.length, datasync.mock.calls.length]).toEqual([0, 0]);
  });

  it('when a file is put aside, and at the end', async () => {
    const { file, sync, datasync } = await watched({ fsync: 'rotation', rotateBytes: 10 });
    for (let number = 0; number < 3; number++) await file.write(line('x', 10));
    expect(sync).toHaveBeenCalledTimes(2);
    await file.close();
    expect([sync.mock.calls.length, datasync.mock.calls.length]).toEqual([3, 0]);
  });

  it('every second, and a second after the last line at the latest', async () => {
    const { file, clock, datasync } = await watched({ fsync: 'second' });
    await file.write(line('one'));
    expect(datasync).toHaveBeenCalledTimes(1);
    clock.now += 980;
    await file.write(line('two'));
    await file.write(line('three'));
    expect(datasync).toHaveBeenCalledTimes(1);
    // 20 ms are left of the second.
    await vi.waitFor(() => expect(datasync).toHaveBeenCalledTimes(2));
    clock.now += 1000;
    await file.write(line('four'));
    expect(datasync).toHaveBeenCalledTimes(3);
    await file.close();
  });

  it('that fails is told, and no line that is in the file counts as lost', async () => {
    const { file, datasync, text } = await watched({ fsync: 'second' });
    datasync.mockImplementation(() => Promise.reject(new Error('EIO: i/o error, fdatasync')));
    await file.write(line('one'));
    expect(file.state).toMatchObject({ fault: 'EIO: i/o error, fdatasync', writtenLines: 1, lostLines: 0 });
    expect(text()).toBe('one\n');
    await file.close();
  });
});

describe('reopen', () => {
  it('puts what is there aside, and an empty file not', async () => {
    const { file, aside, text, path } = begin();
    await file.reopen();
    await file.prepare();
    await file.reopen();
    expect(aside()).toEqual([]);
    await file.write(line('one'));
    await file.reopen();
    expect(readFileSync(join(path, '..', aside()[0] ?? ''), 'utf8')).toBe('one\n');
    expect(text()).toBe('');
    await file.close();
  });

  it.each([
    ['moves the file', false],
    ['moves the file and makes a new one', true],
  ])('leaves alone what logrotate did when it %s', async (_what, isCreated) => {
    const { file, path, aside, text } = begin();
    await file.write(line('one'));
    renameSync(path, `${path}.1`);
    if (isCreated) writeFileSync(path, '');
    await file.write(line('two'));
    await file.reopen();
    await file.write(line('three'));
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\n');
    expect(text()).toBe('three\n');
    expect(aside()).toEqual(['out.ndjson.1']);
    expect(file.state).toMatchObject({ fault: '', writtenLines: 3, lostLines: 0 });
    await file.close();
  });
});
