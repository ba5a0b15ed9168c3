// What the generator writes is a capture, always the same for a seed, in which exactly what it says is heard.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameBatch } from '../../../src/generate/batch.ts';
import { udpFrame } from '../../../src/generate/frames.ts';
import { checkedProfile, loadProfile, type Profile, shippedProfiles } from '../../../src/generate/profile.ts';
import { scenarioNames } from '../../../src/generate/scenarios/names.ts';
import { Traffic } from '../../../src/generate/traffic.ts';
import { differences, generated, START } from '../../support/generated.ts';
import { runFiles } from '../../support/in-process.ts';

const bytesOf = (profile: Profile, seed: number): string => {
  const end = { packets: 1500, duration: Number.POSITIVE_INFINITY };
  const traffic = new Traffic(profile, { seed, start: START, end, rate: null, wantsTruth: true });
  const batch = new FrameBatch();
  const hash = createHash('sha256');
  while (traffic.fill(batch)) hash.update(batch.bytes.subarray(0, batch.end));
  return hash.update(traffic.activities()).digest('hex');
};

describe.each(shippedProfiles())('%s', (name) => {
  it('is heard exactly as it was meant', async () => {
    const { path, truth, traffic } = await generated(loadProfile(name), 12_000, 3, `${name}.pcap`);
    const { lines, accounting } = await runFiles(path, { shards: 2 });
    expect(truth.length).toBeGreaterThan(400);
    expect(differences(truth, lines)).toEqual([]);
    expect(accounting.packets).toBe(traffic.frames);
    expect(accounting.dropped).toBe(0);
    expect(accounting.refusals).toEqual({});
    // Background is probed in vain until that is given up; no other limit is met.
    expect(Object.keys(accounting.limits).filter((key) => key !== 'flow.probes')).toEqual([]);
    const counted = [...traffic.expected.values()].reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(truth.length);
  });
});

it('has every scenario in some shipped profile', () => {
  const used = new Set(shippedProfiles().flatMap((name) => Object.keys(loadProfile(name).mix)));
  expect([...used].sort()).toEqual([...scenarioNames].sort());
});

it('gives the same bytes for the same seed, and others for another', () => {
  const profile = loadProfile('attack');
  const once = bytesOf(profile, 7);
  expect(bytesOf(profile, 7)).toBe(once);
  expect(bytesOf(profile, 8)).not.toBe(once);
});

it('is the same when it is made millisecond by millisecond, as it is played', () => {
  const run = (step: number): { digest: string; frames: number; fewest: number } => {
    const end = { packets: 1500, duration: Number.POSITIVE_INFINITY };
    const traffic = new Traffic(loadProfile('branch'), { seed: 7, start: START, end, rate: null, wantsTruth: true });
    const batch = new FrameBatch();
    const hash = createHash('sha256');
    let fewest = Number.POSITIVE_INFINITY;
    let frames = 0;
    for (let until = step; traffic.due < Number.POSITIVE_INFINITY; until = Math.max(until + step, traffic.due))
      while (traffic.fill(batch, until)) {
        hash.update(batch.bytes.subarray(0, batch.end));
        frames += batch.count;
        fewest = Math.min(fewest, batch.count);
      }
    expect(frames).toBe(traffic.frames);
    return { digest: hash.update(traffic.activities()).digest('hex'), frames, fewest };
  };
  const { fewest, ...bits } = run(0.001);
  expect(fewest).toBe(1);
  expect(bits).toMatchObject({ digest: run(Number.POSITIVE_INFINITY).digest });
});

it('writes the same frames as pcap and as pcapng', async () => {
  const profile = loadProfile('branch');
  const one = await generated(profile, 3000, 5, 'same.pcap');
  const other = await generated(profile, 3000, 5, 'same.pcapng');
  const emit = ['messages', 'activities'] as const;
  expect((await runFiles(other.path, { emit })).text).toBe((await runFiles(one.path, { emit })).text);
  expect(other.truth).toEqual(one.truth);
});

it('keeps to the rate, the hours and the end that were asked for', async () => {
  const profile = { ...loadProfile('branch'), rate: 2000 };
  const run = (start: number): Traffic => {
    const end = { packets: Number.POSITIVE_INFINITY, duration: 20e9 };
    const traffic = new Traffic(profile, { seed: 2, start, end, rate: null, wantsTruth: false });
    const batch = new FrameBatch();
    while (traffic.fill(batch));
    return traffic;
  };
  // Scenarios go on for a while after the last one began.
  const day = run(START - 3600);
  expect(day.seconds).toBeGreaterThan(19);
  expect(day.seconds).toBeLessThan(45);
  expect(day.frames / 20).toBeGreaterThan(1300);
  expect(day.frames / 20).toBeLessThan(2700);
  const night = run(START - 7 * 3600);
  expect(night.frames).toBeLessThan(day.frames / 5);
});

