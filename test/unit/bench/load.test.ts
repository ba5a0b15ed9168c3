// Loads: what they send again and again, when, between which addresses, and what they drop.
import { describe, expect, it } from 'vitest';
import { type Load, ManyFlowsLoad, RepeatedLoad } from '../../../src/bench/load.ts';
import { longestFlow, type PacketStore, readStore } from '../../../src/bench/packet-store.ts';
import { openCapture } from '../../../src/capture/open.ts';
import type { SlotWriter } from '../../../src/capture/source.ts';
import { Packet } from '../../../src/ip/packet.ts';
import { TCP_OR_UDP } from '../../../src/ip/verdict.ts';
import { fixture } from '../../support/fixtures.ts';
import { ethernet, ipv4, ipv6, udp } from '../ip/build.ts';

const SLOT_BYTES = 1 << 16;

interface Sent {
  readonly bytes: Buffer;
  readonly time: number;
}

class TestSlot implements SlotWriter {
  readonly bytes = new Uint8Array(SLOT_BYTES);
  readonly capacity = SLOT_BYTES;
  readonly sent: Sent[] = [];
  refuseAfter = Number.POSITIVE_INFINITY;

  add(offset: number, caplen: number, _wirelen: number, seconds: number, nanoseconds: number): boolean {
    if (this.sent.length >= this.refuseAfter) return false;
    expect(offset + caplen).toBeLessThanOrEqual(SLOT_BYTES);
    this.sent.push({ bytes: Buffer.from(this.bytes.slice(offset, offset + caplen)), time: seconds * 1000 + nanoseconds / 1e6 });
    return true;
  }
}

const capture = fixture('lab/kerberos-logon-ok.pcap');
const openStore = async (maxBytes?: number): Promise<PacketStore> => {
  const source = await openCapture([capture]);
  try {
    return await readStore(source, capture, maxBytes);
  } finally {
    await source.close();
  }
};
const store = await openStore();
const packet = (number: number): Buffer => Buffer.from(store.bytes.subarray(store.starts[number]!, store.starts[number + 1]!));

function take(load: Load, count: number, refuseAfter?: number): Sent[] {
  const sent: Sent[] = [];
  while (sent.length < count) {
    const slot = new TestSlot();
    if (refuseAfter !== undefined) slot.refuseAfter = refuseAfter;
    expect(load.fill(slot)).toBe(true);
    sent.push(...slot.sent);
  }
  return sent;
}

/** Addresses and ports, or null where there are none. */
function tuple(
  bytes: Uint8Array,
): { readonly source: string; readonly destination: string; readonly ports: string; readonly version: number } | null {
  const walked = new Packet();
  if (walked.walk(bytes, 0, bytes.length, 1) !== TCP_OR_UDP) return null;
  const width = walked.version === 4 ? 4 : 16;
  const hex = (at: number): string => Buffer.from(bytes.subarray(at, at + width)).toString('hex');
  return {
    source: hex(walked.source),
    destination: hex(walked.destination),
    ports: `${walked.sourcePort} ${walked.destinationPort}`,
    version: walked.version,
  };
}

