// Makes a large capture out of the lab's: copy after copy in time, each with other addresses so that its flows are new ones.
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { refuse } from './measure.mjs';

const lab = new URL('../fixtures/lab/', import.meta.url);
const HEADER = 24;

/** The capture that the user gave; without one, bench/tmp/NAME with about so many packets, made unless it is there. */
export function loadOf(given, name, packets) {
  const folder = new URL('tmp/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  if (given !== undefined) return existsSync(given) ? given : refuse(`${given}: there is no such file`);
  const path = fileURLToPath(new URL(name, folder));
  if (existsSync(path)) return path;
  // One that was left half made is not taken for whole.
  makeLoad(`${path}.part`, packets);
  renameSync(`${path}.part`, path);
  return path;
}

/** Writes about `packets` packets; returns how many. Checksums are left as they were. */
function makeLoad(path, packets) {
  const records = [];
  for (const name of readdirSync(lab)
    .filter((one) => one.endsWith('.pcap') && one !== 'first-look.pcap')
    .sort()) {
    const bytes = readFileSync(new URL(name, lab));
    if (bytes.readUInt32LE(0) !== 0xa1b2c3d4 && bytes.readUInt32LE(0) !== 0xa1b23c4d)
      throw new Error(`${name}: not a little-endian pcap`);
    for (let at = HEADER; at + 16 <= bytes.length; ) {
      const length = bytes.readUInt32LE(at + 8);
      records.push(bytes.subarray(at, at + 16 + length));
      at += 16 + length;
    }
  }
  const file = openSync(path, 'w');
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  writeSync(file, header);
  let time = 1_700_000_000_000_000;
  let written = 0;
  for (let copy = 0; written < packets; copy++) {
    const mask = Math.imul(copy, 0x9e3779b1) & 0x00ffff00;
    const piece = Buffer.concat(records);
    for (let at = 0; at < piece.length; ) {
      const length = piece.readUInt32LE(at + 8);
      time += 50;
      piece.writeUInt32LE(Math.floor(time / 1e6), at);
      piece.writeUInt32LE(time % 1e6, at + 4);
      const ip = at + 16 + 14;
      if (length >= 34 && piece.readUInt16BE(at + 16 + 12) === 0x0800)
        for (const field of [ip + 12, ip + 16]) piece.writeUInt32BE((piece.readUInt32BE(field) ^ mask) >>> 0, field);
      at += 16 + length;
      written++;
    }
    writeSync(file, piece);
  }
  closeSync(file);
  return written;
}
