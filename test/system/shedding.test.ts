// Shedding to spare the machine: whole flows and never halves, the least worth first, all counted, and said in the activities.
import { afterEach, describe, expect, it } from 'vitest';
import { account } from '../../dist/runtime/accounting.js';
import { LivePipeline } from '../../dist/runtime/live/pipeline.js';
import { SHED_ALL } from '../../dist/runtime/live/restraint.js';
import { END, START } from '../../src/activity/rows.ts';
import { Packet } from '../../src/ip/packet.ts';
import { TCP_OR_UDP } from '../../src/ip/verdict.ts';
import { protocols } from '../../src/protocols/registry.ts';
import { flowHash } from '../../src/shard/flow-hash.ts';
import { PARTITIONS } from '../../src/slots/layout.ts';
import { Dispatcher } from '../../src/transport/dispatch.ts';
import { DECODED_END, SHED } from '../../src/transport/ends.ts';
import { FlowContext } from '../../src/transport/flow-context.ts';
import { Flows } from '../../src/transport/flows.ts';
import { device, FakeBackend, type FakePacket, type FakePool } from '../support/fake-backend.ts';
import { captures, fixture } from '../support/fixtures.ts';
import { readAll } from '../unit/capture/build.ts';
import { ETHERNET } from '../unit/ip/build.ts';

const STEP = 64;
const hinted = (name: string): number[] =>
  protocols.flatMap((one) => (one.name === name ? one.ports.map(({ port }) => port) : []));

interface Sorted {
  /** Ends of the packets by flow: the two ends' addresses and ports, either way. */
  readonly flows: Map<string, { readonly ports: readonly number[]; readonly ends: number[] }>;
}

/** Runs captures through the flow table alone, with so much shed. */
async function run(names: readonly string[], shed: number | ((packet: number) => number)): Promise<Sorted> {
  const nobody = { sender: () => undefined, address: () => undefined, end: () => undefined };
  const flows = new Flows(new FlowContext({ refused: () => undefined }, nobody), new Dispatcher(protocols));
  const sorted: Sorted = { flows: new Map() };
  const packet = new Packet();
  let number = 0;
  for (const name of names) {
    const { seen } = await readAll([fixture(name)]);
    for (const { hex } of seen) {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      if (packet.walk(bytes, 0, bytes.length, ETHERNET) !== TCP_OR_UDP) continue;
      flows.shed = typeof shed === 'number' ? shed : shed(number++);
      const hash = flowHash(packet);
      const end = flows.packet(packet, hash, hash % PARTITIONS);
      const length = packet.version === 4 ? 4 : 16;
      const address = (at: number): string => Buffer.from(bytes.subarray(at, at + length)).toString('hex');
      const ends = [
        `${address(packet.source)}:${packet.sourcePort}`,
        `${address(packet.destination)}:${packet.destinationPort}`,
      ].sort();
      const key = `${packet.protocol} ${ends.join(' ')}`;
      const flow = sorted.flows.get(key) ?? { ports: [packet.sourcePort, packet.destinationPort], ends: [] };
      flow.ends.push(end);
      sorted.flows.set(key, flow);
    }
  }
  return sorted;
}

const lab = captures.filter((name) => /lab\/(first-look|smb|ldap|dns|kerberos)/.test(name));
const isShed = ({ ends }: { readonly ends: readonly number[] }): boolean => ends.includes(SHED);

