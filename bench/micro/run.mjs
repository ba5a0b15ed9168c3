// One function each, on real bytes: nanoseconds a call; then what a shard takes for the packets of one protocol. `npm run
// bench:micro`.
import { Bench } from 'tinybench';
import { JsonWriter } from '../../dist/activity/json-writer.js';
import { COLUMNS } from '../../dist/activity/rows.js';
import { Speaker } from '../../dist/activity/speaker.js';
import { openCapture } from '../../dist/capture/open.js';
import { Packet } from '../../dist/ip/packet.js';
import { say as sayDns } from '../../dist/protocols/dns/activities.js';
import { dns as dnsProtocol } from '../../dist/protocols/dns/index.js';
import { DnsMessage } from '../../dist/protocols/dns/wire.js';
import { KerberosMessage } from '../../dist/protocols/kerberos/wire.js';
import { LdapMessage } from '../../dist/protocols/ldap/wire.js';
import { growSparingly } from '../../dist/runtime/heap.js';
import { explainKerberos } from '../../dist/schemas/kerberos.js';
import { flowHash } from '../../dist/shard/flow-hash.js';
import { EVERYTHING, Gate } from '../../dist/shard/gate.js';
import { CounterBlocks } from '../../dist/slots/counters.js';
import { DEFAULT_SHAPE } from '../../dist/slots/layout.js';
import { allocateRing, Ring } from '../../dist/slots/ring.js';
import { FlowContext } from '../../dist/transport/flow-context.js';
import { Stream } from '../../dist/transport/stream.js';
import { counterMap, gateCounters } from '../../dist/worker/catalogue.js';
import { Shard } from '../../dist/worker/shard.js';

growSparingly();
const frames = await framesOf('kerberos-options');
const packet = new Packet();
const payloads = frames
  .filter((one) => packet.walk(one, 0, one.length, 1) === 0 && packet.end > packet.payload)
  .map((one) => {
    packet.walk(one, 0, one.length, 1);
    return {
      bytes: one,
      payload: packet.payload,
      end: packet.end,
      port: Math.min(packet.sourcePort, packet.destinationPort),
      protocol: packet.protocol,
    };
  });
const walked = frames.map((one) => {
  const its = new Packet();
  its.walk(one, 0, one.length, 1);
  return its;
});
const asReq = payloads.filter(
  ({ port, protocol, bytes: b, payload }) => port === 88 && b[payload + (protocol === 6 ? 4 : 0)] === 0x6a,
)[0];
const kerberosAt = asReq.payload + (asReq.protocol === 6 ? 4 : 0);
const dnsFrame = payloads.find(({ port, protocol }) => port === 53 && protocol === 17);
const kerberos = new KerberosMessage();
const dns = new DnsMessage();
const ldapMessage = await firstPayload('ldap-simple-bind', (port, b, at) => port === 389 && b[at] === 0x30);
const ldap = new LdapMessage();
const json = new JsonWriter();
const dnsActivity = activityOf(await firstPayload('dns-lookups', (port, b, at) => port === 53 && b[at + 7] > 1));
const nobody = { deliver: () => true, lose: () => true };
const inOrder = new Stream();
const reordered = new Stream();
const segment = new Uint8Array(1400);
let next = 0;
let early = 0;

const bench = new Bench({ time: 500 });
/** Calls between two looks at the clock, which takes 40 ns itself: as long as some of these functions or longer. */
const CALLS = 256;
let i = 0;
const each = (name, call) =>
  bench.add(name, () => {
    for (let n = 0; n < CALLS; n++) call();
  });
each('walk a packet’s headers', () => {
  const frame = frames[i++ % frames.length];
  return packet.walk(frame, 0, frame.length, 1);
});
each('hash a flow', () => flowHash(walked[i++ % walked.length]));
each('bind an AS-REQ (wire view)', () => kerberos.bind(asReq.bytes, kerberosAt, asReq.end));
each('the same AS-REQ through the schema', () => explainKerberos(asReq.bytes.subarray(kerberosAt, asReq.end)));
each('bind a DNS message', () => dns.bind(dnsFrame.bytes, dnsFrame.payload, dnsFrame.end));
each('bind an LDAP message', () => ldap.bind(ldapMessage.bytes, ldapMessage.payload, ldapMessage.end));
each('take a TCP segment in order', () => {
  inOrder.segment(next, segment, 0, segment.length, 0, nobody);
  next = (next + segment.length) >>> 0;
});
each('take two TCP segments, the second one first', () => {
  reordered.segment((early + segment.length) >>> 0, segment, 0, segment.length, 0, nobody);
  reordered.segment(early, segment, 0, segment.length, 0, nobody);
  early = (early + 2 * segment.length) >>> 0;
});
each('write a string of 24 characters as JSON', () => {
  json.at = 0;
  json.string('krbtgt/LAB.EXAMPLE@LAB.X');
});
each(`write a DNS activity, ${dnsActivity.bytes} bytes`, dnsActivity.write);
reordered.segment(early, segment, 0, 0, 0, nobody);
await bench.run();
for (const { name, result } of bench.tasks)
  console.log(`${name.padEnd(42)} ${((result.latency.p50 * 1e6) / CALLS).toFixed(0).padStart(9)} ns (median)`);

