// A sensor's pipeline with workers that crash: replaced, what is lost counted to the packet, and a crash loop ends the run.
import { afterEach, describe, expect, it } from 'vitest';
import { account } from '../../dist/runtime/accounting.js';
import { LivePipeline } from '../../dist/runtime/live/pipeline.js';
import { device, FakeBackend, type FakePacket, type FakePool } from '../support/fake-backend.ts';
import { fixture } from '../support/fixtures.ts';
import { readAll } from '../unit/capture/build.ts';
import { ipv4, join, udp } from '../unit/ip/build.ts';

const SLOTS = 8;
const THROW = 1;
const EXIT = 2;
const STALL = 3;

interface Crash {
  readonly shard: number;
  readonly reason: string;
  readonly packets: number;
  readonly flows: number;
}
interface Run {
  readonly pipeline: LivePipeline;
  readonly pool: FakePool;
  readonly crashes: Crash[];
  lines: number;
}

const open: LivePipeline[] = [];
afterEach(async () => {
  for (const pipeline of open.splice(0)) await pipeline.close();
});

function start(crashesPerMinute: number): Run {
  const backend = new FakeBackend();
  const crashes: Crash[] = [];
  const run = { lines: 0 };
  const pipeline = new LivePipeline(
    backend,
    {
      workers: 2,
      slots: SLOTS,
      messages: false,
      activities: true,
      sensor: 'test',
      limits: {},
      watch: null,
      supervision: {
        crashesPerMinute,
        heapMegabytes: 256,
        entry: new URL('../support/faulty-worker.mjs', import.meta.url),
        crashed: (shard, reason, packets, flows) => void crashes.push({ shard, reason, packets, flows }),
      },
    },
    {
      claim: () => undefined,
      line: () => {
        run.lines++;
      },
    },
  );
  open.push(pipeline);
  const pool = backend.made as FakePool;
  backend.present = [device('eth0')];
  pool.open(0, 'eth0', { snaplen: 65_535, promiscuous: true, timeoutMs: 1, bufferBytes: 1, drainMs: 1, filter: '' });
  pipeline.setLinktype(0, 1);
  pipeline.start();
  return Object.assign(run, { pipeline, pool, crashes });
}

/** A packet that the faulty worker fails on when it is the first of a slot. */
const mark = (how: number): FakePacket => ({
  bytes: join(
    Uint8Array.from([...new Array<number>(12).fill(2), 8, 0]),
    ipv4(udp(Uint8Array.from([how]), { source: 40_000, destination: 666 })),
  ),
  seconds: 1,
  nanoseconds: 0,
});

async function packetsOf(name: string): Promise<FakePacket[]> {
  const { seen } = await readAll([fixture(name)]);
  return seen.map(({ hex, seconds, nanoseconds }) => ({ bytes: Buffer.from(hex, 'hex'), seconds, nanoseconds }));
}

/** Hands packets over a slot at a time, waiting for free ones; before those in `marked` comes a mark. */
async function feed(
  run: Run,
  packets: readonly FakePacket[],
  size: number,
  marked: ReadonlyMap<number, number>,
): Promise<number> {
  let sent = 0;
  for (let at = 0, slot = 0; at < packets.length; at += size, slot++) {
    await expect.poll(() => run.pool.freeSlots, { interval: 2, timeout: 20_000 }).toBeGreaterThan(0);
    const how = marked.get(slot);
    const some = [...(how === undefined ? [] : [mark(how)]), ...packets.slice(at, at + size)];
    sent += some.length;
    run.pool.carry(0, some);
  }
  return sent;
}

