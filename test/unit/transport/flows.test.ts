// Where flows begin and end, with one protocol that notes what it is given: RFC 9293 3.5.2 (resets), 3.6 (both sides close).
import { afterEach, expect, it } from 'vitest';
import { Packet } from '../../../src/ip/packet.ts';
import { TCP_OR_UDP } from '../../../src/ip/verdict.ts';
import type { Context, Protocol } from '../../../src/protocols/contract.ts';
import { configureLimits, limits } from '../../../src/protocols/limits.ts';
import { flowHash } from '../../../src/shard/flow-hash.ts';
import { PARTITIONS } from '../../../src/slots/layout.ts';
import { Dispatcher } from '../../../src/transport/dispatch.ts';
import { FlowContext } from '../../../src/transport/flow-context.ts';
import { Flows } from '../../../src/transport/flows.ts';
import { ipv4, RAW, tcp, udp } from '../ip/build.ts';

afterEach(() => configureLimits({}));

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
const CLIENT = [10, 0, 0, 1];
const SERVER = [10, 0, 0, 2];
const PORT = 7777;

function rig() {
  const log: string[] = [];
  const nobody = { sender: () => undefined, address: () => undefined, end: () => undefined };
  const context = new FlowContext({ refused: () => undefined }, nobody);
  const protocol: Protocol = {
    name: 'test',
    ports: ['tcp' as const, 'udp' as const].map((transport) => ({ transport, port: PORT })),
    worth: 0,
    limits: [],
    messages: {},
    details: {},
    activities: [],
    // What begins with ? is of nobody, what begins with . may be.
    probe(bytes: Uint8Array, start: number) {
      log.push('probe');
      return bytes[start] === 0x3f ? 'no' : bytes[start] === 0x2e ? 'more' : 'yes';
    },
    open: () => ({
      want: () => 1,
      data(bytes: Uint8Array, start: number, end: number, { direction }: Context) {
        log.push(`${direction} ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`);
        return end - start;
      },
      gap: () => true,
      close: () => log.push('close'),
    }),
  } as unknown as Protocol;
  const flows = new Flows(context, new Dispatcher([protocol]));
  const sent = { client: 1000, server: 5000 };
  const walk = (bytes: Uint8Array): void => {
    const packet = new Packet();
    expect(packet.walk(bytes, 0, bytes.length, RAW)).toBe(TCP_OR_UDP);
    context.frame++;
    context.seconds ||= 1_700_000_000;
    const hash = flowHash(packet);
    flows.packet(packet, hash, hash % PARTITIONS);
  };
  /** A segment of one side, in order. */
  const segment = (side: 'client' | 'server', flags: number, text = ''): void => {
    const isClient = side === 'client';
    const ports = isClient ? { source: 40_000, destination: PORT } : { source: PORT, destination: 40_000 };
    const bytes = tcp(Buffer.from(text), { ...ports, flags });
    new DataView(bytes.buffer).setUint32(4, sent[side]);
    new DataView(bytes.buffer).setUint32(8, sent[isClient ? 'server' : 'client']);
    sent[side] += text.length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
    const [source, destination] = isClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
    walk(ipv4(bytes, { protocol: 6, source, destination }));
  };
  const connect = (): void => {
    segment('client', SYN);
    segment('server', SYN | ACK);
    segment('client', ACK);
  };
  return { log, flows, walk, segment, connect, sent };
}

it.each(['client', 'server'] as const)('ends a flow at a reset of the %s, and begins the next at its SYN', (side) => {
  const { log, segment, connect, sent } = rig();
  connect();
  segment('client', ACK, 'ask');
  segment('server', ACK, 'answer');
  expect(log).toEqual(['probe', '0 ask', '1 answer']);
  segment(side, RST | ACK);
  expect(log.slice(3)).toEqual(['close']);
  sent.client += 100_000;
  connect();
  segment('client', ACK, 'again');
  expect(log.slice(4)).toEqual(['probe', '0 again']);
});

it('ends a flow when both sides have closed, and reads what one says after the other', () => {
  const { log, segment, connect } = rig();
  connect();
  segment('client', ACK, 'ask');
  segment('client', FIN | ACK);
  segment('server', ACK, 'answer');
  expect(log).toEqual(['probe', '0 ask', '1 answer']);
  segment('server', FIN | ACK);
  expect(log.slice(3)).toEqual(['close']);
});

it('reads first what one side said before the other showed whose the flow is', () => {
  const { log, segment, connect } = rig();
  connect();
  segment('client', ACK, '.ask');
  segment('client', ACK, ' more');
  expect(log).toEqual(['probe', 'probe']);
  segment('server', ACK, 'answer');
  segment('client', ACK, 'again');
  expect(log.slice(2)).toEqual(['probe', '0 .ask more', '1 answer', '0 again']);
});

it('looks at a flow that nobody knows as often as the limit says, and counts that once', () => {
  configureLimits({ 'flow.probes': 3 });
  const limit = limits().find(({ key }) => key === 'flow.probes')!;
  const before = limit.hits;
  const overTcp = rig();
  overTcp.connect();
  // No piece shows who speaks; a decoder that comes too late is not asked any more.
  for (let i = 0; i < 6; i++) overTcp.segment('client', ACK, `?${'x'.repeat(5000)}`);
  overTcp.segment('server', ACK, 'known');
  expect(limit.hits - before).toBe(1);
  const overUdp = rig();
  for (let i = 0; i < 6; i++) overUdp.walk(ipv4(udp(Buffer.from(`?${i}`), { destination: PORT })));
  overUdp.walk(ipv4(udp(Buffer.from('known'), { destination: PORT })));
  expect(overUdp.log).toEqual(['probe', 'probe', 'probe']);
  expect(limit.hits - before).toBe(2);
  expect(overTcp.log).toEqual(['probe', 'probe', 'probe']);
});
