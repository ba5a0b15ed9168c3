// What a packet costs as flows grow from a thousand to a million at once, on one shard's flow table with real packets, and what
// memory the flows take. `npm run bench:flows`. Each size runs in a process of its own; sizes take turns. Medians.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Packet } from '../../dist/ip/packet.js';
import { configureLimits } from '../../dist/protocols/limits.js';
import { protocols } from '../../dist/protocols/registry.js';
import { flowHash } from '../../dist/shard/flow-hash.js';
import { PARTITIONS } from '../../dist/slots/layout.js';
import { Dispatcher } from '../../dist/transport/dispatch.js';
import { FlowContext } from '../../dist/transport/flow-context.js';
import { Flows } from '../../dist/transport/flows.js';
import { count, median } from '../measure.mjs';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const PACKETS = 3_000_000;
const ROUNDS = 5;
const LINKTYPE_RAW = 101;
const IPV4 = 20;
const TCP = 20;
const SYN = 0x02;
const ACK = 0x10;
/** Flows are visited in an order that no cache can foresee: steps of a prime that divides no size. */
const STEP = 7_368_787;

/** Nanoseconds to open a flow, for an acknowledgment, and for data that no decoder wants; bytes of memory a flow. */
function cost(flowsAtOnce) {
  configureLimits({ 'flow.flows': 4 * SIZES.at(-1) });
  const context = new FlowContext({ refused: () => undefined }, { sender: () => undefined, address: () => undefined });
  const flows = new Flows(context, new Dispatcher(protocols));
  const packet = new Packet();
  const bytes = Buffer.alloc(IPV4 + TCP + 32, 0x2e);
  bytes.writeUInt8(0x45, 0);
  bytes.writeUInt16BE(0, 6);
  bytes.writeUInt8(6, 9);
  bytes.writeUInt8(5 << 4, IPV4 + 12);
  const send = (flow, flags, payload) => {
    bytes.writeUInt16BE(IPV4 + TCP + payload, 2);
    bytes.writeUInt32BE(0x0a000000 + (flow >>> 4), 12);
    bytes.writeUInt32BE(0xc0a80001, 16);
    bytes.writeUInt16BE(40_000 + (flow & 15), IPV4);
    bytes.writeUInt16BE(7_777, IPV4 + 2);
    bytes.writeUInt8(flags, IPV4 + 13);
    packet.walk(bytes, 0, IPV4 + TCP + payload, LINKTYPE_RAW);
    const hash = flowHash(packet);
    flows.packet(packet, hash, hash % PARTITIONS);
  };
  const timed = (packets, flags, payload) => {
    const began = process.cpuUsage();
    for (let i = 0, flow = 0; i < packets; i++) {
      flow = (flow + STEP) % flowsAtOnce;
      send(flow, flags, payload);
    }
    const { user, system } = process.cpuUsage(began);
    return ((user + system) * 1000) / packets;
  };
  context.seconds = 1_700_000_000;
  const before = process.memoryUsage().rss;
  const open = timed(flowsAtOnce, SYN, 0);
  const memory = (process.memoryUsage().rss - before) / flowsAtOnce;
  // Data that nobody knows is looked at so often and then no more.
  timed(10 * flowsAtOnce, ACK, 32);
  timed(PACKETS, ACK, 0);
  return { open, ack: timed(PACKETS, ACK, 0), data: timed(PACKETS, ACK, 32), memory };
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
