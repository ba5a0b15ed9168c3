// What a packet costs as flows grow from a thousand to a million at once: the header walk, the flow's hash and one shard's flow
// table, a slot at a time as in a replay, and what memory the flows take. `npm run bench:flows`. Each size runs in a process of its
// own; sizes take turns. Medians.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { growSparingly } from '../../dist/runtime/heap.js';
import { EVERYTHING, Gate } from '../../dist/shard/gate.js';
import { CounterBlocks } from '../../dist/slots/counters.js';
import { DEFAULT_SHAPE } from '../../dist/slots/layout.js';
import { allocateRing, Ring } from '../../dist/slots/ring.js';
import { counterMap, gateCounters } from '../../dist/worker/catalogue.js';
import { Shard } from '../../dist/worker/shard.js';
import { count, median } from '../measure.mjs';

growSparingly();
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const PACKETS = 3_000_000;
const ROUNDS = 5;
/** Packets to each second of the capture's clock. */
const PACKETS_A_SECOND = 1_000_000;
const SLOT_PACKETS = 8192;
const LINKTYPE_RAW = 101;
const IPV4 = 20;
const TCP = 20;
const SYN = 0x02;
const ACK = 0x10;
/** Bytes from one packet to the next. */
const STRIDE = 96;
/** Flows are visited in an order that no cache can foresee: steps of a prime that divides no size. */
const STEP = 7_368_787;

/** Nanoseconds to open a flow, for an acknowledgment, and for data that no decoder wants; bytes of memory a flow. */
function cost(flowsAtOnce) {
  const shape = { ...DEFAULT_SHAPE, slots: 1, shards: 1 };
  const slot = new Ring(allocateRing(shape)).slot(0);
  const counters = new CounterBlocks(counterMap, 2);
  const gate = new Gate(shape, EVERYTHING, null, gateCounters(counters.block(0)));
  const settings = { shard: 0, shards: 1, messages: false, activities: true, sensor: 'bench', runKey: new Uint8Array(16) };
  const shard = new Shard({ ...settings, limits: { 'flow.flows': 4 * SIZES.at(-1) } }, counters.block(1));
  const bytes = Buffer.from(slot.bytes.buffer, slot.bytes.byteOffset, slot.bytes.length);
  let flow = 0;
  let sent = 0;
  const write = (at, flags, payload) => {
    flow = (flow + STEP) % flowsAtOnce;
    bytes.fill(0x2e, at, at + IPV4 + TCP + payload);
    bytes.writeUInt16BE(0x4500, at);
    bytes.writeUInt16BE(IPV4 + TCP + payload, at + 2);
    bytes.writeUInt32BE(0, at + 4);
    bytes.writeUInt16BE(0x4006, at + 8);
    bytes.writeUInt32BE(0x0a000000 + (flow >>> 4), at + 12);
    bytes.writeUInt32BE(0xc0a80001, at + 16);
    bytes.writeUInt16BE(40_000 + (flow & 15), at + IPV4);
    bytes.writeUInt16BE(7_777, at + IPV4 + 2);
    bytes.writeUInt16BE((5 << 12) | flags, at + IPV4 + 12);
  };
  const timed = (packets, flags, payload) => {
    const length = IPV4 + TCP + payload;
    let spent = 0;
    for (let left = packets; left > 0; left -= SLOT_PACKETS) {
      const now = Math.min(left, SLOT_PACKETS);
      for (let i = 0; i < now; i++) write(i * STRIDE, flags, payload);
      const began = process.hrtime.bigint();
      gate.begin(slot);
      for (let i = 0; i < now; i++, sent++)
        gate.add(i * STRIDE, length, length, 1_700_000_000 + Math.floor(sent / PACKETS_A_SECOND), 0, LINKTYPE_RAW);
      gate.end(false);
      shard.read(slot, 0, 0);
      spent += Number(process.hrtime.bigint() - began);
    }
    return spent / packets;
  };
  const before = process.memoryUsage().rss;
  const open = timed(flowsAtOnce, SYN, 0);
  const memory = (process.memoryUsage().rss - before) / flowsAtOnce;
  // Data that nobody knows is looked at so often and then no more.
  timed(10 * flowsAtOnce, ACK, 32);
  timed(PACKETS, ACK, 0);
  const ack = timed(PACKETS, ACK, 0);
  const data = timed(PACKETS, ACK, 32);
  const active = counters.block(1)[counterMap.offset('adtap_active_flows')];
  if (active !== flowsAtOnce) throw new Error(`${active} flows instead of ${flowsAtOnce}`);
  return { open, ack, data, memory };
}

const [only] = process.argv.slice(2);
if (only !== undefined) console.log(JSON.stringify(cost(Number(only))));
else {
  const measured = SIZES.map(() => []);
  for (let round = 0; round < ROUNDS; round++)
    SIZES.forEach((size, index) => {
      const said = execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(size)], { encoding: 'utf8' });
      measured[index].push(JSON.parse(said));
    });
  console.log('| flows at once | open a flow, ns | acknowledgment, ns | data nobody wants, ns | bytes a flow |');
  console.log('| --- | --- | --- | --- | --- |');
  SIZES.forEach((size, index) => {
    const figure = (name) => count(median(measured[index].map((one) => one[name])));
    // With few flows, opening them is the JIT's warm-up and memory is the process's own.
    const own = size < 100_000 ? ['-', '-'] : [figure('open'), figure('memory')];
    console.log(`| ${count(size)} | ${own[0]} | ${figure('ack')} | ${figure('data')} | ${own[1]} |`);
  });
}
