// Counters as people bring them, and what is said of those that are wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { readCounters } from '../../../src/sizing/counters-csv.ts';
import { readHosts } from '../../../src/sizing/hosts.ts';
import { trafficOf } from '../../../src/sizing/traffic.ts';
import { fixture } from '../../support/fixtures.ts';

const scratch = mkdtempSync(join(tmpdir(), 'adtap-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (text: string | Buffer): string => {
  const path = join(scratch, 'table.csv');
  writeFileSync(path, text);
  return path;
};

const PDH = [
  '"(PDH-CSV 4.0) (GMT Standard Time)(0)","\\\\DC01\\Network Interface(Ethernet)\\Packets/sec","\\\\DC01\\Network Interface(Ethernet 2)\\Packets/sec","\\\\dc02\\Network Adapter(vmxnet3, 1)\\Packets/sec","\\\\DC01\\Processor(_Total)\\% Processor Time"',
  '"11/20/2026 09:00:00.000"," "," "," "," "',
  '"11/20/2026 09:00:05.000","100","10","7","3"',
  '"11/20/2026 09:00:10.500","200"," ","8","3"',
  '',
].join('\r\n');

describe('readCounters', () => {
  it('reads what Performance Monitor writes: rates since the row before, adapters apart, blanks left out', () => {
    const [one, two] = readCounters(file(PDH));
    expect(one?.name).toBe('DC01');
    expect([...one!.adapters.keys()]).toEqual(['Ethernet', 'Ethernet 2']);
    const [first, second] = one!.adapters.get('Ethernet')!;
    expect([first!.to - first!.from, first!.packets]).toEqual([5, 500]);
    expect([second!.to - second!.from, second!.packets]).toEqual([5.5, 1100]);
    expect(one!.adapters.get('Ethernet 2')).toHaveLength(1);
    expect(first!.from).toBe(Date.UTC(2026, 10, 20, 9) / 1000);
    expect(two?.name).toBe('dc02');
    expect([...two!.adapters.keys()]).toEqual(['vmxnet3, 1']);
  });

  it('reads UTF-16 and a byte order mark', () => {
    const plain = readCounters(file(PDH));
    expect(readCounters(file(Buffer.from(`\ufeff${PDH}`, 'utf16le')))).toEqual(plain);
    expect(readCounters(file(`\ufeff${PDH}`))).toEqual(plain);
  });

  it('reads rates and totals in plain columns, in any order, several machines', () => {
    const rates = readCounters(
      file('dc,packets_per_second,time\nA,10,1700000000\nB,1,2023-11-14T22:13:20Z\nA,20,1700000005\nB,2,2023-11-14T22:13:30Z\n'),
    );
    const totals = readCounters(
      file('time,dc,packets_total\n1700000000,A,5000\n1700000000,B,70\n1700000005,A,5100\n1700000010,B,90\n'),
    );
    expect(rates).toEqual(totals);
    expect(totals.map(({ name, adapters }) => [name, adapters.get('')])).toEqual([
      ['A', [{ from: 1_700_000_000, to: 1_700_000_005, packets: 100 }]],
      ['B', [{ from: 1_700_000_000, to: 1_700_000_010, packets: 20 }]],
    ]);
  });

  it('leaves out the time in which a total began again, and counts it', () => {
    const [one] = readCounters(file('time,packets_total\n0,100\n5,200\n10,3\n15,23\n'));
    expect(one?.restarts).toBe(1);
    expect(one?.adapters.get('')).toEqual([
      { from: 0, to: 5, packets: 100 },
      { from: 10, to: 15, packets: 20 },
    ]);
  });

  it('takes an empty cell for a time of which nothing is known', () => {
    const [rates] = readCounters(file('time,packets_per_second\n0,1\n5,\n10,3\n'));
    expect(rates?.adapters.get('')).toEqual([{ from: 5, to: 10, packets: 15 }]);
    const [totals] = readCounters(file('time,packets_total\n0,1\n5,\n10,31\n'));
    expect(totals?.adapters.get('')).toEqual([{ from: 0, to: 10, packets: 30 }]);
  });

  it.each([
    ['', /is empty/],
    ['time,packets_per_second\n', /no sample/],
    ['when,packets_per_second\n0,1\n', /line 1: there is no column time/],
    ['time,packets\n0,1\n', /line 1: there must be a column packets_per_second or packets_total/],
    ['time,packets_per_second,packets_total\n0,1,1\n', /line 1: there must be .* one only/],
    ['time,packets_per_second\n0,1\nyesterday,1\n', /line 3: time is "yesterday"/],
    ['time,packets_per_second\n0,1\n5,many\n', /line 3: packets_per_second is "many"/],
    ['time,packets_per_second\n0,1\n5,-1\n', /line 3: packets_per_second is "-1"/],
    ['time,packets_per_second\n0,1\n5,Infinity\n', /line 3: packets_per_second is "Infinity", which is no amount/],
    ['time,packets_total\n0,1\n5,-1\n', /line 3: packets_total is "-1", which is no amount/],
    ['time,packets_per_second\n0,1\n\n5,1\n5,1\n', /line 5: its time is not after the one before/],
    ['time,packets_per_second\n0,1\n5,1,1\n', /line 3: 3 cells, the header has 2/],
    ['time,packets_per_second\n0,1\n5,"1\n', /line \d+: .*[Qq]uote/],
    ['"(PDH-CSV 4.0)","\\\\A\\Memory\\Available"\n', /line 1: no column is a counter/],
    [
      '"(PDH-CSV 4.0)","\\\\A\\Network Interface(x)\\Packets/sec"\n"20.11.2026 9:00","1"\n',
      /line 2: "20.11.2026 9:00" is no time/,
    ],
  ])('says what is wrong, and where: %j', (text, problem) => {
    let caught: unknown;
    try {
      readCounters(file(text));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AdtapError);
    expect((caught as AdtapError).code).toBe('ADTAP_E_COUNTERS');
    expect((caught as AdtapError).message).toMatch(problem);
  });

  it('says when there is no such file', () => {
    expect(() => readCounters(join(scratch, 'none.csv'))).toThrow(/none\.csv: cannot be read/);
  });

  it('refuses anything else with an AdtapError, and gives samples that go forward', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.constantFrom('time', 'packets_total', 'dc', '"', '\n', ',', '(PDH-CSV 4.0)'),
    );
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 6 }), (rows) => {
        try {
          const text = rows.map((cells) => cells.join(',')).join('\n');
          for (const { adapters } of readCounters(file(text)))
            for (const samples of adapters.values())
              for (const { from, to, packets } of samples) expect(to > from && packets >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AdtapError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads the worked example's day", () => {
    const day = readCounters(fixture('capacity/day.csv'));
    expect(day.map(({ name, adapters }) => [name, adapters.size])).toEqual([
      ['DC01', 2],
      ['DC02', 1],
      ['DC03', 1],
    ]);
    for (const { adapters } of day) expect(trafficOf([...adapters.values()])?.isPartOfDay).toBe(false);
  });
});

describe('readHosts', () => {
  it('reads cores and memory, and what more there is', () => {
    const hosts = readHosts(file('DC,Cores,Memory_GB,os,cpu_percent\nDC01,4,16,Windows Server 2022,25\nDC02,,8,,\n'));
    expect(hosts.get('dc01')).toEqual({ cores: 4, memoryGib: 16, os: 'Windows Server 2022', busyCpu: 0.25, usedMemoryGib: 0 });
    expect(hosts.get('dc02')).toEqual({ cores: null, memoryGib: 8, os: null, busyCpu: 0, usedMemoryGib: 0 });
  });

  it.each([
    ['dc,cores\nA,2\n', /line 1: there is no column memory_gb/],
    ['dc,cores,memory_gb\nA,two,8\n', /line 2: cores is "two"/],
    ['dc,cores,memory_gb\nA,2,8\na,2,8\n', /line 3: a comes twice/],
    ['dc,cores,memory_gb\n,2,8\n', /line 2: dc is empty/],
    ['dc,cores,memory_gb,cpu_percent\nA,2,8,101\n', /line 2: cpu_percent is 101/],
  ])('says what is wrong, and where: %j', (text, problem) => {
    expect(() => readHosts(file(text))).toThrow(problem);
  });
});