describe('flows', () => {
  it('are shed whole or not at all, more of them the more is shed, and never one that was not shed with more', async () => {
    let before = new Set<string>();
    for (const shed of [0, STEP, 256, 256 + STEP, 512, 512 + STEP, SHED_ALL]) {
      const { flows } = await run(['lab/first-look.pcap'], shed);
      const now = new Set<string>();
      for (const [key, flow] of flows) {
        if (!isShed(flow)) continue;
        now.add(key);
        // Behind its last FIN or RST a flow is of no interest, shed or not.
        expect([key, flow.ends[0], flow.ends.includes(DECODED_END)]).toEqual([key, SHED, false]);
      }
      for (const key of before) expect(now.has(key)).toBe(true);
      if (shed === 0) expect(now.size).toBe(0);
      if (shed === SHED_ALL) expect(now.size).toBe(flows.size);
      before = now;
    }
  });

  it('of the least worth go first: multicast names, then files and DNS, then logons', async () => {
    const shares = async (shed: number): Promise<readonly number[]> => {
      const { flows } = await run([...lab, 'handmade/multicast-names.pcap'], shed);
      const share = (ports: readonly number[], least: number): number => {
        const some = [...flows.values()].filter((flow) => flow.ports.some((port) => ports.includes(port)));
        expect(some.length).toBeGreaterThanOrEqual(least);
        return some.filter(isShed).length / some.length;
      };
      return [share([5353, 5355], 2), share([53], 20), share([445], 10), share(hinted('kerberos'), 20), share([389], 10)];
    };
    expect(await shares(256)).toEqual([1, 0, 0, 0, 0]);
    expect(await shares(512)).toEqual([1, 1, 1, 0, 0]);
    expect(await shares(SHED_ALL)).toEqual([1, 1, 1, 1, 1]);
    const [, dns = 0, , none] = await shares(384);
    expect(Math.abs(dns - 0.5)).toBeLessThan(0.25);
    expect(none).toBe(0);
    const [, , , kerberos = 0] = await shares(640);
    expect(Math.abs(kerberos - 0.5)).toBeLessThan(0.25);
  });

  it('that are open stay when shedding begins, and shed ones stay shed when it ends', async () => {
    const begins = await run(['lab/first-look.pcap'], (packet) => (packet < 300 ? 0 : SHED_ALL));
    const ends = await run(['lab/first-look.pcap'], (packet) => (packet < 300 ? SHED_ALL : 0));
    const none = await run(['lab/first-look.pcap'], 0);
    let [kept, lost] = [0, 0];
    for (const [key, { ends: now }] of begins.flows) {
      // A flow is one thing or the other, but for ports that are used again.
      if (isShed({ ends: now }) && now[0] !== SHED) continue;
      if (now[0] !== SHED) {
        expect(now).toEqual(none.flows.get(key)?.ends);
        kept++;
      }
    }
    for (const { ends: now } of ends.flows.values()) if (now[0] === SHED && now.every((end) => end === SHED)) lost++;
    expect(kept).toBeGreaterThan(5);
    expect(lost).toBeGreaterThan(5);
  });
});

const open: LivePipeline[] = [];
afterEach(async () => {
  for (const pipeline of open.splice(0)) await pipeline.close();
});

describe('a sensor that sheds', () => {
  async function sensor(shed: number) {
    const backend = new FakeBackend();
    backend.present = [device('eth0')];
    const lines: { readonly protocol: string; readonly coverage: unknown }[] = [];
    const pipeline = new LivePipeline(
      backend,
      {
        workers: 2,
        slots: 8,
        messages: false,
        activities: true,
        sensor: 'test',
        limits: {},
        watch: null,
        supervision: { crashesPerMinute: 0, heapMegabytes: 256, crashed: () => undefined },
      },
      {
        claim: () => undefined,
        line(said, row) {
          const [start = 0, end = 0] = said.rows.slice(row + START, row + END + 1);
          const text = Buffer.from(said.lines.subarray(start, end)).toString('utf8');
          lines.push({ protocol: /"protocol":"([a-z]+)"/.exec(text)?.[1] ?? '', coverage: /"coverage":"partial"/.test(text) });
        },
      },
    );
    open.push(pipeline);
    const pool = backend.made as FakePool;
    pool.open(0, 'eth0', { snaplen: 65_535, promiscuous: true, timeoutMs: 1, bufferBytes: 1, drainMs: 1, filter: '' });
    pipeline.setLinktype(0, 1);
    pipeline.shards.ring.shed = shed;
    pipeline.start();
    const { seen } = await readAll([fixture('lab/first-look.pcap')]);
    const packets = seen.map(({ hex, ...times }): FakePacket => ({ bytes: Buffer.from(hex, 'hex'), ...times }));
    for (let at = 0; at < packets.length; at += 500) {
      await expect.poll(() => pool.freeSlots, { interval: 2, timeout: 20_000 }).toBeGreaterThan(0);
      pool.carry(0, packets.slice(at, at + 500));
    }
    await pipeline.finish(20_000);
    return { lines, accounting: account(pipeline.gate, pipeline.counters), packets: packets.length };
  }

  it('says so in every activity, counts every packet, and has nothing of what was shed', async () => {
    const whole = await sensor(0);
    const part = await sensor(512);
    for (const { lines, accounting, packets } of [whole, part]) {
      expect(accounting.packets).toBe(packets);
      expect(accounting.decoded + accounting.ignored + accounting.dropped).toBe(packets);
      expect(lines.length).toBeGreaterThan(10);
    }
    expect(whole.lines.some(({ coverage }) => coverage === true)).toBe(false);
    expect(part.lines.every(({ coverage }) => coverage === true)).toBe(true);
    const of = (lines: typeof whole.lines, protocol: string): number => lines.filter((line) => line.protocol === protocol).length;
    expect(of(whole.lines, 'dns')).toBeGreaterThan(5);
    expect(of(part.lines, 'dns')).toBe(0);
    // Of most worth: all of it is still there.
    expect(of(part.lines, 'kerberos')).toBe(of(whole.lines, 'kerberos'));
    expect(of(part.lines, 'kerberos')).toBeGreaterThan(5);
    const shed = part.accounting.ends.find(({ end, reason }) => end === 'dropped' && reason === 'shed')?.packets ?? 0;
    expect(shed).toBeGreaterThan(20);
    expect(part.accounting.flows['shed']).toBeGreaterThan(10);
  });
});