describe('RepeatedLoad', () => {
  it('sends the capture as it is, then copies that differ in addresses alone', () => {
    let now = 1_000_000;
    const load = new RepeatedLoad(store, 1 << 24, SLOT_BYTES, () => now++);
    load.pace(Number.POSITIVE_INFINITY);
    const sent = take(load, store.count * 3);
    const seen = new Map<string, Set<number>>();
    for (const [index, { bytes }] of sent.entries()) {
      const number = index % store.count;
      const copy = Math.floor(index / store.count);
      const original = packet(number);
      if (copy === 0) expect(bytes.equals(original), `packet ${number}`).toBe(true);
      expect(bytes.length).toBe(original.length);
      const differing = [...bytes.keys()].filter((at) => bytes[at] !== original[at]);
      const tails = [store.sources[number]!, store.destinations[number]!].filter((tail) => tail !== 0);
      for (const at of differing) expect(tails.some((tail) => at >= tail && at < tail + 3)).toBe(true);
      const is = tuple(bytes);
      const was = tuple(original);
      expect(is?.ports).toBe(was?.ports);
      if (is !== null && is.version === 4 && tails.length === 2)
        seen.set(`${is.source} ${is.destination}`, (seen.get(`${is.source} ${is.destination}`) ?? new Set()).add(copy));
    }
    // No flow of one copy is a flow of another.
    for (const copies of seen.values()) expect(copies.size).toBe(1);
    expect(load.taken).toBe(sent.length);
    const wire = sent.reduce((sum, _, index) => sum + store.wirelens[index % store.count]!, 0);
    expect(load.wireBytes).toBe(wire);
    expect(load.progress()).toEqual({ read: wire, total: 0 });
  });

  it('goes on with the packet that a slot refused', () => {
    let now = 0;
    const make = (): Load => {
      const load = new RepeatedLoad(store, 1 << 24, SLOT_BYTES, () => now++);
      load.pace(Number.POSITIVE_INFINITY);
      return load;
    };
    const whole = take(make(), 500).slice(0, 500);
    const bits = take(make(), 500, 7).slice(0, 500);
    expect(bits.every(({ bytes }, index) => bytes.equals(whole[index]!.bytes))).toBe(true);
  });

  it('gives out what is due, stamped with the moment when it was', async () => {
    let now = 5_000_000;
    const load = new RepeatedLoad(store, 1 << 24, SLOT_BYTES, () => now);
    load.pace(1000);
    now += 50;
    const slot = new TestSlot();
    expect(load.fill(slot)).toBe(true);
    expect(slot.sent).toHaveLength(50);
    for (const [index, { time }] of slot.sent.entries()) expect(time).toBeCloseTo(5_000_000 + index, 3);
    expect(load.dueMs(0, 11)).toBeCloseTo(5_000_010, 6);
    expect(load.backlogMs()).toBeCloseTo(0, 6);
    now += 30;
    expect(load.backlogMs()).toBeCloseTo(30, 6);
  });

  it('waits while nothing is due, and ends when stopped', async () => {
    let now = 0;
    const load = new RepeatedLoad(store, 1 << 24, SLOT_BYTES, () => now);
    load.pace(1000);
    const slot = new TestSlot();
    const filling = load.fill(slot);
    expect(filling).toBeInstanceOf(Promise);
    now = 20;
    expect(await filling).toBe(true);
    expect(slot.sent).toHaveLength(20);
    const later = load.fill(slot);
    load.stop();
    expect(await later).toBe(false);
    expect(load.dueMs(1, 21)).toBe(20);
  });

  it('gives nothing before it is told how fast, and ends when closed', async () => {
    let now = 0;
    const load = new RepeatedLoad(store, 1 << 24, SLOT_BYTES, () => now);
    now = 60_000;
    const filling = load.fill(new TestSlot());
    expect(filling).toBeInstanceOf(Promise);
    await load.close();
    expect(await filling).toBe(false);
    expect([load.taken, load.dropped]).toEqual([0, 0]);
  });

  it('hands over what gathered in ten milliseconds, or a full slot before', async () => {
    let now = 1000;
    const slotPackets = 40;
    const load = new RepeatedLoad(store, 1 << 24, (slotPackets * store.bytes.length) / store.count + 1, () => now);
    load.pace(1000);
    now += 10;
    const slot = new TestSlot();
    expect(load.fill(slot)).toBe(true);
    expect(slot.sent).toHaveLength(10);
    now += 9;
    const filling = load.fill(slot);
    expect(filling).toBeInstanceOf(Promise);
    expect(slot.sent).toHaveLength(10);
    now += 1;
    expect(await filling).toBe(true);
    expect(slot.sent).toHaveLength(20);
    load.pace(10_000);
    now += 4;
    expect(load.fill(slot)).toBe(true);
    expect(slot.sent).toHaveLength(60);
  });

  it('drops what finds the buffer full, counts it, and passes over it', () => {
    let now = 0;
    const room = 100;
    const load = new RepeatedLoad(store, (room * store.bytes.length) / store.count + 1, SLOT_BYTES, () => now);
    load.pace(1000);
    now = 1000;
    const slot = new TestSlot();
    expect(load.fill(slot)).toBe(true);
    expect(load.dropped).toBe(1000 - room);
    expect(load.taken).toBe(slot.sent.length);
    expect(slot.sent[0]!.bytes.length).toBe(packet((1000 - room) % store.count).length);
    expect(slot.sent[0]!.time).toBeCloseTo(1000 - room, 3);
  });
});

