// The contract of src/capture/live/backend.ts, held by both backends: what one fails here, the other may not promise.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  type CaptureBackend,
  type CapturePool,
  READY_BYTES,
  READY_CAPTURE,
  READY_PACKETS,
  READY_SLOT,
} from '../../src/capture/live/backend.ts';
import { loadCap } from '../../src/capture/live/cap.ts';
import { chooseBackend } from '../../src/capture/live/choose.ts';
import { recordSize } from '../../src/capture/live/records.ts';
import { adapterCount, ip, Wire } from './support/net.ts';
import { Player, play } from './support/sensor.ts';

const SHAPE = { stride: 1 << 18, slots: 4, slotBytes: 1 << 17, slotPackets: 256 };
const SETTINGS = {
  snaplen: 65_535,
  promiscuous: true,
  timeoutMs: 10,
  // In cap's immediate mode the kernel gives each packet the room of the longest: this holds a thousand.
  bufferBytes: 1 << 27,
  drainMs: 1000,
  filter: '',
};
const FILE = 'fixtures/lab/first-look.pcap';

/** Frames of a classic pcap file of this machine's byte order, as the format says (not by our reader). */
function framesOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4);
  const frames: Buffer[] = [];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8))
    frames.push(bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8)));
  return frames;
}

interface Seen {
  readonly capture: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly wirelen: number;
  readonly bytes: Buffer;
}

/** A pool whose slots are emptied as they come, unless it is told to hold them. */
class Reader {
  readonly seen: Seen[] = [];
  readonly held: number[] = [];
  /** Packets of each slot that was handed over. */
  readonly handed: number[] = [];
  isHolding = false;
  wakes = 0;
  readonly #memory = new Uint8Array(new SharedArrayBuffer(SHAPE.stride * SHAPE.slots));
  readonly #ready = new Uint32Array(4);
  readonly pool: CapturePool;

