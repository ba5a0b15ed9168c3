// `adtap bench` end to end, quick: the budget, the load, the ladder, the page and the model, as users get them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BenchResult } from '../../src/bench/bench.ts';
import { MDI_TABLE } from '../../src/sizing/mdi-table.ts';
import { readModel } from '../../src/sizing/model.ts';
import { adtap, type Ran } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});
const capture = fixture('lab/first-look.pcap');

describe('adtap bench --quick', () => {
  const html = join(scratch, 'bench.html');
  const model = join(scratch, 'model.json');
  /** A folder of its own: other tests make and remove theirs at the same time. */
  const temporary = join(scratch, 'tmp');
  let ran: Ran;
  let result: BenchResult;

  beforeAll(async () => {
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    ran = await adtap('bench', capture, '--quick', '--json', '--html', html, '--model', model);
    expect(ran.stderr).toMatch(/^budget: /);
    result = JSON.parse(ran.stdout) as BenchResult;
  }, 180_000);

  it('runs to its end, in its budget, and says which that is', () => {
    expect(ran.stderr).toMatch(/^budget: (cgroup v2|affinity)/);
    expect(ran.status).toBe(0);
    expect(['cgroup', 'affinity']).toContain(result.budget.kind);
    expect(result.budget.workers).toBe(2);
    // Unless told otherwise five seconds, which --quick is to be quicker than.
    expect(result.seconds).toBeLessThan(5);
  });

  it('measures each row of the table at its rate', () => {
    expect(result.ladder.map(({ row }) => row)).toEqual(MDI_TABLE);
    // A busy machine may take none in the quarter of a second that the lowest row gets.
    expect(result.ladder.reduce((sum, { measured }) => sum + measured.packets + measured.dropped, 0)).toBeGreaterThan(0);
    for (const { row, measured, isHeld, reasons, cores, spareCores } of result.ladder) {
      expect(measured.rate).toBe(row.upTo);
      expect(isHeld).toBe(reasons.length === 0);
      expect(cores).toBeCloseTo(measured.cpuSeconds / measured.seconds, 6);
      expect(spareCores).toBeCloseTo(1 - cores / row.cores, 6);
      expect(measured.peakRssBytes).toBeGreaterThan(20 << 20);
    }
  });

  it('finds a highest rate, and what it takes', () => {
    const { search, measured, peakRssBytes, garbage } = result.highest;
    expect(search.tried.length).toBeGreaterThan(0);
    expect(measured.rate).toBeGreaterThanOrEqual(1000);
    expect(measured.activities).toBeGreaterThan(0);
    expect(measured.lag.samples).toBeGreaterThan(0);
    const shares = measured.lag.percentiles.map(([, ms]) => ms);
    expect(shares.length).toBeGreaterThan(0);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(peakRssBytes).toBeGreaterThanOrEqual(measured.peakRssBytes);
    expect(measured.meanRssBytes).toBeGreaterThan(20 << 20);
    expect(measured.meanRssBytes).toBeLessThanOrEqual(measured.peakRssBytes);
    // A point a quarter of a second, the last one at most that long before the end.
    const moments = measured.moments.map(({ seconds }) => seconds);
    expect(moments.length).toBeGreaterThan(0);
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect(measured.seconds).toBeGreaterThanOrEqual(moments.at(-1)!);
    // In seconds, as the points are, and not in a thousandth or a thousand of them.
    expect(measured.seconds).toBeLessThan(moments.at(-1)! + 30);
    for (const { packetsPerSecond, rssBytes } of measured.moments) {
      expect(packetsPerSecond).toBeGreaterThanOrEqual(0);
      expect(rssBytes).toBeLessThanOrEqual(measured.peakRssBytes);
    }
    expect(garbage.main.count).toBeGreaterThan(0);
    expect(garbage.workers.count).toBeGreaterThan(0);
  });

  it('tells stages apart, and protocols', () => {
    const stages = result.stages.stages.map(({ stage }) => stage);
    // Samples, of which a short run on a busy machine has few: not each room is met, but some of each kind.
    expect(stages).toContain('transport');
    expect(stages.filter((stage) => stage.startsWith('protocols/'))).not.toEqual([]);
    expect(result.stages.stages.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(result.stages.activitiesByProtocol['kerberos']).toBeGreaterThan(0);
  });

  it('measures with 1 and 2 workers, and with more and more flows open', () => {
    expect(result.scaling.map(({ workers }) => workers)).toEqual([1, 2]);
    for (const { flows, measured } of result.flows) {
      expect(measured.activeFlows).toBeGreaterThan(flows * 0.9);
      // The limit of flows is set a quarter above, and 2048 more for uneven shares.
      expect(measured.activeFlows).toBeLessThanOrEqual(flows * 1.25 + 2048);
    }
  });

  it('writes a page that fetches nothing, and a model that sizing reads', async () => {
    const page = readFileSync(html, 'utf8');
    expect(page).not.toMatch(/<script|\ssrc=|@import|url\(/);
    const { points, workers } = readModel(model);
    expect(points.length).toBeGreaterThan(0);
    expect(workers).toBe(2);
    const sized = await adtap(
      'sizing',
      '--counters',
      fixture('capacity/day.csv'),
      '--cores',
      '4',
      '--memory',
      '16G',
      '--model',
      model,
    );
    expect(sized.status).toBe(0);
    expect(sized.stdout).toContain('DC01');
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('adtap bench refuses', () => {
  it.each([
    [[join(scratch, 'none.pcap')], 2, /none\.pcap/],
    [[fixture('capacity/day.csv')], 2, /day\.csv/],
    [[capture, '--cores', '0'], 2, /from 0\.1 to 1024/],
    [[capture, '--seconds', '0'], 2, /from 0\.2 to 3600/],
    [[capture, '-w', '65'], 2, /at most 64/],
    [[capture, '--html', join(scratch, 'nowhere', 'page.html')], 1, /page\.html: cannot be written: ENOENT/],
    [[capture, '--model', scratch], 1, /cannot be written: EISDIR/],
    [[capture, '--model', capture], 2, /would overwrite what is read with CAPTURE/],
    [[capture, '--html', join(scratch, 'x'), '--model', join(scratch, 'x')], 2, /is the file of --html too: give each its own/],
    [[capture, '--memory', '64M', '--quick'], 1, /the measured process (ended|failed)/],
  ])('%j', async (args, status, problem) => {
    const refused = await adtap('bench', ...args);
    expect(refused.stderr).toMatch(problem);
    expect(refused.status).toBe(status);
  });

  it('a capture of which nothing would be decoded, before it measures', async () => {
    // Ethernet, ARP (0x0806), 28 bytes: RFC 826.
    const arp = Buffer.alloc(42);
    arp.writeUInt16BE(0x0806, 12);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(arp.length, 8);
    record.writeUInt32LE(arp.length, 12);
    const path = join(scratch, 'arp.pcap');
    writeFileSync(path, Buffer.concat([readFileSync(capture).subarray(0, 24), record, arp]));
    const refused = await adtap('bench', path);
    expect(refused.stderr).toMatch(/no TCP or UDP flow/);
    expect(refused.stderr).not.toMatch(/ladder/);
    expect(refused.status).toBe(2);
  });

  it('a capture without packets', async () => {
    const empty = join(scratch, 'empty.pcap');
    writeFileSync(empty, readFileSync(capture).subarray(0, 24));
    const refused = await adtap('bench', empty);
    expect(refused.stderr).toMatch(/no packet/);
    expect(refused.status).toBe(2);
  });
});