it('holds no more than a batch and what is under way, however long it goes on', () => {
  const end = { packets: 60_000, duration: Number.POSITIVE_INFINITY };
  const traffic = new Traffic(loadProfile('worst'), { seed: 1, start: START, end, rate: 1000, wantsTruth: true });
  const batch = new FrameBatch(1 << 18, 1024);
  const sizes: number[] = [];
  while (traffic.fill(batch)) sizes.push(traffic.activities().length);
  // Every batch's activities leave with it.
  expect(Math.max(...sizes)).toBeLessThan(1024 * 400);
  expect(traffic.skipped).toBe(0);
});

it('begins nothing more while as many scenarios as it may hold are under way', () => {
  const profile = checkedProfile({ mix: { localNames: 1 }, rate: 10_000_000 }, 'busy');
  const run = (mostRunning: number): Traffic => {
    const end = { packets: 4000, duration: Number.POSITIVE_INFINITY };
    const traffic = new Traffic(profile, { seed: 1, start: START, end, rate: null, wantsTruth: false, mostRunning });
    const batch = new FrameBatch();
    while (traffic.fill(batch));
    return traffic;
  };
  // Each takes about 0.2 s and writes five packets: a thousand at once are all that are asked for.
  expect(run(1000).skipped).toBe(0);
  const few = run(50);
  expect(few.skipped).toBeGreaterThan(1000);
  expect(few.frames).toBeGreaterThan(3900);
  expect(few.seconds).toBeGreaterThan(2);
});

// ── Any profile ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sum of big-endian words, folded (RFC 1071): 0xffff over data whose checksum is right. */
function checksum(view: DataView, from: number, until: number, start = 0): number {
  let sum = start;
  for (let at = from; at < until; at += 2) sum += at + 1 < until ? view.getUint16(at) : view.getUint8(at) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

/** What is wrong with the frames of a pcap file: lengths, checksums, times. */
function faults(path: string): string[] {
  const bytes = readFileSync(path);
  const found: string[] = [];
  let last = 0;
  let number = 0;
  for (let at = 24; at < bytes.length; ) {
    number++;
    const length = bytes.readUInt32LE(at + 8);
    const time = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e9;
    const fault = (what: string): number => found.push(`frame ${number}: ${what}`);
    if (time < last) fault('earlier than the one before');
    last = time;
    const frame = new DataView(bytes.buffer, bytes.byteOffset + at + 16, length);
    const total = frame.getUint16(16);
    if (14 + total > length || (14 + total < length && length !== 60)) fault('its length is not that of the packet');
    if (checksum(frame, 14, 34) !== 0xffff) fault('IP checksum');
    const pseudo = checksum(frame, 26, 34, frame.getUint8(23) + total - 20);
    if (checksum(frame, 34, 14 + total, pseudo) !== 0xffff) fault('transport checksum');
    if (frame.getUint8(23) === 17 && frame.getUint16(38) !== total - 20) fault('UDP length');
    at += 16 + length;
  }
  return found;
}

interface Side {
  /** The next byte that the other side has not yet been sent (RFC 9293 3.4). */
  next: number;
  /** Pieces that came before one in front of them. */
  ahead: [from: number, until: number][];
  first: number;
  isClosed: boolean;
}

/** What is wrong with the TCP connections of a pcap file: each is opened, speaks, and is closed or reset, without holes. */
function unfinished(path: string): { readonly connections: number; readonly wrong: string[] } {
  const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
  const bytes = readFileSync(path);
  const open = new Map<string, { readonly name: string; readonly sides: Record<string, Side>; isReset: boolean }>();
  const wrong: string[] = [];
  let connections = 0;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    const ip = at + 16 + 14;
    if (bytes[ip + 9] !== 6) continue;
    const tcp = ip + 20;
    const ends = [12, 16].map((from, side) => `${bytes.readUInt32BE(ip + from)}:${bytes.readUInt16BE(tcp + 2 * side)}`);
    const [sender = '', receiver = ''] = ends;
    const key = ends.toSorted().join(' ');
    const flags = bytes[tcp + 13]! & (FIN | SYN | RST | ACK);
    const sequence = bytes.readUInt32BE(tcp + 4);
    const payload = tcp + 4 * (bytes[tcp + 12]! >> 4);
    const length = ip + bytes.readUInt16BE(ip + 2) - payload;
    const side = (next: number): Side => ({ next, ahead: [], first: -1, isClosed: false });
    const known = open.get(key);
    if (flags === SYN) {
      if (known !== undefined) wrong.push(`${key}: opened again`);
      connections++;
      open.set(key, { name: key, sides: { [sender]: side((sequence + 1) >>> 0) }, isReset: false });
      continue;
    }
    if (known === undefined || known.isReset) {
      wrong.push(`${key}: a segment of no connection`);
      continue;
    }
    const { sides } = known;
    const acknowledgment = bytes.readUInt32BE(tcp + 8);
    if (flags === (SYN | ACK)) {
      if (acknowledgment !== sides[receiver]?.next) wrong.push(`${key}: its SYN is not acknowledged`);
      sides[sender] = side((sequence + 1) >>> 0);
      continue;
    }
    const mine = sides[sender];
    const other = sides[receiver];
    if (mine === undefined || other === undefined) {
      wrong.push(`${key}: not opened`);
      continue;
    }
    if (((acknowledgment - other.next) | 0) > 0) wrong.push(`${key}: acknowledges what was not sent`);
    if (flags & RST) {
      open.delete(key);
      continue;
    }
    if (length > 0) {
      if (mine.first === -1 && sequence === mine.next) mine.first = bytes.readUInt16BE(payload);
      mine.ahead.push([sequence, (sequence + length) >>> 0]);
      for (let found = true; found; ) {
        found = false;
        for (const [from, until] of mine.ahead)
          if (((from - mine.next) | 0) <= 0 && ((until - mine.next) | 0) > 0) {
            mine.next = until;
            found = true;
          }
      }
      mine.ahead = mine.ahead.filter(([, until]) => ((until - mine.next) | 0) > 0);
    }
    if (flags & FIN) {
      if (mine.ahead.length > 0 || sequence + length !== mine.next) wrong.push(`${key}: closed before all was sent`);
      mine.next = (mine.next + 1) >>> 0;
      mine.isClosed = true;
    }
    if (!(mine.isClosed && other.isClosed) || acknowledgment !== other.next || flags !== ACK) continue;
    open.delete(key);
    if (mine.first === -1 || other.first === -1) wrong.push(`${key}: one side said nothing`);
    // TLS begins with a handshake both ways: record type 22, version 3 (RFC 8446 5.1).
    if (key.includes(':443') && (mine.first !== 0x1603 || other.first !== 0x1603)) wrong.push(`${key}: no handshake`);
  }
  for (const key of open.keys()) wrong.push(`${key}: not closed`);
  return { connections, wrong };
}

