// One function each, on real bytes: nanoseconds a call. `npm run bench:micro`.
import { Bench } from 'tinybench';
import { JsonWriter } from '../../dist/activity/json-writer.js';
import { openCapture } from '../../dist/capture/open.js';
import { Packet } from '../../dist/ip/packet.js';
import { DnsMessage } from '../../dist/protocols/dns/wire.js';
import { KerberosMessage } from '../../dist/protocols/kerberos/wire.js';
import { explainKerberos } from '../../dist/schemas/kerberos.js';
import { flowHash } from '../../dist/shard/flow-hash.js';

const frames = [];
const source = await openCapture([new URL('../../fixtures/lab/kerberos-options.pcap', import.meta.url).pathname]);
const bytes = new Uint8Array(1 << 20);
while (
  await source.fill({
    bytes,
    capacity: bytes.length,
    add: (offset, caplen) => frames.push(bytes.slice(offset, offset + caplen)) > 0,
  })
);
await source.close();
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
const asReq = payloads.filter(
  ({ port, protocol, bytes: b, payload }) => port === 88 && b[payload + (protocol === 6 ? 4 : 0)] === 0x6a,
)[0];
const kerberosAt = asReq.payload + (asReq.protocol === 6 ? 4 : 0);
const dnsFrame = payloads.find(({ port, protocol }) => port === 53 && protocol === 17);
const kerberos = new KerberosMessage();
const dns = new DnsMessage();
const json = new JsonWriter();

const bench = new Bench({ time: 500 });
let i = 0;
bench
  .add('walk a packet’s headers', () => {
    const frame = frames[i++ % frames.length];
    packet.walk(frame, 0, frame.length, 1);
  })
  .add('hash a flow', () => flowHash(packet))
  .add('bind an AS-REQ (wire view)', () => kerberos.bind(asReq.bytes, kerberosAt, asReq.end))
  .add('the same AS-REQ through the schema', () => explainKerberos(asReq.bytes.subarray(kerberosAt, asReq.end)))
  .add('bind a DNS message', () => dns.bind(dnsFrame.bytes, dnsFrame.payload, dnsFrame.end))
  .add('write a string of 24 characters as JSON', () => {
    json.at = 0;
    json.string('krbtgt/LAB.EXAMPLE@LAB.X');
  });
await bench.run();
for (const { name, result } of bench.tasks)
  console.log(`${name.padEnd(42)} ${(result.latency.p50 * 1e6).toFixed(0).padStart(9)} ns (median)`);
