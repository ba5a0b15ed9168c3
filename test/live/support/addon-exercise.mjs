// Everything the addon does, and what it must refuse, in one process: node addon-exercise.mjs TAP FAR
// Run with a sanitized build (ADTAP_NATIVE_ADDON) it ends with 0 only if no sanitizer found anything.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadBinding } from '../../../dist/native/binding.js';

const loaded = loadBinding();
if (!('binding' in loaded)) throw new Error(loaded.problem);
const { binding } = loaded;
const [tap, far] = isMainThread ? process.argv.slice(2) : workerData;
const SHAPE = { stride: 1 << 17, slots: 4, slotBytes: 1 << 16, slotPackets: 64 };
const OPTIONS = { snaplen: 65_535, isPromiscuous: 1, timeoutMs: 5, bufferBytes: 1 << 20, drainMs: 100 };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const refuses = (what) => {
  try {
    if (what() === false) return;
  } catch {
    return;
  }
  throw new Error(`not refused: ${what}`);
};

function openPool() {
  const memory = new Uint8Array(new SharedArrayBuffer(SHAPE.stride * SHAPE.slots));
  const ready = new Uint32Array(4);
  const state = { packets: 0, pool: null };
  state.pool = binding.createPool(memory, SHAPE, () => {
    while (binding.takeSlot(state.pool, ready)) {
      state.packets += ready[2];
      binding.giveSlot(state.pool, ready[0]);
    }
  });
  for (let slot = 0; slot < SHAPE.slots; slot++) binding.giveSlot(state.pool, slot);
  return state;
}

const frame = new Uint8Array(1514).fill(0x5a);
frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
const ranges = Uint32Array.from(Array.from({ length: 64 }, (_, i) => [0, 60 + 20 * i]).flat());

if (!isMainThread) {
  // A worker that is ended while its capture runs.
  const { pool } = openPool();
  binding.openCapture(pool, 0, tap, OPTIONS, '');
  binding.startCapture(pool, 0);
  const player = binding.openPlayer(far);
  parentPort.postMessage('running');
  setInterval(() => binding.send(player, frame, ranges, 64), 1);
} else {
  // Arguments of every wrong kind.
  for (const wrong of [
    undefined,
    null,
    1,
    -1,
    1e300,
    Number.NaN,
    '',
    'x'.repeat(100_000),
    {},
    [],
    () => 0,
    Symbol('x'),
    new Uint8Array(0),
  ])
    for (const [name, call] of Object.entries(binding)) {
      if (name === 'load' || name === 'devices' || name === 'leave') continue;
      for (const args of [[wrong], [wrong, wrong, wrong, wrong, wrong, wrong]]) {
        try {
          const handle = call(...args);
          if (name.startsWith('open')) binding.closeHandle(handle);
        } catch {
          // Refused, as it should be.
        }
      }
    }
  const { pool } = openPool();
  refuses(() => binding.giveSlot(pool, SHAPE.slots));
  refuses(() => binding.giveSlot(pool, -1));
  refuses(() => binding.openCapture(pool, 64, tap, OPTIONS, ''));
  refuses(() => binding.openCapture(pool, -1, tap, OPTIONS, ''));
  refuses(() => binding.startCapture(pool, 7));
  refuses(() => binding.captureStats(pool, 0, new Float64Array(3)));
  refuses(() => binding.closeCapture(pool, 0, new Float64Array(10)));
  refuses(() => binding.compile('nonsense here', 1, 65_535));
  refuses(() => binding.openCapture(pool, 0, tap, OPTIONS, 'nonsense here'));
  binding.closePool(pool);
  refuses(() => binding.giveSlot(pool, 0));

  // Filters, over frames of every length.
  const program = binding.compile('ip[20:2] > 5 or tcp[tcpflags] & tcp-syn != 0 or (vlan and udp port 53)', 1, 65_535);
  for (let length = 0; length < 128; length++) binding.match(program, frame.subarray(0, length), length);
  for (let i = 0; i < 2000; i++) {
    // Programs that nobody compiled.
    const broken = Uint32Array.from({ length: 4 * (1 + (i % 8)) }, () => Math.random() * 2 ** (i % 33));
    try {
      binding.match(broken, frame, frame.length);
    } catch {
      // Refused.
    }
  }

  // Files: all that are shipped, and broken ones.
  const bytes = new Uint8Array(1 << 20);
  const read = (path) => {
    let file;
    try {
      file = binding.openFile(path);
    } catch {
      return;
    }
    try {
      while (binding.readFile(file, bytes) > 0);
    } catch {
      // Broken further on.
    }
    binding.handleError(file);
    binding.closeHandle(file);
    refuses(() => binding.readFile(file, bytes));
  };
  const shipped = readdirSync('fixtures', { recursive: true })
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .map((name) => join('fixtures', name));
  for (const path of shipped) read(path);
  const broken = join(tmpdir(), `adtap-broken-${process.pid}`);
  const good = readFileSync(shipped[0]);
  for (let i = 0; i < 300; i++) {
    const bad = Buffer.from(good.subarray(0, Math.floor(Math.random() * Math.min(good.length, 4096))));
    for (let n = 0; n < 4 && bad.length > 0; n++) bad[Math.floor(Math.random() * bad.length)] = Math.floor(Math.random() * 256);
    writeFileSync(broken, bad);
    read(broken);
  }
  rmSync(broken, { force: true });

  // Captures opened and closed, under traffic, in every order.
  const player = binding.openPlayer(far);
  let seen = 0;
  for (let round = 0; round < 20; round++) {
    const state = openPool();
    for (const id of [0, 63]) {
      binding.openCapture(state.pool, id, tap, OPTIONS, id === 0 ? '' : 'greater 100');
      if (round % 3 !== 2) binding.startCapture(state.pool, id);
    }
    for (let i = 0; i < 10; i++) binding.send(player, frame, ranges, 64);
    if (round % 2 === 0) await pause(20);
    if (round % 4 === 1) binding.stopCapture(state.pool, 0);
    if (round % 5 === 1) binding.closeCapture(state.pool, 63, new Float64Array(10));
    if (round % 7 === 3) await pause(20);
    binding.closePool(state.pool);
    seen += state.packets;
  }
  if (seen === 0) throw new Error('nothing was captured');

  // Worker threads that end in the middle.
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: [tap, far] });
    await new Promise((resolve) => worker.once('message', resolve));
    await pause(10);
    await worker.terminate();
  }

  // And the process itself, with everything open.
  const last = openPool();
  binding.openCapture(last.pool, 1, tap, OPTIONS, '');
  binding.startCapture(last.pool, 1);
  binding.send(player, frame, ranges, 64);
  process.stdout.write(`${JSON.stringify({ seen })}\n`);
  process.exit(0);
}