it('opens and closes every connection of every scenario, and sends all in between', async () => {
  const mix = Object.fromEntries(scenarioNames.map((name) => [name, 1]));
  const profile = checkedProfile({ mix, retransmission: 0.02, reordering: 0.05 }, 'all');
  const { path } = await generated(profile, 12_000, 9, 'connections.pcap');
  const { connections, wrong } = unfinished(path);
  expect(wrong).toEqual([]);
  expect(connections).toBeGreaterThan(100);
});

it('never sends a UDP checksum of zero, which says that there is none (RFC 768)', () => {
  const host = { macHigh: 0x0200, macLow: 1, ip: 0x0a000001, ipId: 0 };
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  const seen = new Set<number>();
  for (let word = 0; word <= 0xffff; word++) {
    udpFrame(frame, 0, host, { ...host, ip: 0x0a000002 }, 40_000, 53, 64, Uint8Array.of(word >> 8, word), 0, 2);
    seen.add(view.getUint16(40));
    if (checksum(view, 34, 44, checksum(view, 26, 34, 17 + 10)) !== 0xffff) throw new Error(`wrong with ${word}`);
  }
  // All ones is what a computed zero is sent as; so it is there twice.
  expect(seen.has(0)).toBe(false);
  expect(seen.size).toBe(0xffff);
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyProfile = fc.record(
  {
    domain: fc.constantFrom('a.b', 'corp.example', 'x-1.some-longer.name.example', 'fifteen-letters.example'),
    site: fc.stringMatching(/^[A-Za-z0-9-]{1,60}$/),
    domainControllers: fc.integer({ min: 1, max: 99 }),
    fileServers: fc.integer({ min: 1, max: 99 }),
    webServers: fc.integer({ min: 1, max: 99 }),
    computers: fc.integer({ min: 1, max: 300 }),
    users: fc.integer({ min: 1, max: 700 }),
    rate: fc.integer({ min: 1, max: 10_000_000 }),
    wrongPassword: share,
    locked: share,
    unknown: share,
    retransmission: share,
    reordering: share,
    mix: fc
      .uniqueArray(fc.constantFrom(...scenarioNames), { minLength: 1, maxLength: 5 })
      .map((names) => Object.fromEntries(names.map((name) => [name, 1]))),
  },
  { requiredKeys: ['mix', 'users', 'computers'] },
);

it('gives a well-formed capture and a true account of it for any profile within bounds', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyProfile, fc.integer({ min: 0, max: 0xffff_ffff }), async (value, seed) => {
      const { path, truth, traffic } = await generated(checkedProfile(value, 'any'), 600, seed, 'any.pcap');
      expect(faults(path)).toEqual([]);
      const { lines, accounting } = await runFiles(path);
      expect(accounting.packets).toBe(traffic.frames);
      expect(accounting.refusals).toEqual({});
      expect(differences(truth, lines)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});