  constructor(backend: CaptureBackend) {
    this.pool = backend.pool(this.#memory, SHAPE, () => {
      this.wakes++;
      this.take();
    });
    for (let slot = 0; slot < SHAPE.slots; slot++) this.pool.give(slot);
  }

  take(): void {
    const ready = this.#ready;
    while (this.pool.take(ready)) {
      const slot = ready[READY_SLOT]!;
      this.handed.push(ready[READY_PACKETS]!);
      const view = new DataView(this.#memory.buffer, slot * SHAPE.stride, SHAPE.slotBytes);
      let at = 0;
      for (let packet = 0; packet < ready[READY_PACKETS]!; packet++) {
        const caplen = view.getUint32(at + 8, true);
        this.seen.push({
          capture: ready[READY_CAPTURE]!,
          seconds: view.getUint32(at, true),
          nanoseconds: view.getUint32(at + 4, true),
          wirelen: view.getUint32(at + 12, true),
          bytes: Buffer.from(new Uint8Array(this.#memory.buffer, slot * SHAPE.stride + at + 16, caplen)),
        });
        at += recordSize(caplen);
      }
      expect(at).toBe(ready[READY_BYTES]);
      if (this.isHolding) this.held.push(slot);
      else this.pool.give(slot);
    }
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`nothing came of ${condition}: ${this.seen.length} packets seen`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  [Symbol.dispose](): void {
    this.pool.close();
  }
}

const backends: readonly (readonly [string, () => CaptureBackend])[] = [
  ['native', () => chooseBackend('native').backend],
  [
    'cap',
    () => {
      const backend = loadCap();
      if (backend === null) throw new Error('the package cap is not built: npm rebuild cap, with libpcap-dev');
      return backend;
    },
  ],
];

for (const [name, make] of backends) {
  it(`${name}: lists adapters with their addresses`, () => {
    using wire = new Wire();
    ip('addr', 'add', '192.0.2.7/24', 'dev', wire.tap);
    const device = make()
      .devices()
      .find((one) => one.name === wire.tap);
    expect(device?.addresses.map(({ address }) => address)).toContain('192.0.2.7');
    expect(device?.isLoopback).toBe(false);
    expect(
      make()
        .devices()
        .find((one) => one.name === 'lo')?.isLoopback,
    ).toBe(true);
  });

  it(`${name}: ends a capture that is told to stop before it starts, and does not start it any more`, () => {
    using wire = new Wire();
    using reader = new Reader(make());
    reader.pool.open(0, wire.tap, SETTINGS);
    reader.pool.stop(0);
    expect(reader.pool.stats(0)).toMatchObject({ state: 'ended', delivered: 0 });
    expect(() => reader.pool.start(0)).toThrow('cannot be started');
    expect(reader.pool.closeCapture(0).state).toBe('ended');
  });

  it(`${name}: delivers each packet once, in order, byte for byte`, async () => {
    using wire = new Wire();
    using reader = new Reader(make());
    const before = Date.now() / 1000;
    const info = reader.pool.open(3, wire.tap, SETTINGS);
    expect(info).toMatchObject({ linktype: 1, snaplen: 65_535 });
    reader.pool.start(3);
    const frames = framesOf(FILE);
    expect(await play(FILE, wire.far, '--rate', '2000')).toBe(frames.length);
    await reader.until(() => reader.seen.length >= frames.length);
    reader.pool.stop(3);
    await reader.until(() => reader.pool.stats(3).state === 'ended');
    reader.take();
    expect(reader.seen.length).toBe(frames.length);
    for (const [index, frame] of frames.entries()) {
      const seen = reader.seen[index]!;
      expect(seen.bytes.equals(frame)).toBe(true);
      expect(seen.wirelen).toBe(frame.length);
      expect(seen.capture).toBe(3);
      expect(seen.seconds).toBeGreaterThanOrEqual(Math.floor(before));
      expect(seen.seconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
      expect(seen.nanoseconds).toBeLessThan(1e9);
    }
    const stats = reader.pool.stats(3);
    expect(stats).toMatchObject({ received: frames.length, delivered: frames.length, noSlot: 0, tooLong: 0, error: '' });
    if (name === 'native') expect(stats).toMatchObject({ kernelReceived: frames.length, kernelDropped: 0, left: 0 });
    else expect(stats.kernelDropped).toBeNaN();
    // Once a batch, not once a packet.
    expect(reader.wakes).toBeLessThan(frames.length / 2);
  });

  it(`${name}: cuts at the snaplen and filters in the kernel`, async () => {
    using wire = new Wire();
    using reader = new Reader(make());
    reader.pool.open(0, wire.tap, { ...SETTINGS, snaplen: 256, filter: 'tcp port 389' });
    reader.pool.start(0);
    await play(FILE, wire.far, '--rate', '2000');
    // tcpdump is the judge of what the filter lets through.
    const passed = execFileSync('tcpdump', ['-r', FILE, '-w', '-', 'tcp port 389'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let expected = 0;
    for (let at = 24; at < passed.length; at += 16 + passed.readUInt32LE(at + 8)) expected++;
    expect(expected).toBeGreaterThan(10);
    await reader.until(() => reader.seen.length >= expected);
    expect(reader.seen.length).toBe(expected);
    expect(Math.max(...reader.seen.map(({ bytes }) => bytes.length))).toBe(256);
  });

  it(`${name}: drops and counts when no slot is free, and goes on when there is`, async () => {
    using wire = new Wire();
    using reader = new Reader(make());
    reader.isHolding = true;
    reader.pool.open(0, wire.tap, SETTINGS);
    reader.pool.start(0);
    const sent = await play(FILE, wire.far, '--times', '20', '--rate', '20000');
    // cap does not know what the kernel dropped, so of it only what it received can be held to account.
    const isKnown = !Number.isNaN(reader.pool.stats(0).kernelDropped);
    const sum = (): number => {
      const { delivered, noSlot, kernelDropped, left } = reader.pool.stats(0);
      return delivered + noSlot + (isKnown ? kernelDropped + left : 0);
    };
    const isAll = (): boolean => (isKnown ? sum() >= sent : reader.pool.stats(0).noSlot > 0);
    await reader.until(() => reader.held.length === SHAPE.slots && isAll());
    const stats = reader.pool.stats(0);
    expect(stats.noSlot).toBeGreaterThan(0);
    if (isKnown) expect(sum()).toBe(sent);
    else expect(sum()).toBeLessThanOrEqual(sent);
    expect(stats.received).toBe(stats.delivered + stats.noSlot + stats.tooLong);
    reader.isHolding = false;
    const before = reader.seen.length;
    for (const slot of reader.held) reader.pool.give(slot);
    await play(FILE, wire.far, '--rate', '5000');
    await reader.until(() => reader.seen.length === before + framesOf(FILE).length);
  });

  it(`${name}: counts to the last packet when it is closed while more come`, async () => {
    using wire = new Wire();
    using reader = new Reader(make());
    reader.pool.open(0, wire.tap, SETTINGS);
    reader.pool.start(0);
    using player = new Player(FILE, wire.far, '--rate', '10000', '--seconds', '60');
    await reader.until(() => reader.seen.length > 1000);
    const { received, delivered, noSlot, tooLong } = reader.pool.closeCapture(0);
    reader.take();
    expect(delivered + noSlot + tooLong).toBe(received);
    expect(reader.seen.length).toBe(delivered);
    expect(player.isPlaying).toBe(true);
  });

  it(`${name}: says what is wrong with an adapter or a filter`, () => {
    using wire = new Wire();
    using reader = new Reader(make());
    expect(() => reader.pool.open(0, 'adtap-none', SETTINGS)).toThrow(/adtap-none/);
    expect(() => reader.pool.open(0, wire.tap, { ...SETTINGS, filter: 'tcp prot 389' })).toThrow(/tcp prot 389|syntax/);
    // The place is free after a failure.
    expect(reader.pool.open(0, wire.tap, SETTINGS).linktype).toBe(1);
  });

  it(`${name}: several captures share a pool`, async () => {
    using one = new Wire();
    using two = new Wire();
    using reader = new Reader(make());
    for (const [id, wire] of [one, two].entries()) {
      reader.pool.open(id, wire.tap, SETTINGS);
      reader.pool.start(id);
    }
    const [first, second] = await Promise.all([
      play(FILE, one.far, '--rate', '5000'),
      play(FILE, two.far, '--rate', '5000', '--times', '2'),
    ]);
    await reader.until(() => reader.seen.length === first + second);
    expect(reader.seen.filter(({ capture }) => capture === 0).length).toBe(first);
    expect(reader.seen.filter(({ capture }) => capture === 1).length).toBe(second);
    reader.pool.closeCapture(0);
    await play(FILE, two.far, '--rate', '5000');
    await reader.until(() => reader.seen.length === first + second + first);
  });
}

it('native: fills a slot for 10 ms or to its end before it hands it over, however often the kernel does', async () => {
  using wire = new Wire();
  using reader = new Reader(chooseBackend('native').backend);
  // Kernels that count in ticks make 4 or 10 ms of it: then this tells less, and holds.
  reader.pool.open(0, wire.tap, { ...SETTINGS, timeoutMs: 1 });
  const began = performance.now();
  reader.pool.start(0);
  const slow = await play(FILE, wire.far, '--times', '4', '--rate', '2000');
  await reader.until(() => reader.seen.length === slow);
  // Slots come one after the other, and the clock counts whole milliseconds: 10 of them may be 9 and a bit.
  expect(reader.handed.length).toBeLessThanOrEqual((performance.now() - began) / 9 + 1);
  // For two seconds one every 10 ms, or fewer where all is slow; one that is held until it is full would be the sixth.
  expect(reader.handed.length).toBeGreaterThan(20);
  await play(FILE, wire.far, '--times', '20');
  await reader.until(() => reader.handed.includes(SHAPE.slotPackets));
});

it('native: reads what the kernel holds when it is told to stop, and not what comes after', async () => {
  using wire = new Wire();
  using reader = new Reader(chooseBackend('native').backend);
  // Half a second in which the kernel holds what it has.
  reader.pool.open(0, wire.tap, { ...SETTINGS, timeoutMs: 500, drainMs: 60_000 });
  reader.pool.start(0);
  const held = await play(FILE, wire.far);
  using player = new Player(FILE, wire.far, '--rate', '5000', '--seconds', '60');
  reader.pool.stop(0);
  await reader.until(() => reader.pool.stats(0).state === 'ended');
  reader.take();
  const { received } = reader.pool.stats(0);
  expect(received).toBeGreaterThanOrEqual(held);
  expect(reader.seen.length).toBe(received);
  expect(player.isPlaying).toBe(true);
});

it('native: adapters that hear nothing keep no slot', async () => {
  using reader = new Reader(chooseBackend('native').backend);
  const idle = Array.from({ length: SHAPE.slots }, () => new Wire());
  using busy = new Wire();
  try {
    for (const [id, { tap }] of [...idle, busy].entries()) {
      reader.pool.open(id, tap, SETTINGS);
      reader.pool.start(id);
    }
    const sent = await play(FILE, busy.far, '--rate', '2000');
    await reader.until(() => reader.pool.stats(idle.length).received === sent);
    expect(reader.pool.stats(idle.length)).toMatchObject({ noSlot: 0 });
  } finally {
    for (const wire of idle) wire.remove();
  }
});

it('native: counts nothing of what came before its filter was there', async () => {
  using wire = new Wire();
  using reader = new Reader(chooseBackend('native').backend);
  using _player = new Player(FILE, wire.far, '--seconds', '60');
  const before = adapterCount(wire.far, 'tx_packets');
  await reader.until(() => adapterCount(wire.far, 'tx_packets') > before + 1000);
  // A filter of what is not there, which takes long to compile.
  const filter = Array.from({ length: 200 }, (_, port) => `udp port ${40_000 + 2 * port}`).join(' or ');
  reader.pool.open(0, wire.tap, { ...SETTINGS, drainMs: 60_000, filter });
  reader.pool.start(0);
  reader.pool.stop(0);
  await reader.until(() => reader.pool.stats(0).state === 'ended');
  expect(reader.pool.stats(0)).toMatchObject({ received: 0, left: 0 });
});

it('native: on loopback, where the kernel counts each packet twice, does not call half of them left', async () => {
  ip('link', 'set', 'lo', 'up');
  using reader = new Reader(chooseBackend('native').backend);
  reader.pool.open(0, 'lo', { ...SETTINGS, filter: 'udp port 9' });
  reader.pool.start(0);
  const socket = createSocket('udp4');
  for (let i = 0; i < 50; i++) await new Promise((resolve) => socket.send('x', 9, '127.0.0.1', resolve));
  socket.close();
  await reader.until(() => reader.seen.length === 50);
  reader.pool.stop(0);
  await reader.until(() => reader.pool.stats(0).state === 'ended');
  expect(reader.pool.stats(0)).toMatchObject({ received: 50, delivered: 50, left: Number.NaN });
});

it('native: a capture whose adapter goes away ends with the reason', async () => {
  using wire = new Wire();
  using reader = new Reader(chooseBackend('native').backend);
  reader.pool.open(0, wire.tap, SETTINGS);
  reader.pool.start(0);
  wire.remove();
  await reader.until(() => reader.pool.stats(0).state === 'failed');
  expect(reader.pool.stats(0).error).not.toBe('');
});