describe('a worker that crashes', () => {
  it('is replaced, and every packet is accounted for', async () => {
    const run = start(5);
    const packets = await packetsOf('lab/first-look.pcap');
    const size = Math.ceil(packets.length / 20);
    const sent = await feed(
      run,
      packets,
      size,
      new Map([
        [6, THROW],
        [12, EXIT],
      ]),
    );
    await run.pipeline.finish(20_000);
    const { crashes, pipeline } = run;
    expect(crashes.map(({ shard }) => shard)).toEqual([0, 0]);
    expect(crashes[0]?.reason).toMatch(/^Error: a defect of the decoder/);
    // The second says its own reason, not the first one's.
    expect(crashes[1]?.reason).not.toContain('defect');
    const accounting = account(pipeline.gate, pipeline.counters);
    expect(accounting.packets).toBe(sent);
    expect(accounting.decoded + accounting.ignored + accounting.dropped).toBe(sent);
    const lost = accounting.ends.find(({ reason }) => reason === 'worker-lost')?.packets;
    expect(lost).toBe(crashes.reduce((sum, one) => sum + one.packets, 0));
    // What lay in two slots for one of two shards; no more.
    for (const crash of crashes) {
      expect(crash.packets).toBeGreaterThan(0);
      expect(crash.packets).toBeLessThanOrEqual(size + 1);
      expect(crash.flows).toBeGreaterThan(0);
    }
    expect(run.lines).toBeGreaterThan(50);
  });

  it('loses nothing of the other shard, nor of what comes later', async () => {
    const whole = start(5);
    const packets = await packetsOf('lab/first-look.pcap');
    await feed(whole, packets, packets.length >> 1, new Map());
    await whole.pipeline.finish(20_000);
    const hurt = start(5);
    // It crashes on a slot of its own, before all others: only the mark is lost.
    await feed(hurt, packets.slice(0, 1), 1, new Map([[0, EXIT]]));
    await feed(hurt, packets.slice(1), packets.length >> 1, new Map());
    await hurt.pipeline.finish(20_000);
    expect(hurt.crashes.length).toBe(1);
    expect(hurt.lines).toBeGreaterThanOrEqual(whole.lines - 1);
    expect(whole.crashes).toEqual([]);
  });

  it('on the last slot of all does not keep the sensor from ending', async () => {
    const run = start(5);
    const packets = await packetsOf('lab/cldap-ping.pcap');
    const sent = await feed(run, packets, packets.length, new Map());
    const { shape, data } = run.pipeline.shards.memory;
    // The slot of the main thread's own, behind those that capture fills, ends the run.
    const stride = data.byteLength / shape.slots;
    new Uint8Array(data, SLOTS * stride).set(mark(EXIT).bytes);
    await run.pipeline.finish(20_000);
    expect(run.crashes.length).toBe(1);
    expect(account(run.pipeline.gate, run.pipeline.counters).packets).toBe(sent);
  });

  it('or hangs, and the time to end is over: what was not read is counted, and what nobody took', async () => {
    const run = start(5);
    const packets = await packetsOf('lab/first-look.pcap');
    const size = Math.ceil(packets.length / SLOTS);
    // All slots there are, the third with the mark; then one more, which is taken by nobody.
    const sent = await feed(run, packets.slice(0, size * SLOTS), size, new Map([[2, STALL]]));
    // Time enough for the other worker to start on a busy machine and to free what it has read.
    await expect(run.pipeline.finish(5000)).rejects.toMatchObject({ code: 'ADTAP_E_DRAIN' });
    const freed = run.pool.freeSlots;
    expect(freed).toBeGreaterThan(0);
    const late = packets.slice(0, 7);
    const pump = run.pool.take.bind(run.pool);
    run.pool.take = () => false;
    run.pool.carry(0, late);
    run.pool.take = pump;
    await run.pipeline.close();
    const accounting = account(run.pipeline.gate, run.pipeline.counters);
    expect(accounting.packets).toBe(sent);
    expect(accounting.decoded + accounting.ignored + accounting.dropped).toBe(sent);
    expect(accounting.ends.find(({ reason }) => reason === 'not-read')?.packets).toBeGreaterThan(size);
    expect(run.pipeline.untaken).toBe(late.length);
  });

  it('again and again ends the run with one clear error', async () => {
    const run = start(2);
    const packets = await packetsOf('lab/cldap-ping.pcap');
    for (let crash = 1; crash <= 3; crash++) {
      run.pool.carry(0, [mark(THROW), ...packets]);
      await expect.poll(() => run.crashes.length, { interval: 2, timeout: 20_000 }).toBe(crash);
      if (crash < 3) run.pipeline.shards.check();
    }
    const failed = expect.objectContaining({
      code: 'ADTAP_E_WORKER',
      exitCode: 70,
      message: expect.stringMatching(
        /^workers crashed 3 times within a minute, the last time with: Error: a defect of the decoder/,
      ),
    });
    expect(() => run.pipeline.shards.check()).toThrow(failed);
    await expect(run.pipeline.finish(5000)).rejects.toEqual(failed);
  });
});
