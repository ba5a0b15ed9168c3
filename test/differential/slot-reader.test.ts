// The slot reader against pcap-parser, packet by packet: on every classic microsecond capture in fixtures/, and on a generated one
// so that there is always something to compare.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'pcap-parser';
import { describe, expect, it } from 'vitest';
import { directory, type Order, packetBytes, pcapHeader, pcapRecord, readAll, type Seen } from '../unit/capture/build.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));
const files = directory();

function isClassicMicroseconds(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(file, magic, 0, 4, 0);
    return ['a1b2c3d4', 'd4c3b2a1'].includes(magic.toString('hex'));
  } finally {
    closeSync(file);
  }
}

function fixtures(): string[] {
  const names = readdirSync(FIXTURES, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(isClassicMicroseconds)
    .sort();
}

function reference(path: string): Promise<Omit<Seen, 'linktype'>[]> {
  return new Promise((resolve, reject) => {
    const seen: Omit<Seen, 'linktype'>[] = [];
    const parser = parse(path);
    parser.on('packet', ({ header, data }) => {
      seen.push({
        hex: data.toString('hex'),
        wirelen: Math.max(header.originalLength, header.capturedLength),
        seconds: header.timestampSeconds,
        nanoseconds: header.timestampMicroseconds * 1000,
      });
    });
    parser.on('error', reject);
    parser.on('end', () => resolve(seen));
  });
}

function generated(order: Order): string {
  const records = Array.from({ length: 2000 }, (_, at) =>
    pcapRecord(order, at, (at * 7919) % 1e6, packetBytes(at, (at * 131) % 1600), 2000),
  );
  return files.write(`generated-${order}.pcap`, Buffer.concat([pcapHeader({ order }), ...records]));
}

describe('the slot reader and pcap-parser see the same packets', () => {
  it.each([generated('LE'), generated('BE'), ...fixtures()])('of %s', async (path) => {
    const { seen } = await readAll([path], 1 << 19);
    expect(seen.map(({ linktype: _, ...rest }) => rest)).toEqual(await reference(path));
  });
});
