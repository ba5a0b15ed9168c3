// Where bytes come from: gzip (made by node:zlib), standard input and named pipes, and files that are no captures.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../../src/capture/open.ts';
import { directory, Pcapng, packetBytes, pcapHeader, pcapRecord, readAll, TestSlot } from './build.ts';

const files = directory();
const records = Array.from({ length: 3000 }, (_, at) => pcapRecord('LE', at, at, packetBytes(at, 40 + ((at * 97) % 400))));
const PCAP = Buffer.concat([pcapHeader(), ...records]);
const plain = files.write('plain.pcap', PCAP);

describe('gzip', () => {
  it('is unpacked whatever the name, one member or several, through slots of any size', async () => {
    const { seen } = await readAll([plain]);
    const half = PCAP.length >> 1;
    const whole = gzipSync(PCAP);
    const members = Buffer.concat([
      gzipSync(PCAP.subarray(0, 10)),
      gzipSync(PCAP.subarray(10, half)),
      gzipSync(PCAP.subarray(half)),
    ]);
    for (const packed of [whole, members, Buffer.concat([whole, Buffer.alloc(100)])]) {
      const path = files.write('capture', packed);
      for (const capacity of [1 << 20, 1000]) expect(await readAll([path], capacity)).toMatchObject({ seen, warnings: [] });
    }
  });

  it('holds pcapng as well', async () => {
    const ng = new Pcapng('LE');
    const bytes = Buffer.concat([ng.section(), ng.description(1), ng.enhanced(0, 9n, packetBytes(1, 50))]);
    expect((await readAll([files.write('ng.gz', gzipSync(bytes))])).seen).toHaveLength(1);
  });

  it('gives all that a cut file holds, with warnings', async () => {
    const { seen } = await readAll([plain]);
    for (const packed of [gzipSync(PCAP, { level: 0 }), gzipSync(PCAP)])
      for (const missing of [1, 8, 9, 5000, packed.length >> 1]) {
        const cut = packed.subarray(0, -missing);
        const path = files.write('cut.gz', cut);
        // The reference: all that zlib gives at once when it is told not to mind the end.
        const unpacked = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).length;
        let end = 24;
        let whole = 0;
        while (whole < records.length && end + records[whole]!.length <= unpacked) end += records[whole++]!.length;
        const read = await readAll([path]);
        expect(read.seen).toEqual(seen.slice(0, whole));
        const warnings = [`${path}: the input breaks off: unexpected end of file`];
        if (end < unpacked) warnings.push(`${path}: at byte ${end}: the last record is truncated; what is before it counts`);
        expect(read.warnings).toEqual(warnings);
      }
  });

  it('gives what lies before damage, with a warning', async () => {
    const packed = gzipSync(PCAP);
    packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 64);
    const path = files.write('damaged.gz', packed);
    const { seen, warnings } = await readAll([path]);
    expect(seen).toEqual((await readAll([plain])).seen.slice(0, seen.length));
    expect(warnings[0]).toMatch(/damaged\.gz: the input breaks off: /);
  });

  it('gives the same packets of a cut or damaged file to a slow reader', async () => {
    const packed = gzipSync(PCAP, { level: 0 });
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, packed.length >> 1);
    for (const bytes of [packed.subarray(0, -70_000), damaged, Buffer.concat([packed, Buffer.from('garbage')])]) {
      const path = files.write('slow.gz', bytes);
      const quick = await readAll([path]);
      const source = await openCapture([path]);
      const slot = new TestSlot(20_000);
      while (await source.fill(slot)) await setTimeout(1);
      expect(slot.seen).toEqual(quick.seen);
      expect(source.warnings).toEqual(quick.warnings);
      expect(quick.warnings).not.toEqual([]);
      await source.close();
    }
  });

  it('can be closed half-way, with nothing left behind', async () => {
    const source = await openCapture([files.write('half.gz', gzipSync(PCAP))]);
    await source.fill(new TestSlot(1000));
    await source.close();
  });
});

/** A program that reads standard input: the sources as JavaScript, which Node 20 can run. */
function readerProgram(): string {
  const root = fileURLToPath(new URL('../../../src', import.meta.url));
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2023, rewriteRelativeImportExtensions: true };
  const rooms = readdirSync(join(root, 'capture'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('capture', name));
  for (const source of [...rooms, 'errors.ts', join('bytes', 'read.ts')]) {
    const { outputText } = transpileModule(readFileSync(join(root, source), 'utf8'), { compilerOptions });
    const name = join('reader', source);
    mkdirSync(dirname(files.path(name)), { recursive: true });
    files.write(name.replace(/ts$/, 'js'), Buffer.from(outputText));
  }
  files.write(join('reader', 'package.json'), Buffer.from('{ "type": "module" }'));
  return files.write(
    join('reader', 'main.js'),
    Buffer.from(`import { framesOf } from './capture/frames.js';
      let frames = 0, bytes = 0;
      for await (const frame of framesOf(['-'], (warning) => console.log(warning))) { frames++; bytes += frame.bytes.length; }
      console.log(JSON.stringify({ frames, bytes }));`),
  );
}

