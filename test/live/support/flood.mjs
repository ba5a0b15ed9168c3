// Writes a capture of first segments to port 389, each of another address and port: node flood.mjs FILE PACKETS
import { writeFileSync } from 'node:fs';

const [file, packets] = process.argv.slice(2);
const count = Number(packets);
const LENGTH = 14 + 20 + 20;
const bytes = Buffer.alloc(24 + count * (16 + LENGTH));
bytes.writeUInt32LE(0xa1b2c3d4, 0);
bytes.writeUInt16LE(2, 4);
bytes.writeUInt16LE(4, 6);
bytes.writeUInt32LE(65_535, 16);
bytes.writeUInt32LE(1, 20);
for (let i = 0, at = 24; i < count; i++) {
  bytes.writeUInt32LE(1_700_000_000 + Math.floor(i / 100_000), at);
  bytes.writeUInt32LE((i * 10) % 1_000_000, at + 4);
  bytes.writeUInt32LE(LENGTH, at + 8);
  bytes.writeUInt32LE(LENGTH, at + 12);
  const frame = at + 16;
  bytes.write('02000000000102000000000208004500', frame, 'hex');
  bytes.writeUInt16BE(40, frame + 16);
  bytes.write('4000400600000a000000', frame + 20, 'hex');
  // 10.0.0.0/8, in an order that spreads.
  bytes.writeUInt32BE((0x0a000000 | ((i * 40503) & 0xffffff)) >>> 0, frame + 26);
  bytes.writeUInt32BE(0x0a4d000a, frame + 30);
  bytes.writeUInt16BE(1024 + (i % 60_000), frame + 34);
  bytes.writeUInt16BE(389, frame + 36);
  bytes.writeUInt32BE(i, frame + 38);
  bytes.write('5002ffff0000', frame + 46, 'hex');
  at = frame + LENGTH;
}
writeFileSync(file, bytes);