const LAB = ['dns-lookups', 'kerberos-options', 'ldap-simple-bind', 'ldap-sasl', 'smb-ntlm-ok', 'samr-enum', 'ldap-tls', 'rdp'];
const shards = new Bench({ time: 500 });
const sizes = new Map();
for (const name of LAB) {
  const { read, packets, activities } = await shardOn(name);
  sizes.set(name, { packets, activities });
  shards.add(name, read);
}
await shards.run();
console.log('\nA shard on a lab capture: flows, reassembly, decoding, lines'.padEnd(43), '   ns a packet   µs an activity');
for (const { name, result } of shards.tasks) {
  const { packets, activities } = sizes.get(name);
  const nanoseconds = result.latency.p50 * 1e6;
  const ofOne = activities === 0 ? '-' : (nanoseconds / 1000 / activities).toFixed(1);
  console.log(`${name.padEnd(42)} ${(nanoseconds / packets).toFixed(0).padStart(14)} ${ofOne.padStart(16)}`);
}

/** Writes the line of a DNS answer's activity, all fields, into the same memory again and again. */
function activityOf({ bytes, payload, end }) {
  const answer = new DnsMessage();
  answer.bind(bytes, payload, end);
  const { id, opcode, qname, qtype, qclass, flags } = answer;
  const silent = { message() {}, activity() {}, refused() {} };
  const speaker = new Speaker(() => context, 'bench', new Uint8Array(16), silent);
  const context = new FlowContext(silent, speaker.claims);
  context.activities = speaker.activities;
  context.addresses.set([10, 77, 0, 101], 0);
  context.addresses.set([10, 77, 0, 10], 16);
  Object.assign(context, { transport: 'udp', originatorPort: 50_000, responderPort: 53, serverPort: 53, seconds: 1_700_000_000 });
  const asked = { seconds: 1_700_000_000, nanoseconds: 1_000, direction: 0, changes: null, prerequisites: 0, signedBy: '' };
  const counted = { edns: 0, retransmissions: 0, messages: 0, records: 0, soas: 0 };
  const query = { id, opcode, qname, qtype, qclass, flags, frame: 1, ...asked, ...counted };
  const lines = new Uint8Array(new SharedArrayBuffer(1 << 20));
  const rows = new Float64Array(new SharedArrayBuffer(1 << 20));
  const write = () => {
    // Each packet another one, as in a capture: nothing but what a shard keeps is kept.
    context.frame = context.order = context.frame + 2;
    context.nanoseconds = (context.frame * 1_000) % 1_000_000_000;
    context.flow++;
    if (speaker.json.at > (1 << 20) - 4096 || speaker.rows.count > 5_000) speaker.into(lines, rows);
    sayDns(speaker.activities, dnsProtocol.activities[0], query, answer, null, context);
  };
  speaker.into(lines, rows);
  write();
  return { write, bytes: speaker.json.at };
}

/** A capture's first TCP or UDP payload that is wanted. */
async function firstPayload(name, isWanted) {
  for (const one of await framesOf(name)) {
    if (packet.walk(one, 0, one.length, 1) !== 0 || packet.end === packet.payload) continue;
    const port = Math.min(packet.sourcePort, packet.destinationPort);
    if (isWanted(port, one, packet.payload)) return { bytes: one, payload: packet.payload, end: packet.end };
  }
  throw new Error(`${name}: no such payload`);
}

async function framesOf(name) {
  const found = [];
  const into = new Uint8Array(1 << 20);
  const from = await openCapture([new URL(`../../fixtures/lab/${name}.pcap`, import.meta.url).pathname]);
  const add = (offset, caplen) => found.push(into.slice(offset, offset + caplen)) > 0;
  while (await from.fill({ bytes: into, capacity: into.length, add }));
  await from.close();
  return found;
}

/** A shard that reads a whole capture out of one slot, again and again: the slot is the last, so that each time all flows end. */
async function shardOn(name) {
  const shape = { ...DEFAULT_SHAPE, slots: 1, shards: 1, slotBytes: 1 << 24 };
  const slot = new Ring(allocateRing(shape)).slot(0);
  const counters = new CounterBlocks(counterMap, 2);
  const gate = new Gate(shape, EVERYTHING, null, gateCounters(counters.block(0)));
  const from = await openCapture([new URL(`../../fixtures/lab/${name}.pcap`, import.meta.url).pathname]);
  gate.begin(slot);
  while (await from.fill(gate));
  await from.close();
  gate.end(true);
  const settings = {
    shard: 0,
    shards: 1,
    messages: false,
    activities: true,
    sensor: 'bench',
    runKey: new Uint8Array(16),
    limits: {},
  };
  const shard = new Shard(settings, counters.block(1));
  const read = () => shard.read(slot, 0, gate.frame);
  return { read, packets: gate.frame, activities: read().rows.length / COLUMNS };
}