describe('standard input', () => {
  it.each([
    ['a capture', PCAP],
    ['a packed capture', gzipSync(PCAP)],
  ])('is read: %s', async (_, bytes) => {
    const child = spawn(process.execPath, [readerProgram()], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(bytes);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ frames: records.length, bytes: PCAP.length - 24 - 16 * records.length });
  });

  it('can be named once only', async () => {
    await expect(openCapture(['-', '-'])).rejects.toMatchObject({ code: 'ADTAP_E_TOO_MANY_FILES', exitCode: 2 });
  });
});

describe.runIf(process.platform !== 'win32')('a named pipe', () => {
  it('gives what has come before the writer is done', async () => {
    const path = files.path('pipe');
    execFileSync('mkfifo', [path]);
    const writer = createWriteStream(path);
    writer.write(Buffer.concat([pcapHeader(), records[0]!.subarray(0, 30)]));
    const source = await openCapture([path]);
    const slot = new TestSlot(1 << 20);
    const first = source.fill(slot);
    expect(first).toBeInstanceOf(Promise);
    // Half a record is not worth a slot, however long it lasts.
    expect(await Promise.race([first, setTimeout(300, 'waits')])).toBe('waits');
    writer.write(Buffer.concat([records[0]!.subarray(30), records[1]!.subarray(0, 20)]));
    expect(await first).toBe(true);
    expect(slot.seen).toHaveLength(1);
    writer.end(Buffer.concat([records[1]!.subarray(20), records[2]!]));
    while (await source.fill(slot));
    expect(slot.seen).toEqual((await readAll([plain])).seen.slice(0, 3));
    expect(source.warnings).toEqual([]);
    expect(source.progress()).toMatchObject({ total: 0 });
    await source.close();
  });
});

describe.runIf(process.platform === 'linux')('descriptors', () => {
  const opened = (): number => readdirSync('/proc/self/fd').length;

  it('are closed when a file cannot be opened, is no capture, or is closed', async () => {
    const packed = files.write('packed.gz', gzipSync(PCAP));
    const text = files.write('text', Buffer.from('a text that is longer than a header'));
    const before = opened();
    for (const bad of [files.path('none'), files.path(''), text]) {
      await expect(openCapture([plain, packed, bad])).rejects.toMatchObject({ exitCode: 2 });
      await expect.poll(opened).toBe(before);
    }
    const source = await openCapture([plain, packed, plain]);
    expect(opened()).toBe(before + 3);
    await source.fill(new TestSlot(1000));
    await source.close();
    await expect.poll(opened).toBe(before);
  });
});

describe('what is not a capture', () => {
  const NOT = 'ADTAP_E_NOT_A_CAPTURE';
  const random = packetBytes(5, 5000);
  it.each([
    ['an empty file', Buffer.alloc(0), NOT, /not a capture: it is empty$/],
    ['a text', Buffer.from('\n\r\r\nThis is a text, not a capture at all.\n'), NOT, /starts like neither pcap nor pcapng/],
    ['random bytes', random, NOT, /starts like neither/],
    ['a header cut short', pcapHeader().subarray(0, 23), NOT, /ends before the header/],
    ['a packed text', gzipSync('some text that is longer than a header'), NOT, /starts like neither/],
    ['a gzip header alone', gzipSync(PCAP).subarray(0, 5), NOT, /cannot be read: unexpected end of file/],
    // RFC 8878 3.1.1, the .xz format 2.1.1.1, bzip2's "BZh" and block size 9, the LZ4 frame format, APPNOTE 4.3.7.
    ['zstd', Buffer.concat([Buffer.from('28b52ffd', 'hex'), random]), NOT, /packed with zstd; unpack it first/],
    ['xz', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), random]), NOT, /packed with xz; unpack it first/],
    ['bzip2', Buffer.concat([Buffer.from('BZh9'), random]), NOT, /packed with bzip2; unpack it first/],
    ['lz4', Buffer.concat([Buffer.from('04224d18', 'hex'), random]), NOT, /packed with lz4; unpack it first/],
    ['zip', Buffer.concat([Buffer.from('PK\x03\x04'), random]), NOT, /packed with zip; unpack it first/],
    ['an old version', pcapHeader({ major: 1, minor: 2 }), 'ADTAP_E_UNSUPPORTED_CAPTURE', /version is 1\.2.*editcap/],
    ['a new section', new Pcapng('BE').section(2), 'ADTAP_E_UNSUPPORTED_CAPTURE', /section of version 2.*editcap/],
  ])('is refused in one line that names it: %s', async (_, bytes, code, message) => {
    const path = files.write('no-capture', bytes);
    const error: unknown = await openCapture([path]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AdtapError', code, exitCode: 2 });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.startsWith(`${path}: `)).toBe(true);
    expect((error as Error).message).not.toContain('\n');
  });

  it('is refused when it cannot be opened', async () => {
    const code = 'ADTAP_E_NOT_FOUND';
    await expect(openCapture([files.path('none')])).rejects.toMatchObject({
      code,
      message: `${files.path('none')}: no such file`,
    });
    await expect(openCapture([files.path('')])).rejects.toMatchObject({
      code,
      message: expect.stringContaining('is a directory'),
    });
    await expect(openCapture([plain, files.path('none')])).rejects.toMatchObject({ code });
  });
});