describe('ManyFlowsLoad', () => {
  const numbers = longestFlow(store, 4);

  it('is made of one conversation', () => {
    const ends = numbers.map((number) => {
      const found = tuple(packet(number))!;
      return [found.source, found.destination].sort().join(' ') + found.ports.split(' ').sort().join(' ');
    });
    expect(numbers).toHaveLength(4);
    expect(new Set(ends).size).toBe(1);
  });

  it('sends a packet of each flow, then the next of each, then begins with new addresses', () => {
    const flows = 300;
    const load = new ManyFlowsLoad(store, numbers, flows, () => 1000);
    load.pace(Number.POSITIVE_INFINITY);
    const sent = take(load, flows * 8).slice(0, flows * 8);
    const pair = ({ bytes }: Sent): string => {
      const { source, destination } = tuple(bytes)!;
      return [source, destination].sort().join(' ');
    };
    const pairs = sent.map(pair);
    expect(new Set(pairs.slice(0, flows)).size).toBe(flows);
    for (let at = 0; at < flows * 4; at++) expect(pairs[at]).toBe(pairs[at % flows]);
    for (const [at, { bytes }] of sent.entries()) expect(bytes.length).toBe(packet(numbers[Math.floor(at / flows) % 4]!).length);
    expect(new Set(pairs).size).toBe(flows * 2);
  });
});

describe('readStore', () => {
  it('keeps what there is room for, and says that there was more', async () => {
    const cut = await openStore(10_000);
    expect(cut.isCut).toBe(true);
    expect(cut.bytes.length).toBeLessThanOrEqual(10_000);
    expect(cut.count).toBeLessThan(store.count);
    expect(store.isCut).toBe(false);
  });

  it('lets the addresses of groups be, which all copies share, and moves the others', async () => {
    // RFC 5771: 224.0.0.0 to 239.255.255.255; RFC 4291 2.7: ff00::/8.
    const datagram = udp(Uint8Array.of(1));
    const ends = [
      [223, 255, 255, 1],
      [224, 0, 0, 252],
      [239, 255, 255, 250],
      [255, 255, 255, 255],
    ];
    const frames = ends.map((destination) => ethernet(ipv4(datagram, { destination })));
    const toGroup = ipv6(datagram);
    toGroup[24] = 0xff;
    frames.push(ethernet(ipv6(datagram), 0x86dd), ethernet(toGroup, 0x86dd));
    let next = 0;
    const source = {
      fill(slot: SlotWriter): boolean {
        const frame = frames[next++];
        if (frame === undefined) return false;
        slot.bytes.set(frame);
        return slot.add(0, frame.length, frame.length, 1, 0, 1);
      },
      progress: () => ({ read: 0, total: 0 }),
      warnings: [],
      close: async () => undefined,
    };
    const { sources, destinations } = await readStore(source, 'groups.pcap');
    // Behind Ethernet's 14 bytes: the last three of four bytes at 12 and 16, of sixteen at 8 and 24.
    expect([...sources]).toEqual([27, 27, 27, 27, 35, 35]);
    expect([...destinations]).toEqual([31, 0, 0, 0, 51, 0]);
  });

  it('refuses a capture without packets', async () => {
    const empty = { fill: () => false, progress: () => ({ read: 0, total: 0 }), warnings: [], close: async () => undefined };
    await expect(readStore(empty, 'empty.pcap')).rejects.toMatchObject({ code: 'ADTAP_E_LOAD' });
  });
});
